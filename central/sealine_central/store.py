"""Central's store: one SQLite file (WAL, synchronous=FULL) with records, log, quarantine and tallies.

One write transaction per batch holds records and their leaves; answers are made from what was committed. The `run`
process and `admit` may write side by side: each takes the write lock before it reads the log's size.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cbor2

from sealine_central import log
from sealine_central.errors import StoreError
from sealine_central.verify import Delivered, DeliveredTally

BUSY_MS = 10_000
"""How long a writer waits for the other one; a batch takes milliseconds."""

SCHEMA = (
    log.SCHEMA
    + """
CREATE TABLE IF NOT EXISTS record (
    hash BLOB PRIMARY KEY, key_id BLOB NOT NULL, seq INTEGER NOT NULL, prev BLOB NOT NULL, record_id BLOB NOT NULL,
    facility TEXT NOT NULL, gateway TEXT NOT NULL, terminal TEXT NOT NULL, started INTEGER NOT NULL,
    ended INTEGER NOT NULL, end_reason TEXT NOT NULL, privileged TEXT NOT NULL, chunks INTEGER, digest BLOB,
    flags TEXT NOT NULL, fork_of BLOB, received INTEGER NOT NULL, leaf INTEGER NOT NULL UNIQUE,
    signed BLOB NOT NULL, credentials BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_chain ON record (key_id, seq);
CREATE INDEX IF NOT EXISTS record_id ON record (record_id);
CREATE TABLE IF NOT EXISTS object (
    hash BLOB PRIMARY KEY, leaf INTEGER NOT NULL UNIQUE, content TEXT NOT NULL, signed BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS quarantine (
    hash BLOB PRIMARY KEY, facility TEXT NOT NULL, gateway TEXT NOT NULL, reason TEXT NOT NULL, what TEXT NOT NULL,
    received INTEGER NOT NULL, delivered BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally (
    hash BLOB PRIMARY KEY, key_id BLOB NOT NULL, facility TEXT NOT NULL, terminal TEXT NOT NULL, day INTEGER NOT NULL,
    head_seq INTEGER, protected INTEGER NOT NULL, received INTEGER NOT NULL, leaf INTEGER NOT NULL UNIQUE,
    signed BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recording (
    record_id BLOB PRIMARY KEY, hash BLOB NOT NULL, facility TEXT NOT NULL, gateway TEXT NOT NULL,
    chunks INTEGER NOT NULL, digest BLOB NOT NULL, stored INTEGER
) WITHOUT ROWID;
"""
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivered record: its leaf, and the other record's hash if it is a fork."""

    hash: bytes
    leaf: int
    fork_of: bytes | None
    duplicate: bool


class Store:
    """Opens or makes the database in a directory. Raises StoreError."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self.db = sqlite3.connect(
                directory / "central.sqlite", isolation_level=None, timeout=BUSY_MS / 1000, check_same_thread=False
            )
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=FULL")
            self.db.executescript(SCHEMA)
        except sqlite3.Error as error:
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
                self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")
        except sqlite3.Error as error:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise StoreError(f"store: {error}") from error

    def add_record(self, db: sqlite3.Connection, delivered: Delivered, gateway: str) -> Outcome:
        """Store a record and append its leaf; the same bytes again change nothing. Inside `writing`."""
        known = db.execute("SELECT leaf, fork_of FROM record WHERE hash = ?", (delivered.hash,)).fetchone()
        if known is not None:
            return Outcome(delivered.hash, known[0], known[1], duplicate=True)
        record = delivered.record
        kid = delivered.terminal.key_id
        other = db.execute(
            "SELECT hash FROM record WHERE key_id = ? AND seq = ? ORDER BY leaf LIMIT 1", (kid, record["seq"])
        ).fetchone()
        fork_of = other[0] if other else None
        leaf = log.append(db, [delivered.signed])
        recording = record["recording"]
        db.execute(
            f"INSERT INTO record VALUES ({', '.join('?' * 20)})",  # noqa: S608 - only question marks
            (
                delivered.hash,
                kid,
                record["seq"],
                record["prev"],
                record["id"],
                record["facility"],
                gateway,
                record["terminal"],
                record["started"],
                record["ended"],
                record["end_reason"],
                record["privileged"],
                recording["chunks"] if recording else None,
                recording["digest"] if recording else None,
                json.dumps(delivered.flags),
                fork_of,
                now_ms(),
                leaf,
                delivered.signed,
                cbor2.dumps(list(delivered.credentials)),
            ),
        )
        if recording:
            db.execute(
                "INSERT OR IGNORE INTO recording VALUES (?, ?, ?, ?, ?, ?, NULL)",
                (record["id"], delivered.hash, record["facility"], gateway, recording["chunks"], recording["digest"]),
            )
        return Outcome(delivered.hash, leaf, fork_of, duplicate=False)

    def add_tally(self, db: sqlite3.Connection, delivered: DeliveredTally) -> Outcome:
        """Store a tally and append its leaf. Inside `writing`."""
        known = db.execute("SELECT leaf FROM tally WHERE hash = ?", (delivered.hash,)).fetchone()
        if known is not None:
            return Outcome(delivered.hash, known[0], None, duplicate=True)
        tally = delivered.tally
        leaf = log.append(db, [delivered.signed])
        db.execute(
            "INSERT INTO tally VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                delivered.hash,
                delivered.terminal.key_id,
                tally["facility"],
                tally["terminal"],
                tally["day"],
                tally["head"]["seq"] if tally["head"] else None,
                tally["protected"],
                now_ms(),
                leaf,
                delivered.signed,
            ),
        )
        return Outcome(delivered.hash, leaf, None, duplicate=False)

    def add_object(self, db: sqlite3.Connection, data_hash: bytes, content: str, signed: bytes) -> int:
        """Log a custody object (request, grant, opening); returns its leaf. Inside `writing`."""
        known = db.execute("SELECT leaf FROM object WHERE hash = ?", (data_hash,)).fetchone()
        if known is not None:
            return int(known[0])
        leaf = log.append(db, [signed])
        db.execute("INSERT INTO object VALUES (?, ?, ?, ?)", (data_hash, leaf, content, signed))
        return leaf

    def quarantine(self, db: sqlite3.Connection, row: Sequence[Any]) -> None:
        """Keep refused bytes whole: hash, facility, gateway, reason, what, delivered. Inside `writing`."""
        data_hash, facility, gateway, reason, what, delivered = row
        db.execute(
            "INSERT OR IGNORE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?)",
            (data_hash, facility, gateway, reason, what, now_ms(), delivered),
        )

    def head(self, key_id: bytes) -> dict[str, Any] | None:
        """The newest record of a chain as central has it (CDDL `head`); of forked ones the first that came."""
        row = self.db.execute(
            "SELECT seq, hash FROM record WHERE key_id = ? ORDER BY seq DESC, leaf LIMIT 1", (key_id,)
        ).fetchone()
        return {"seq": row[0], "hash": row[1]} if row else None

    def expected(self, record_id: bytes) -> tuple[int, bytes, int | None] | None:
        """Chunks, digest and storing time of a recording whose record is here."""
        row = self.db.execute(
            "SELECT chunks, digest, stored FROM recording WHERE record_id = ?", (record_id,)
        ).fetchone()
        return (row[0], bytes(row[1]), row[2]) if row else None

    def mark_stored(self, db: sqlite3.Connection, record_ids: Iterable[bytes]) -> None:
        """A recording is whole on disk. Inside `writing`."""
        db.executemany(
            "UPDATE recording SET stored = ? WHERE record_id = ? AND stored IS NULL",
            [(now_ms(), record_id) for record_id in record_ids],
        )


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000
