"""The outbox: signed objects on their way to central, durable before they are acknowledged (P4).

SQLite in WAL mode, synchronous=FULL, touched by one thread alone. An entry leaves the queue only on central's verified
answer and stays on disk for 30 days after it, so that it can be offered again if central loses its tail.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealine_protocol.hashes import blake2b256

from sealine_gateway.errors import StorageError, StorageFullError
from sealine_gateway.one_thread import OneThread

FILE_NAME: Final = "outbox.sqlite"
KEEP_MS: Final = 30 * 24 * 3600 * 1000  # a central that goes back further than this has lost more than its backup
RETRY_FIRST_MS: Final = 15_000  # an answer takes well under a second; a broker or central that restarts takes some
RETRY_MAX_MS: Final = 3_600_000
MAX_BATCH: Final = 100  # records per MQTT message
MAX_BATCH_BYTES: Final = 256 * 1024  # far below any broker's limit
# Of one terminal, receipted ones included: a hostile one fills its share, not the disk. A busy phone's 30 days have
# some 3000 records of 4 KB; a day's limit still lets a full journal drain at once.
MAX_ENTRIES: Final = 10_000
MAX_BYTES: Final = 50_000_000
MAX_PER_DAY: Final = 5000
DAY_MS: Final = 24 * 3600 * 1000
HELD_MS: Final = DAY_MS  # central may have learned a credential or an envelope meanwhile; so may we
_PRUNE: Final = 100  # receipted entries that give way at one time
MAX_ADDS: Final = 256  # per commit; more wait for the next one

WAITING: Final = 0
RECEIPTED: Final = 1
QUARANTINED: Final = 2
HELD: Final = 3  # refused for the wrapping that this gateway put round it: no word about the object itself

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entry (
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,      -- BLAKE2b-256 of the signed object
  terminal BLOB NOT NULL,         -- key id
  seq INTEGER,                    -- of a record that could be read
  object BLOB NOT NULL,           -- the signed object
  upload BLOB NOT NULL,           -- CDDL upload-record or upload-tally, as it is published
  upload_hash BLOB NOT NULL,      -- BLAKE2b-256 of it
  size INTEGER NOT NULL,          -- bytes of object and upload
  added_ms INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  next_ms INTEGER NOT NULL DEFAULT 0,
  state INTEGER NOT NULL DEFAULT 0,
  answer BLOB,                    -- CDDL answer
  answered_ms INTEGER
);
CREATE INDEX IF NOT EXISTS entry_due ON entry (state, next_ms, id);
CREATE INDEX IF NOT EXISTS entry_chain ON entry (terminal, state, seq);
CREATE INDEX IF NOT EXISTS entry_share ON entry (terminal, added_ms, size);
CREATE INDEX IF NOT EXISTS entry_upload ON entry (upload_hash);
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One object to upload."""

    hash: bytes
    terminal: bytes
    seq: int | None
    object: bytes
    upload: bytes
    added_ms: int

    @property
    def size(self) -> int:
        """Bytes that count towards a terminal's share."""
        return len(self.object) + len(self.upload)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the outbox knows of an object."""

    terminal: bytes
    object: bytes
    state: int
    answer: bytes | None
    upload_hash: bytes


class Store:
    """The table. Not thread-safe: the thread that opens it must be the one that uses it."""

    def __init__(self, path: Path, max_pages: int | None = None) -> None:
        """Open or create. `max_pages` bounds the file (4096 bytes each). Raises StorageError."""
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            if max_pages is not None:
                self._db.execute(f"PRAGMA max_page_count={int(max_pages)}")
            self._db.executescript(_SCHEMA)
            # What was under way or held when the program ended is due again at once.
            self._db.execute("UPDATE entry SET next_ms=0, state=0 WHERE state=3 OR (state=0 AND next_ms>0)")
        except sqlite3.Error as error:
            raise _wrapped(error) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def add(self, entries: Iterable[Entry]) -> None:
        """Commit entries in one transaction; ones that are there already stay as they are."""
        rows = [
            (e.hash, e.terminal, e.seq, e.object, e.upload, blake2b256(e.upload), e.size, e.added_ms) for e in entries
        ]
        self._write(
            "INSERT INTO entry (hash, terminal, seq, object, upload, upload_hash, size, added_ms) "
            "VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (hash) DO NOTHING",
            rows,
        )

    def make_room(self, terminal: bytes, size: int, now_ms: int) -> None:
        """Let a terminal's oldest receipted entries go until one more of `size` bytes fits into its share.

        Raises StorageFullError if it does not fit even so, or if the terminal has had its day's number.
        """
        since = self._execute(
            "SELECT count(*) FROM entry WHERE terminal=? AND added_ms>?", (terminal, now_ms - DAY_MS)
        ).fetchone()
        if since[0] >= MAX_PER_DAY:
            raise StorageFullError("outbox: this terminal's day is full")
        while True:
            count, used = self._execute(
                "SELECT count(*), coalesce(sum(size), 0) FROM entry WHERE terminal=?", (terminal,)
            ).fetchone()
            if count < MAX_ENTRIES and used + size <= MAX_BYTES:
                return
            oldest = "SELECT id FROM entry WHERE terminal=? AND state=1 ORDER BY answered_ms, id LIMIT ?"
            if not self._execute(f"DELETE FROM entry WHERE id IN ({oldest})", (terminal, _PRUNE)).rowcount:  # noqa: S608
                raise StorageFullError("outbox: this terminal's share is full")

    def wrap_again(self, digest: bytes, upload: bytes) -> None:
        """Another wrapping for a held entry: due at once."""
        self._execute(
            "UPDATE entry SET upload=?, upload_hash=?, size=length(object)+?, state=0, next_ms=0, tries=0 "
            "WHERE hash=? AND state=3",
            (upload, blake2b256(upload), len(upload), digest),
        )

    def batch(self, now_ms: int, limit: int = MAX_BATCH, max_bytes: int = MAX_BATCH_BYTES) -> list[tuple[bytes, bytes]]:
        """Due entries as (hash, upload), oldest first, at most `max_bytes` in all (always at least one)."""
        cursor = self._execute(
            "SELECT hash, upload FROM entry WHERE state=0 AND next_ms<=? ORDER BY next_ms, id LIMIT ?", (now_ms, limit)
        )
        found: list[tuple[bytes, bytes]] = []
        size = 0
        for digest, upload in cursor.fetchall():
            size += len(upload)
            if found and size > max_bytes:
                break
            found.append((digest, upload))
        return found

    def sent(self, hashes: Iterable[bytes], now_ms: int) -> None:
        """Note a publish: due again after a wait that doubles. Never a reason to delete or to give up."""
        self._write(
            "UPDATE entry SET next_ms=?+min(?, ?<<min(tries, 16)), tries=tries+1 WHERE hash=? AND state=0",
            [(now_ms, RETRY_MAX_MS, RETRY_FIRST_MS, digest) for digest in hashes],
        )

    def unsent(self, hashes: Iterable[bytes]) -> None:
        """A publish failed: due again at once."""
        self._write("UPDATE entry SET next_ms=0 WHERE hash=? AND state=0", [(digest,) for digest in hashes])

    def outstanding(self, now_ms: int) -> int:
        """Entries that were published and wait for their answer."""
        row = self._execute("SELECT count(*) FROM entry WHERE state=0 AND next_ms>?", (now_ms,)).fetchone()
        return int(row[0])

    def known(self, digest: bytes) -> Known | None:
        """What is known of an object, or None."""
        sql = "SELECT terminal, object, state, answer, upload_hash FROM entry WHERE hash=?"
        row = self._execute(sql, (digest,)).fetchone()
        if row is None:
            return None
        return Known(terminal=row[0], object=row[1], state=row[2], answer=row[3], upload_hash=row[4])

    def accept(self, digest: bytes, answer: bytes, now_ms: int) -> None:
        """Central has it (the caller has verified the receipt)."""
        self._answered(digest, answer, now_ms, RECEIPTED)

    def reject(self, digest: bytes, answer: bytes, now_ms: int) -> None:
        """Central refuses it (verified): kept whole, out of the queue. A receipt stays above a refusal."""
        self._answered(digest, answer, now_ms, QUARANTINED)

    def hold(self, upload_hash: bytes, now_ms: int) -> bytes | None:
        """Central refuses the wrapping (verified): kept out of the queue for a day. The terminal; None if unknown."""
        row = self._execute("SELECT id, terminal FROM entry WHERE upload_hash=?", (upload_hash,)).fetchone()
        if row is None:
            return None
        self._execute("UPDATE entry SET state=3, next_ms=? WHERE id=? AND state=0", (now_ms + HELD_MS, row[0]))
        return bytes(row[1])

    def release(self, now_ms: int) -> int:
        """Queue held entries again whose day is over. How many."""
        sql = "UPDATE entry SET state=0, next_ms=0, tries=0 WHERE state=3 AND next_ms<=?"
        return self._execute(sql, (now_ms,)).rowcount

    def offer_again(self, terminal: bytes, after_seq: int, before_ms: int) -> int:
        """Queue receipted entries of a chain behind `after_seq` again, if answered before `before_ms`. How many."""
        cursor = self._execute(
            "UPDATE entry SET state=0, next_ms=0, tries=0 WHERE terminal=? AND seq>? AND state=1 AND answered_ms<?",
            (terminal, after_seq, before_ms),
        )
        return cursor.rowcount

    def purge(self, now_ms: int) -> int:
        """Delete what was receipted over 30 days ago. How many."""
        return self._execute("DELETE FROM entry WHERE state=1 AND answered_ms<?", (now_ms - KEEP_MS,)).rowcount

    def count(self) -> dict[int, int]:
        """Number of entries by state."""
        return dict(self._execute("SELECT state, count(*) FROM entry GROUP BY state").fetchall())

    def _answered(self, digest: bytes, answer: bytes, now_ms: int, state: int) -> None:
        self._execute(
            "UPDATE entry SET state=?, answer=?, answered_ms=? WHERE hash=? AND (state IN (0, 3) OR ?=1)",
            (state, answer, now_ms, digest, state),
        )

    def _execute(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        try:
            return self._db.execute(sql, values)
        except sqlite3.Error as error:
            raise _wrapped(error) from error

    def _write(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(sql, rows)
                self._db.execute("COMMIT")
            except sqlite3.Error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise _wrapped(error) from error


class Outbox:
    """The store behind its one thread. Adds that come at the same time share one commit."""

    def __init__(self, state_dir: Path, max_pages: int | None = None) -> None:
        """Open the store in its own thread. Raises StorageError."""
        self._worker = OneThread("outbox", lambda: Store(state_dir / FILE_NAME, max_pages))
        self._adds: asyncio.Queue[tuple[Entry, asyncio.Future[None]]] = asyncio.Queue(MAX_ADDS)
        self._flush: asyncio.Task[None] | None = None
        self.run = self._worker.run
        self.added = asyncio.Event()

    async def add(self, entry: Entry) -> None:
        """Return when the entry is durable. Raises StorageError; then it is not to be acknowledged."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._adds.put((entry, future))
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._commit(), name="outbox commit")
        await future

    async def close(self) -> None:
        """Finish what was begun and close the file."""
        if self._flush is not None:
            await asyncio.wait([self._flush])
        await self.run(Store.close)
        self._worker.close()

    async def _commit(self) -> None:
        while not self._adds.empty():
            waiting = [self._adds.get_nowait() for _ in range(self._adds.qsize())]
            entries = [entry for entry, _ in waiting]
            outcome = await _outcome(self.run(lambda store, entries=entries: store.add(entries)))  # type: ignore[misc]
            for _, future in waiting:
                if future.done():
                    continue
                if outcome is None:
                    future.set_result(None)
                else:
                    future.set_exception(outcome)
            if outcome is None:
                self.added.set()


async def _outcome(work: Awaitable[None]) -> StorageError | None:
    try:
        await work
    except StorageError as error:
        return error
    return None


def _wrapped(error: sqlite3.Error) -> StorageError:
    if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
        return StorageFullError("outbox: the disk is full")
    return StorageError(f"outbox: {getattr(error, 'sqlite_errorname', type(error).__name__)}")
