# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""Write docs/call-states.md from the table that the engine walks and the texts that the display shows.

usage: call_states.py [file]; part of `make gen`
"""

import sys
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parent
sys.path.insert(0, str(FIRMWARE / "app"))

from call import table  # noqa: E402 -- the path comes first
from panel import texts  # noqa: E402

Row = tuple[str, str, str, str, str]
HEAD = """\
# Call states

Made by `firmware/call_states.py` from `firmware/app/call/table.py` and `firmware/app/panel/texts.py`: do not edit.

The engine knows one state at a time and looks for the row of that state and event; only where there is none it looks
among the rows of *any state*. An event without a row changes nothing and is counted. The action's own result, if any,
is the next event. Where *display* is empty the display stays as it is; {fields} are filled in by `panel/display.py`.
"""


def main(path: Path) -> None:
    """Write the page."""
    parts = [HEAD, "## Diagram\n", diagram(), "## States\n"]
    for state in (*table.STATES, "*"):
        rows = [row for row in table.TABLE if row[0] == state]
        parts.append(section(state, rows))
    path.write_text("\n".join(parts))


def diagram() -> str:
    """Changes of state as a Mermaid diagram; rows that stay in their state are left to the tables."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for state, event, _action, following, _display in table.TABLE:
        if state not in {following, "*"}:
            arrows.setdefault((state, following), []).append(event)
    lines = [f"    {_node(a)} --> {_node(b)}: {', '.join(events)}" for (a, b), events in arrows.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {_node(table.IDLE)}", *lines, "```\n"])


def section(state: str, rows: list[Row]) -> str:
    """One state: how long it may last, and a table of its rows."""
    title = "any state" if state == "*" else state
    limit = table.LIMITS_MS.get(state)
    lines = [f"### {title}\n"]
    if limit is not None:
        lines.append(f"At most {limit / 1000:g} s{_limit_note(state)}.\n")
    lines += ["| event | action | next | display |", "|---|---|---|---|"]
    lines += [
        f"| {event} | {_code(action)} | {following if following != state else 'stays'} | {_shown(display)} |"
        for _state, event, action, following, display in rows
    ]
    return "\n".join(lines) + "\n"


def _limit_note(state: str) -> str:
    if state in {"ringing", "talking"}:
        return ", or what the policy says"
    return ", counted from the handset's return" if state == "wrap-up" else ""


def _node(state: str) -> str:
    return state.replace("-", "_")


def _code(name: str) -> str:
    return f"`{name}`" if name else ""


def _shown(key: str) -> str:
    """A display text in English, its rows divided by slashes, fields in braces."""
    if not key:
        return ""
    rows = [row for row in texts.TEXTS[key][0].split("|") if row]
    return " / ".join(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FIRMWARE.parent / "docs/call-states.md")
