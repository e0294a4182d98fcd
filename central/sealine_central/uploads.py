"""Recordings and their chunks in the store: whose they are, which chunks are here, which recordings are whole.

The files are `recordings`'; what is noted here is what was written there. The functions work on the store's database;
those that write do so inside its `writing`.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sealine_protocol.clock import now_ms

STALE_MS: Final = 7 * 86_400_000
"""How long chunks wait for a record. Their gateway keeps them until it hears `stored`, and brings them again."""


class Expected(NamedTuple):
    """A recording whose record is here; `stored` is when it was found whole (unix ms)."""

    hash: bytes
    chunks: int
    digest: bytes
    stored: int | None


def owner(db: sqlite3.Connection, record_id: bytes) -> str | None:
    """The facility whose chunks these are: the first that sent any for this record id."""
    row = db.execute("SELECT facility FROM upload WHERE record_id = ?", (record_id,)).fetchone()
    return str(row[0]) if row else None


def count_open(db: sqlite3.Connection, facility: str, gateway: str) -> tuple[int, int]:
    """Recordings with chunks from this gateway here, and no record yet; and how many chunks they are."""
    row = db.execute(
        "SELECT count(*), ifnull(sum(chunks), 0) FROM upload WHERE facility = ? AND gateway = ? AND is_open = 1",
        (facility, gateway),
    ).fetchone()
    return int(row[0]), int(row[1])


def expected(db: sqlite3.Connection, record_id: bytes, facility: str) -> list[Expected]:
    """The recording with this id, by its record's word; two only if two records claim one id."""
    rows = db.execute(
        "SELECT hash, chunks, digest, stored FROM recording WHERE record_id = ? AND facility = ?",
        (record_id, facility),
    )
    return [Expected(*row) for row in rows]


def hashes(db: sqlite3.Connection, record_id: bytes, chunks: int) -> list[bytes] | None:
    """The hashes of the first `chunks` chunks in order; None while one of them is not here."""
    where = (record_id, chunks)
    count = db.execute("SELECT count(*) FROM chunk WHERE record_id = ? AND idx < ?", where).fetchone()[0]
    if count != chunks:
        return None
    rows = db.execute("SELECT hash FROM chunk WHERE record_id = ? AND idx < ? ORDER BY idx", where)
    return [bytes(row[0]) for row in rows]


def add(db: sqlite3.Connection, record_id: bytes, facility: str, gateway: str, chunks: Mapping[int, bytes]) -> None:
    """Note whose chunks these are, and the hash of each (index to hash); the newest one counts."""
    is_open = not expected(db, record_id, facility)
    db.execute(
        "INSERT OR IGNORE INTO upload VALUES (?, ?, ?, ?, ?, 0)", (record_id, facility, gateway, now_ms(), is_open)
    )
    where = (record_id, min(chunks, default=0), max(chunks, default=0))
    rows = db.execute("SELECT idx FROM chunk WHERE record_id = ? AND idx BETWEEN ? AND ?", where)
    known = {int(row[0]) for row in rows}
    db.execute("UPDATE upload SET chunks = chunks + ? WHERE record_id = ?", (len(chunks.keys() - known), record_id))
    db.executemany(
        "INSERT OR REPLACE INTO chunk VALUES (?, ?, ?)", [(record_id, index, value) for index, value in chunks.items()]
    )


def forget(db: sqlite3.Connection, record_id: bytes, indices: Iterable[int]) -> None:
    """These chunks are not here, or not in the bytes that were noted."""
    db.executemany("DELETE FROM chunk WHERE record_id = ? AND idx = ?", [(record_id, index) for index in indices])


def mark_stored(db: sqlite3.Connection, whole: Iterable[tuple[bytes, bytes]]) -> None:
    """Recordings (record id, record hash) that are whole on disk."""
    db.executemany(
        "UPDATE recording SET stored = ? WHERE record_id = ? AND hash = ? AND stored IS NULL",
        [(now_ms(), *pair) for pair in whole],
    )


def stale(db: sqlite3.Connection, at_ms: int) -> list[bytes]:
    """Recordings that have waited too long for a record."""
    rows = db.execute("SELECT record_id FROM upload WHERE is_open = 1 AND since < ?", (at_ms - STALE_MS,))
    return [bytes(row[0]) for row in rows]


def drop(db: sqlite3.Connection, record_ids: Iterable[bytes]) -> None:
    """Forget recordings whose files are gone."""
    ids = [(record_id,) for record_id in record_ids]
    db.executemany("DELETE FROM chunk WHERE record_id = ?", ids)
    db.executemany("DELETE FROM upload WHERE record_id = ? AND is_open = 1", ids)
