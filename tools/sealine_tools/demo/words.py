"""A signed record in words, for people who have never seen one."""

from typing import Any

from rich.table import Table
from sealine_protocol import codec, cose

PRIVILEGE = {
    "none": "ordinary: may be recorded",
    "directory": "PRIVATE: the number is in the signed directory of privileged lines",
    "doubt": "in doubt: not recorded",
}


def read(signed: bytes) -> dict[str, Any]:
    """The record's fields by name."""
    fields: dict[str, Any] = codec.decode("record", cose.parse(signed).payload)
    return fields


def table(record: dict[str, Any], size: int) -> Table:
    """What the record says and what it keeps to itself."""
    rows = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(overflow="fold")
    for name, text in rows_of(record, size):
        rows.add_row(name, text)
    return rows


def rows_of(record: dict[str, Any], size: int) -> list[tuple[str, str]]:
    """Names and texts of what the record says."""
    charge, tariff = record["charge"], record["tariff"]
    rows = [
        ("record", f"{record['id'].hex()}, {size} bytes, signed by {record['terminal']}"),
        ("place", f"number {record['seq']} of this phone's chain, on top of {record['prev'].hex()[:16]}…"),
        ("who", f"a person, as {_token(record['person_token'])}; a number, as {_token(record['number_token'])}"),
        ("when", f"talked {record['talk_ms'] / 1000:.1f} s; ended by {record['end_reason']}"),
        ("privilege", PRIVILEGE[record["privileged"]]),
    ]
    if tariff:
        rate, cap = tariff["rate"] / 1e6, tariff["cap"] / 1e6
        text = f"${charge['amount'] / 1e6:.2f}: {charge['minutes']} started minute(s) at ${rate:.2f}, cap ${cap:.2f}"
        rows.append(("price", text))
    recording = record["recording"]
    if recording is None:
        rows.append(("recording", "none; readers: none"))
        return rows
    rows.append(("recording", f"{recording['chunks']} sealed seconds, {recording['bytes']} bytes, both legs"))
    readers = ", ".join(f"{reader['class']} ({reader['organisation']})" for reader in recording["readers"])
    rows.append((f"opens with {recording['k']} of {recording['n']}", readers))
    return rows


def _token(token: bytes | None) -> str:
    return f"token {token.hex()[:12]}…" if token else "nobody"
