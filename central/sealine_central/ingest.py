"""From a batch of messages to one commit and signed answers. No network in here: `Ingest.process` is called with bytes.

Order: envelopes and chunks are synced as files, then records, leaves and quarantine are committed in one transaction,
then answers are made. What a crash leaves behind is files without a row, and the same messages again.
"""

import sqlite3
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sealine_protocol import log, recording, topics
from sealine_protocol.errors import ProtocolError
from sealine_protocol.hashes import blake2b256

from sealine_central import tree, uploads
from sealine_central.answers import Answers
from sealine_central.errors import StoreError
from sealine_central.facilities import FacilityBook
from sealine_central.metrics import Metrics
from sealine_central.recordings import Recordings
from sealine_central.store import Outcome, Refused, Store
from sealine_central.tray import Tray, split
from sealine_central.verify import Delivered

MAX_OPEN_UPLOADS: Final = 2048  # a gateway's recordings without a record: ten for each of 200 terminals
MAX_OPEN_CHUNKS: Final = 1 << 20  # of these, 16 GiB: 200 calls of almost an hour and a half at once
MAX_BEHIND: Final = 60  # seconds that a cut recording has behind its last checkpoint, which is signed every 10 s
MAX_REPLY_BYTES: Final = 256 * 1024  # one message of answers; a receipt has up to 2.5 KB


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message from a gateway."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """Answers for one gateway: a CBOR sequence for its `answers` topic."""

    facility: str
    gateway: str
    payload: bytes


class Ingest:
    """Checks, commits, answers. Used by one thread."""

    def __init__(
        self,
        store: Store,
        recordings: Recordings,
        books: Mapping[str, FacilityBook],
        answers: Answers,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._recordings = recordings
        self._books = books
        self._answers = answers
        self._metrics = metrics

    def process(self, batch: Sequence[Incoming]) -> list[Reply]:
        """Make a batch durable; the replies are to be published after it, then the batch may be acknowledged.

        Raises StoreError when nothing of the batch may be acknowledged. What stumbles over one upload in a way that
        nobody foresaw sets that upload aside, so that the broker does not bring it again and again.
        """
        try:
            return self._process(batch)
        except StoreError:
            raise
        except sqlite3.Error as error:
            raise StoreError(f"store: {error}") from error
        except Exception as error:  # noqa: BLE001 - the one supervisor of what comes from outside
            parts = _parts(batch)
            if len(parts) > 1:
                return [reply for part in parts for reply in self.process([part])]
            return self._set_aside(parts[0], error)

    def purge(self, at_ms: int) -> int:
        """Drop the chunks that have waited too long for a record; how many recordings it were. Raises StoreError."""
        stale = uploads.stale(self._store.db, at_ms)
        for record_id in stale:
            self._recordings.remove(record_id)
        if stale:
            with self._store.writing() as db:
                uploads.drop(db, stale)
            log.warning("chunks dropped, no record came", count=len(stale))
        return len(stale)

    def _process(self, batch: Sequence[Incoming]) -> list[Reply]:
        trays = self._read(batch)
        outcomes, size = self._commit(trays)
        return [
            Reply(tray.facility, tray.gateway, payload)
            for tray, found in zip(trays, outcomes, strict=True)
            for payload in _pack(self._answer(tray, found, size))
        ]

    def _set_aside(self, message: Incoming, error: Exception) -> list[Reply]:
        """Quarantine one upload, alarm, and refuse it if its gateway waits for an answer. Raises StoreError."""
        levels = topics.read_upload(message.topic)
        if levels is None or levels[0] not in self._books:
            raise error
        facility, gateway, leaf = levels
        name = type(error).__name__
        place = traceback.extract_tb(error.__traceback__)[-1]  # names and lines of code, never a value
        self._metrics.refused.labels("unexpected").inc()
        where = f"{Path(place.filename).name}:{place.lineno}"
        log.warning("upload set aside", facility=facility, kind=leaf, error=f"unexpected {name} at {where}")
        subject = blake2b256(message.payload)
        row = Refused(subject, message.payload, "malformed", f"unexpected {name}"[:128])
        with self._store.writing() as db:
            self._quarantine(db, row, facility, gateway)
        if leaf != "records":
            return []
        return [Reply(facility, gateway, self._answers.refusal(subject, row.reason, row.what))]

    def _quarantine(self, db: sqlite3.Connection, row: Refused, facility: str, gateway: str) -> None:
        kept = replace(row, delivered=b"") if self._recordings.is_disk_low() else row
        if not self._store.quarantine(db, kept, blake2b256(row.delivered), facility, gateway):
            self._metrics.not_kept.inc()
            log.warning("quarantine: the gateway's share is used up", facility=facility)

    def _read(self, batch: Sequence[Incoming]) -> list[Tray]:
        trays: dict[tuple[str, str], Tray] = {}
        for message in batch:
            levels = topics.read_upload(message.topic)
            book = self._books.get(levels[0]) if levels else None
            if levels is None or book is None:
                log.warning("message on a topic of no known facility")
                self._metrics.refused.labels("topic").inc()
                continue
            facility, gateway, leaf = levels
            tray = trays.setdefault((facility, gateway), Tray(book, gateway))
            try:
                if leaf == "records":
                    tray.read_records(message.payload, self._store)
                elif leaf == "chunks":
                    tray.read_chunks(message.payload)
                else:
                    self._metrics.gateway(facility, gateway, tray.read_status(message.payload))
            except ProtocolError as error:
                self._metrics.refused.labels(leaf).inc()
                log.warning("message refused", facility=facility, kind=leaf, error=error)
        return list(trays.values())

    def _commit(self, trays: Sequence[Tray]) -> tuple[list[list[Outcome]], int]:
        """Make all of it durable; what became of each tray's accepted ones, and the size of the log."""
        folders = self._write_envelopes(trays)
        chunks = [(tray, *found) for tray in trays for found in self._write_chunks(tray).items()]
        if not (chunks or any(tray.accepted or tray.refused for tray in trays)):
            return [[] for _ in trays], tree.size(self._store.db)
        outcomes: list[list[Outcome]] = []
        with self._store.writing() as db:
            for tray in trays:
                found = []
                for item in tray.accepted:
                    if isinstance(item, Delivered):
                        found.append(self._store.add_record(db, item, tray.gateway, folders[item.hash]))
                    else:
                        found.append(self._store.add_tally(db, item))
                outcomes.append(found)
                for row in tray.refused:
                    self._quarantine(db, row, tray.facility, tray.gateway)
            for tray, record_id, hashes in chunks:
                uploads.add(db, record_id, tray.facility, tray.gateway, hashes)
            size = tree.size(db)
        return outcomes, size

    def _write_envelopes(self, trays: Sequence[Tray]) -> dict[bytes, str]:
        """Sync the envelopes of what is new; the folder of each record by its hash."""
        folders: dict[bytes, str] = {}
        first: dict[bytes, bytes] = {}
        envelopes = {}
        for item in (item for tray in trays for item in tray.accepted if isinstance(item, Delivered)):
            record_id = item.record["id"]
            folder = self._store.envelope_folder(record_id, item.hash)
            if first.setdefault(record_id, item.hash) != item.hash:
                folder = f"{record_id.hex()}-{item.hash.hex()[:16]}"
            envelopes[folder] = item.envelopes
            folders[item.hash] = folder
        self._recordings.add_envelopes(envelopes)
        return folders

    def _write_chunks(self, tray: Tray) -> dict[bytes, dict[int, bytes]]:
        """Sync a tray's chunks; their hashes by record id. What is not taken stays at the gateway, unanswered."""
        written: dict[bytes, dict[int, bytes]] = {}
        uploaded, waiting = uploads.count_open(self._store.db, tray.facility, tray.gateway)
        for record_id, chunks in list(tray.chunks.items()):
            owner = uploads.owner(self._store.db, record_id)
            rows = uploads.expected(self._store.db, record_id, tray.facility)
            fresh, more = (0, 0) if rows else (int(owner is None), len(chunks))
            is_full = (fresh and uploaded >= MAX_OPEN_UPLOADS) or (more and waiting + more > MAX_OPEN_CHUNKS)
            problem = self._chunk_problem(tray.facility, owner, is_full=bool(is_full))
            if problem:
                log.warning("chunks not taken", facility=tray.facility, reason=problem, count=len(chunks))
                self._metrics.refused.labels("chunks").inc()
                del tray.chunks[record_id]
                continue
            uploaded, waiting = uploaded + fresh, waiting + more
            taken = _wanted(chunks, rows)
            self._recordings.add_chunks(record_id, taken)
            self._metrics.chunks.inc(len(chunks))
            written[record_id] = {index: recording.chunk_hash(data) for index, data in taken.items()}
        return written

    def _chunk_problem(self, facility: str, owner: str | None, *, is_full: bool) -> str:
        if owner not in {None, facility}:
            return "the recording is another facility's"
        if is_full:
            return "too much without a record"
        return "the disk is nearly full" if self._recordings.is_disk_low() else ""

    def _answer(self, tray: Tray, outcomes: Sequence[Outcome], size: int) -> list[bytes]:
        self._report(tray, outcomes)
        answers = [self._answers.delivered(self._store.db, item, size) for item in (*tray.known, *outcomes)]
        answers += [self._answers.refusal(row.hash, row.reason, row.what) for row in tray.refused]
        recorded = [item.record["id"] for item in tray.accepted if isinstance(item, Delivered)]
        answers += self._stored(tray.facility, dict.fromkeys([*recorded, *tray.chunks]))
        for request in tray.beacons:
            head = self._store.head(request["terminal"], tray.facility)
            answers.append(self._answers.beacon(tray.facility, request, tray.book.versions, head))
        return answers

    def _report(self, tray: Tray, outcomes: Sequence[Outcome]) -> None:
        for outcome in (*tray.known, *outcomes):
            self._metrics.records.labels("duplicate" if outcome.duplicate else "new").inc()
            if outcome.fork_of is not None and not outcome.duplicate:
                self._metrics.forks.inc()
                log.warning("fork: two records with one number", facility=tray.facility)
        for row in tray.refused:
            self._metrics.refused.labels(row.reason).inc()
            log.warning("upload refused", facility=tray.facility, reason=row.reason, error=row.what)
        for item in tray.accepted:
            if isinstance(item, Delivered) and item.flags:
                terminal = log.short(item.terminal.key_id)
                log.warning("record flagged", terminal=terminal, reason=",".join(item.flags))

    def _stored(self, facility: str, record_ids: Mapping[bytes, None]) -> list[bytes]:
        """A signed `stored` for each of these recordings that is whole, once more if it was said before."""
        answers, fresh = [], []
        for record_id in record_ids:
            for row in uploads.expected(self._store.db, record_id, facility):
                if row.stored is None:
                    if not self._is_whole(record_id, row):
                        continue
                    fresh.append((record_id, row.hash))
                answers.append(self._answers.stored(record_id, row.digest))
        if fresh:
            with self._store.writing() as db:
                uploads.mark_stored(db, fresh)
        return answers

    def _is_whole(self, record_id: bytes, row: uploads.Expected) -> bool:
        """Whether the chunks that the record counts are here and hash to its digest.

        A cut recording is signed up to its last checkpoint: chunks behind that are kept, the digest does not say them.
        The noted hashes say it first; the files are read once, before the gateway is told that it may delete its own.
        """
        hashes = uploads.hashes(self._store.db, record_id, row.chunks)
        if hashes is None or recording.digest(hashes) != row.digest:
            return False
        damaged = self._recordings.damaged(record_id, hashes)
        if damaged:
            log.warning("chunks are not what was written", count=len(damaged))
            with self._store.writing() as db:
                uploads.forget(db, record_id, damaged)
        return not damaged


def _wanted(chunks: Mapping[int, bytes], rows: Sequence[uploads.Expected]) -> dict[int, bytes]:
    """The chunks that may still matter: nothing changes what is stored, nor comes far behind what a record counts."""
    settled = max((row.chunks for row in rows if row.stored is not None), default=0)
    end = max((row.chunks + MAX_BEHIND for row in rows), default=None)
    return {index: data for index, data in chunks.items() if settled <= index and (end is None or index < end)}


def _parts(batch: Sequence[Incoming]) -> list[Incoming]:
    """A batch in smaller parts: its messages, or the uploads of its one message."""
    if len(batch) > 1:
        return list(batch)
    (message,) = batch
    behind: list[Refused] = []  # what cannot be told apart any more is a part of its own
    items = [*split(message.payload, behind), *(row.delivered for row in behind)]
    return [Incoming(message.topic, item) for item in items] if items else [message]


def _pack(answers: Sequence[bytes]) -> Iterator[bytes]:
    """Answers as CBOR sequences of a size that any broker passes."""
    part = bytearray()
    for answer in answers:
        if part and len(part) + len(answer) > MAX_REPLY_BYTES:
            yield bytes(part)
            part.clear()
        part += answer
    if part:
        yield bytes(part)
