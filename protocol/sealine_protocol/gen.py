"""Generate the schema tables of both sides from `protocol/sealine.cddl`: `python -m sealine_protocol.gen`.

The tables are literals of constants only, so that MicroPython freezes them into flash.
"""

from __future__ import annotations

from pathlib import Path

from sealine_protocol.cddl import OPERATIONS, Node, Schema, read_schema, without

_ROOT = Path(__file__).resolve().parents[2]
SOURCE = _ROOT / "protocol" / "sealine.cddl"
HOST = _ROOT / "protocol" / "sealine_protocol" / "schema.py"
DEVICE = _ROOT / "firmware" / "app" / "wire" / "schema.py"

HOST_ONLY = (
    "upload",
    "upload-record",
    "upload-tally",
    "upload-chunk",
    "beacon-request",
    "gateway-status",
    "gateway-state",
    "terminal-status",
    "published-bundle",
    "tree-head",
    "opening-request",
    "opening-grant",
    "opening",
)
"""What a terminal neither reads nor writes: left out of its flash."""

_HEAD = '''"""Made from protocol/sealine.cddl by `python -m sealine_protocol.gen`; do not edit.

Nodes are described in protocol/sealine_protocol/cddl.py; a rule's node is RULES[NAMES.index(name)].
"""
'''


def _literal(node: Node, indent: int) -> str:
    """A tuple as source: one line if it is short, else one member per line."""
    flat = repr(node)
    if len(flat) + 4 * indent <= 110:
        return flat
    pad = "    " * (indent + 1)
    members = [_literal(m, indent + 1) if isinstance(m, tuple) else repr(m) for m in node]
    return "(\n" + "".join(f"{pad}{member},\n" for member in members) + "    " * indent + ")"


def render(schema: Schema, *, host: bool) -> str:
    """The whole module; the host's is annotated, the device's bare."""
    any_tuple = ": tuple[tuple[Any, ...], ...]" if host else ""
    names_type = ": tuple[str, ...]" if host else ""
    lines = [_HEAD]
    if host:
        lines += ["from __future__ import annotations\n", "from typing import Any\n"]
        lines += ["\n".join(f"{name} = {number}" for number, name in enumerate(OPERATIONS)) + "\n"]
        lines += ["# fmt: off"]
    else:
        lines += ["# " + ", ".join(f"{number} {name}" for number, name in enumerate(OPERATIONS))]
    lines.append(f"NAMES{names_type} = {_literal(tuple(schema.names), 0)}")
    lines.append(f"CONTENTS{any_tuple} = {_literal(tuple(schema.contents), 0)}")
    rules = "".join(
        f"    # {number} {name}\n    {_literal(node, 1)},\n"
        for number, (name, node) in enumerate(zip(schema.names, schema.nodes, strict=True))
    )
    lines.append(f"RULES{any_tuple} = (\n{rules})")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write both tables."""
    schema = read_schema(SOURCE)
    HOST.write_text(render(schema, host=True), encoding="utf-8")
    DEVICE.parent.mkdir(parents=True, exist_ok=True)
    DEVICE.write_text(render(without(schema, HOST_ONLY), host=False), encoding="utf-8")


if __name__ == "__main__":
    main()
