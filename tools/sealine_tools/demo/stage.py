"""The stage: steps told in a terminal while they happen, and kept in report.json."""

import datetime as dt
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.spinner import Spinner
from rich.text import Text
from sealine_central.custody.case import CustodyError
from sealine_central.errors import CentralError
from sealine_gateway.errors import GatewayError
from sealine_hil.errors import HilError
from sealine_protocol.errors import ProtocolError
from sealine_provisioning.errors import ProvisioningError

from sealine_tools.demo.errors import DemoError
from sealine_tools.wiretap import WiretapError

EXPECTED = (
    DemoError,
    HilError,
    ProtocolError,
    ProvisioningError,
    GatewayError,
    CentralError,
    CustodyError,
    WiretapError,
    OSError,
)
WIDTH = 96
MAX_OWN_WORDS = 80
REFRESHES_A_SECOND = 4  # drawing takes time that the codec's clock needs


class Step:
    """One step while it runs. What is said stays on the screen; `doing` is what goes on now."""

    def __init__(self, name: str, title: str) -> None:
        self.name = name
        self.title = title
        self.facts: dict[str, Any] = {}
        self.outcome = "running"
        self._parts: list[RenderableType] = []
        self._screens: list[RenderableType] = []
        self._spinner = Spinner("dots", text="", style="cyan")
        self._started = time.monotonic()
        self._seconds: float | None = None

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return time.monotonic() - self._started if self._seconds is None else self._seconds

    def say(self, text: str) -> None:
        """A line that stays (rich markup)."""
        self._flush()
        self._parts.append(Padding(Text.from_markup(text), (0, 0, 0, 4)))

    def show(self, what: RenderableType) -> None:
        """A table or the like that stays."""
        self._flush()
        self._parts.append(Padding(what, (0, 0, 0, 4)))

    def screen(self, caption: str, rows: Sequence[str], colour: str = "green") -> None:
        """A wall phone's display; those that follow each other stand side by side."""
        text = Text("\n".join(rows), style=f"bold {colour}", no_wrap=True)
        self._screens.append(Panel(text, title=caption, title_align="left", box=box.ROUNDED, width=22, padding=0))

    def doing(self, text: str) -> None:
        """What goes on at this moment."""
        self._spinner.update(text=Text(text, style="cyan"))

    def end(self, outcome: str) -> None:
        """No more is said."""
        self._flush()
        self.outcome, self._seconds = outcome, time.monotonic() - self._started

    def _flush(self) -> None:
        if self._screens:
            self._parts.append(Padding(Columns(self._screens, padding=(0, 0)), (0, 0, 0, 1)))
            self._screens = []

    def __rich__(self) -> RenderableType:
        mark = {"running": "[cyan]•", "ok": "[green]✓", "failed": "[red]✗"}[self.outcome]
        head = Text.from_markup(f"{mark}[/] [bold]{self.title}[/]  [dim]{self.seconds:.1f} s[/]")
        parts = [head, *self._parts]
        if self._screens:
            parts.append(Padding(Columns(self._screens, padding=(0, 0)), (0, 0, 0, 1)))
        if self.outcome == "running":
            parts.append(Padding(self._spinner, (0, 0, 0, 4)))
        return Group(*parts, "")


class Stage:
    """All steps of one run; `report` is written after each."""

    def __init__(self, report: Path, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self.console.width = min(self.console.width, WIDTH) if self.console.is_terminal else WIDTH
        self.facts: dict[str, Any] = {}
        self._report = report
        self._steps: list[Step] = []
        self._started = time.monotonic()
        self._started_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")

    @property
    def seconds(self) -> float:
        """Since the curtain went up."""
        return time.monotonic() - self._started

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[Step]:
        """Run one step. An expected error becomes a DemoError with a plain sentence, when it is told and noted."""
        step = Step(name, title)
        self._steps.append(step)
        try:
            with Live(
                step,
                console=self.console,
                refresh_per_second=REFRESHES_A_SECOND,
                vertical_overflow="ellipsis",
            ):
                try:
                    yield step
                except EXPECTED as error:
                    step.say(f"[red]{escape(_plain(error))}")
                    step.end("failed")
                    raise DemoError(f"{title}: {_plain(error)}") from error
                except BaseException:
                    step.end("failed")
                    raise
                step.end("ok")
        finally:
            self.write()

    def write(self, outcome: str = "running") -> None:
        """The report so far, or at the end with its outcome."""
        report = {
            "outcome": outcome,
            "started": self._started_at,
            "seconds": round(self.seconds, 1),
            **self.facts,
            "steps": [
                {
                    "name": step.name,
                    "title": step.title,
                    "outcome": step.outcome,
                    "seconds": round(step.seconds, 2),
                    "facts": step.facts,
                }
                for step in self._steps
            ],
        }
        self._report.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _plain(error: BaseException) -> str:
    """One sentence: an error that brings the end of a log is cut to its own words and the log's last ones."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    if len(lines) == 1:
        return lines[0]
    return f"{lines[0][:MAX_OWN_WORDS]}… {lines[-1].strip()}"
