"""Records as people read them."""

import datetime as dt
import json
from typing import Any

from sealine_protocol import codec, cose, receipt

from sealine_central import tree
from sealine_central.answers import Answers
from sealine_central.errors import CentralError
from sealine_central.store import Store
from sealine_central.verify import MAX_TIME_MS

_PRIVILEGE = {"none": "ordinary", "directory": "PRIVATE", "doubt": "not recorded (doubt)"}


def record_rows(store: Store, limit: int) -> list[tuple[str, ...]]:
    """The newest records as table rows."""
    rows = store.db.execute("SELECT signed, flags, fork_of FROM record ORDER BY leaf DESC LIMIT ?", (limit,)).fetchall()
    return [_row(codec.decode("record", cose.parse(signed).payload), flags, fork_of) for signed, flags, fork_of in rows]


def _row(record: dict[str, Any], flags: str, fork_of: bytes | None) -> tuple[str, ...]:
    found = record["recording"]
    recording = f"{found['chunks']} s, {found['k']} of {found['n']} open it" if found else "none"
    return (
        record["id"].hex()[:8],
        record["terminal"],
        str(record["seq"]),
        _time(record["started"]),
        f"{record['talk_ms'] / 1000:.1f} s",
        record["end_reason"],
        _PRIVILEGE[record["privileged"]],
        recording,
        ", ".join((["FORK"] if fork_of else []) + json.loads(flags)),
    )


def find_record(store: Store, beginning: str) -> bytes:
    """The one record id that begins with these hex digits. Raises CentralError."""
    ids = {
        bytes(row[0])
        for row in store.db.execute(
            "SELECT record_id FROM record WHERE substr(hex(record_id), 1, ?) = ?", (len(beginning), beginning.upper())
        )
    }
    if len(ids) != 1:
        raise CentralError(f"{len(ids)} records begin with {beginning}")
    return ids.pop()


def record_text(store: Store, answers: Answers, beginning: str) -> str:
    """All fields of one record, a line each, and whether its receipt verifies."""
    record_id = find_record(store, beginning)
    signed, leaf = store.db.execute(
        "SELECT signed, leaf FROM record WHERE record_id = ? ORDER BY leaf LIMIT 1", (record_id,)
    ).fetchone()
    record = codec.decode("record", cose.parse(signed).payload)
    size = tree.size(store.db)
    proof = answers.receipt(store.db, leaf, size)
    when = receipt.verify(proof, signed, answers.public_key)
    lines = [f"{name}: {_plain(name, value)}" for name, value in record.items()]
    return "\n".join([*lines, f"leaf: {leaf} of {size}, receipt of {_time(when * 1000)} verifies"])


def _plain(name: str, value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(key, item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_plain(name, item) for item in value) + "]"
    if name in {"started", "answered", "accepted_at", "ended", "completed_at"} and value is not None:
        return _time(value)
    return str(value)


def _time(unix_ms: int) -> str:
    if unix_ms > MAX_TIME_MS:
        return f"{unix_ms} ms"
    return dt.datetime.fromtimestamp(unix_ms / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
