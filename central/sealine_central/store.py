"""Central's store: one SQLite file (WAL, synchronous=FULL) with records, log, quarantine and tallies.

One write transaction per batch holds records and their leaves; answers are made from what was committed. The `run`
process and `admit` may write side by side: each takes the write lock before it reads the log's size.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cbor2
from sealine_protocol.clock import now_ms

from sealine_central import tree
from sealine_central.errors import StoreError
from sealine_central.schema import SCHEMA
from sealine_central.verify import Delivered, DeliveredTally

BUSY_MS = 10_000
"""How long a writer waits for the other one; a batch takes milliseconds."""

QUARANTINE_SHARE: Final = 64 << 20
"""Bytes of one gateway's refused uploads that are kept: hundreds of its largest messages, and no full disk."""

_ROW_BYTES: Final = 256  # what a row costs beside the bytes that were delivered


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivered record or tally: its leaf, and the other record's hash if it is a fork."""

    hash: bytes
    leaf: int
    fork_of: bytes | None
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """Bytes that are not taken: `hash` is what their sender knows them by, `delivered` all of what came."""

    hash: bytes
    delivered: bytes
    reason: str
    what: str


class Store:
    """Opens or makes the database in a directory. Raises StoreError."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.db = sqlite3.connect(
                directory / "central.sqlite", isolation_level=None, timeout=BUSY_MS / 1000, check_same_thread=False
            )
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=FULL")
            self.db.executescript(SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"store: {error}") from error

    def close(self) -> None:
        """Close the database."""
        self.db.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A write transaction, committed and synced at its end, or undone whole. Raises StoreError."""
        try:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
            except BaseException:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")
        except sqlite3.Error as error:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise StoreError(f"store: {error}") from error

    def known(self, signed_hash: bytes, facility: str) -> Outcome | None:
        """The outcome of a record or tally of this facility that is here already."""
        row = self.db.execute(
            "SELECT leaf, fork_of FROM record WHERE hash = ?1 AND facility = ?2 "
            "UNION ALL SELECT leaf, NULL FROM tally WHERE hash = ?1 AND facility = ?2",
            (signed_hash, facility),
        ).fetchone()
        return Outcome(signed_hash, row[0], row[1], duplicate=True) if row else None

    def envelope_folder(self, record_id: bytes, record_hash: bytes) -> str:
        """Where a record's envelopes lie: by its id, which another record with that id cannot take over."""
        other = self.db.execute(
            "SELECT 1 FROM record WHERE record_id = ? AND hash != ? LIMIT 1", (record_id, record_hash)
        ).fetchone()
        return record_id.hex() if other is None else f"{record_id.hex()}-{record_hash.hex()[:16]}"

    def add_record(self, db: sqlite3.Connection, delivered: Delivered, gateway: str, folder: str) -> Outcome:
        """Store a record and append its leaf; the same bytes again change nothing. Inside `writing`."""
        record, kid = delivered.record, delivered.terminal.key_id
        known = self.known(delivered.hash, record["facility"])
        if known is not None:
            return known
        other = db.execute(
            "SELECT hash FROM record WHERE key_id = ? AND seq = ? ORDER BY leaf LIMIT 1", (kid, record["seq"])
        ).fetchone()
        fork_of = bytes(other[0]) if other else None
        leaf = tree.append(db, [delivered.signed])
        recording = record["recording"]
        _insert(
            db,
            "record",
            hash=delivered.hash,
            key_id=kid,
            seq=record["seq"],
            prev=record["prev"],
            record_id=record["id"],
            facility=record["facility"],
            gateway=gateway,
            terminal=record["terminal"],
            started=record["started"],
            ended=record["ended"],
            flags=json.dumps(delivered.flags),
            fork_of=fork_of,
            received=now_ms(),
            leaf=leaf,
            folder=folder,
            signed=delivered.signed,
            credentials=cbor2.dumps(list(delivered.credentials)),
        )
        if recording:
            _insert(
                db,
                "recording",
                record_id=record["id"],
                hash=delivered.hash,
                facility=record["facility"],
                chunks=recording["chunks"],
                digest=recording["digest"],
                stored=None,
            )
            db.execute(
                "UPDATE upload SET is_open = 0 WHERE record_id = ? AND facility = ?", (record["id"], record["facility"])
            )
        return Outcome(delivered.hash, leaf, fork_of, duplicate=False)

    def add_tally(self, db: sqlite3.Connection, delivered: DeliveredTally) -> Outcome:
        """Store a tally and append its leaf; the same bytes again change nothing. Inside `writing`."""
        tally = delivered.tally
        known = self.known(delivered.hash, tally["facility"])
        if known is not None:
            return known
        leaf = tree.append(db, [delivered.signed])
        head = tally["head"] or {"seq": None, "hash": None}
        _insert(
            db,
            "tally",
            hash=delivered.hash,
            key_id=delivered.terminal.key_id,
            facility=tally["facility"],
            terminal=tally["terminal"],
            day=tally["day"],
            head_seq=head["seq"],
            head_hash=head["hash"],
            **tally["health"],
            protected=tally["protected"],
            received=now_ms(),
            leaf=leaf,
            signed=delivered.signed,
        )
        return Outcome(delivered.hash, leaf, None, duplicate=False)

    def add_object(self, db: sqlite3.Connection, data_hash: bytes, content: str, signed: bytes) -> int:
        """Log a custody object (request, grant, opening); returns its leaf. Inside `writing`."""
        known = db.execute("SELECT leaf FROM object WHERE hash = ?", (data_hash,)).fetchone()
        if known is not None:
            return int(known[0])
        leaf = tree.append(db, [signed])
        _insert(db, "object", hash=data_hash, leaf=leaf, content=content, signed=signed)
        return leaf

    def object(self, data_hash: bytes, content: str) -> bytes | None:
        """The signed custody object of this kind with this hash, if it is in the log."""
        row = self.db.execute(
            "SELECT signed FROM object WHERE hash = ? AND content = ?", (data_hash, content)
        ).fetchone()
        return bytes(row[0]) if row else None

    def record(self, record_hash: bytes, facility: str) -> bytes | None:
        """The signed record of this facility with this hash, if it is here."""
        row = self.db.execute(
            "SELECT signed FROM record WHERE hash = ? AND facility = ?", (record_hash, facility)
        ).fetchone()
        return bytes(row[0]) if row else None

    def quarantine(self, db: sqlite3.Connection, row: Refused, delivery: bytes, facility: str, gateway: str) -> bool:
        """Keep refused bytes whole; `delivery` is the hash of all that came. Inside `writing`.

        False: the gateway has used up its share, one more that is not kept was counted.
        """
        if db.execute("SELECT 1 FROM quarantine WHERE delivery = ?", (delivery,)).fetchone():
            return True
        who = (facility, gateway)
        db.execute("INSERT OR IGNORE INTO quarantine_share VALUES (?, ?, 0, 0)", who)
        (used,) = db.execute("SELECT bytes FROM quarantine_share WHERE facility = ? AND gateway = ?", who).fetchone()
        size = len(row.delivered) + _ROW_BYTES
        if used + size > QUARANTINE_SHARE:
            db.execute("UPDATE quarantine_share SET not_kept = not_kept + 1 WHERE facility = ? AND gateway = ?", who)
            return False
        db.execute("UPDATE quarantine_share SET bytes = bytes + ? WHERE facility = ? AND gateway = ?", (size, *who))
        db.execute(
            "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (delivery, row.hash, *who, row.reason, row.what, now_ms(), row.delivered),
        )
        return True

    def head(self, key_id: bytes, facility: str) -> dict[str, Any] | None:
        """The newest record of a chain as central has it (CDDL `head`); of forked ones the first that came."""
        row = self.db.execute(
            "SELECT seq, hash FROM record WHERE key_id = ? AND facility = ? ORDER BY seq DESC, leaf LIMIT 1",
            (key_id, facility),
        ).fetchone()
        return {"seq": row[0], "hash": row[1]} if row else None


def _insert(db: sqlite3.Connection, table: str, **values: Any) -> None:
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))  # noqa: S608 - own names
