"""From a batch of messages to commits and signed answers. No network in here: `Ingest.process` is called with bytes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sealine_protocol import codec, log
from sealine_protocol.errors import ProtocolError
from sealine_protocol.hashes import blake2b256

from sealine_central import log as tree
from sealine_central.answers import Answers
from sealine_central.errors import StoreError
from sealine_central.facilities import FacilityBook
from sealine_central.metrics import Metrics
from sealine_central.recordings import Recordings
from sealine_central.store import Outcome, Store
from sealine_central.verify import Delivered, DeliveredTally, RefusedError, check_record, check_tally

MAX_UPLOADS: Final = 4096  # messages in one CBOR sequence; a gateway's batch has at most 1000
_TOPIC: Final = re.compile(r"sealine/1/([A-Za-z0-9-]{1,32})/([A-Za-z0-9-]{1,32})/(records|chunks|status)")


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


@dataclass(frozen=True, slots=True)
class _Refused:
    hash: bytes
    delivered: bytes
    reason: str
    what: str


class Ingest:
    """Checks, commits, answers. Raises StoreError when nothing of the batch may be acknowledged."""

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
        """Make a batch durable; the replies are to be published after it, then the batch may be acknowledged."""
        replies: dict[tuple[str, str], list[bytes]] = {}
        for message in batch:
            matched = _TOPIC.fullmatch(message.topic)
            book = self._books.get(matched[1]) if matched else None
            if matched is None or book is None:
                log.warning("message on a topic of no known facility")
                self._metrics.refused.labels("topic").inc()
                continue
            facility, gateway, leaf = matched.groups()
            out = replies.setdefault((facility, gateway), [])
            if leaf == "records":
                out += self._records(book, gateway, message.payload)
            elif leaf == "chunks":
                out += self._chunks(message.payload)
            else:
                self._status(facility, gateway, message.payload)
        return [Reply(facility, gateway, b"".join(out)) for (facility, gateway), out in replies.items() if out]

    def _records(self, book: FacilityBook, gateway: str, payload: bytes) -> list[bytes]:
        accepted: list[Delivered | DeliveredTally] = []
        refused: list[_Refused] = []
        beacons: list[Mapping[str, Any]] = []
        for item in _split(payload, refused):
            try:
                upload = codec.decode("upload", item)
                if upload["type"] == "beacon":
                    beacons.append(upload)
                elif upload["type"] == "record":
                    accepted.append(check_record(upload, book.view))
                else:
                    accepted.append(check_tally(upload, book.view))
            except RefusedError as error:
                subject = upload["record" if upload["type"] == "record" else "tally"]
                refused.append(_Refused(blake2b256(subject), item, error.reason, error.what))
            except ProtocolError as error:
                refused.append(_Refused(blake2b256(item), item, "malformed", str(error)[:128]))
        answers = self._commit(book.name, gateway, accepted, refused)
        return answers + [
            self._answers.beacon(request, book.versions, self._store.head(request["terminal"])) for request in beacons
        ]

    def _commit(
        self,
        facility: str,
        gateway: str,
        accepted: Sequence[Delivered | DeliveredTally],
        refused: Sequence[_Refused],
    ) -> list[bytes]:
        for item in accepted:
            if isinstance(item, Delivered):
                self._recordings.add_envelopes(item.record["id"], item.envelopes)
        outcomes: list[Outcome] = []
        with self._store.writing() as db:
            for item in accepted:
                if isinstance(item, Delivered):
                    outcomes.append(self._store.add_record(db, item, gateway))
                else:
                    outcomes.append(self._store.add_tally(db, item))
            for row in refused:
                self._store.quarantine(db, (row.hash, facility, gateway, row.reason, row.what, row.delivered))
            size = tree.size(db)
        answers = [self._answers.delivered(self._store.db, outcome, size) for outcome in outcomes]
        answers += [self._answers.refusal(row.hash, row.reason, row.what) for row in refused]
        self._report(outcomes, refused)
        recorded = [item.record["id"] for item in accepted if isinstance(item, Delivered) and item.record["recording"]]
        return answers + self._stored(recorded)

    def _report(self, outcomes: Sequence[Outcome], refused: Sequence[_Refused]) -> None:
        for outcome in outcomes:
            self._metrics.records.labels("duplicate" if outcome.duplicate else "new").inc()
            if outcome.fork_of is not None:
                self._metrics.forks.inc()
                log.warning("fork: two records with one number", reason=outcome.hash.hex()[:16])
        for row in refused:
            self._metrics.refused.labels(row.reason).inc()
            log.warning("upload refused", reason=row.reason, error=row.what)

    def _chunks(self, payload: bytes) -> list[bytes]:
        try:
            chunks = codec.load_sequence(payload, "upload-chunk", MAX_UPLOADS)
        except ProtocolError as error:
            self._metrics.refused.labels("malformed").inc()
            log.warning("chunks refused", error=error)
            return []
        touched = dict.fromkeys(chunk["record"] for chunk in chunks)
        known = {record_id: self._store.expected(record_id) for record_id in touched}
        for chunk in chunks:
            expected = known[chunk["record"]]
            if expected is not None and expected[2] is not None:
                continue  # whole and immutable; the answer below says so again
            try:
                self._recordings.add_chunk(chunk["record"], chunk["index"], chunk["data"])
            except StoreError as error:
                log.warning("chunk not stored", error=error)
                self._metrics.refused.labels("chunk").inc()
                break
            self._metrics.chunks.inc()
        return self._stored(list(touched))

    def _stored(self, record_ids: Sequence[bytes]) -> list[bytes]:
        """A signed `stored` for each of these recordings that is whole."""
        answers, fresh = [], []
        for record_id in record_ids:
            expected = self._store.expected(record_id)
            if expected is None:
                continue
            chunks, digest, stored = expected
            if stored is None and not self._recordings.is_whole(record_id, chunks, digest):
                continue
            if stored is None:
                fresh.append(record_id)
            answers.append(self._answers.stored(record_id, digest))
        if fresh:
            with self._store.writing() as db:
                self._store.mark_stored(db, fresh)
        return answers

    def _status(self, facility: str, gateway: str, payload: bytes) -> None:
        try:
            status = codec.decode("gateway-status", payload)
        except ProtocolError as error:
            log.warning("status refused", facility=facility, error=error)
            return
        self._metrics.gateway(facility, gateway, status["state"])
        log.event("gateway status", facility=facility, state=status["state"], count=len(status["terminals"]))


def _split(payload: bytes, refused: list[_Refused]) -> list[bytes]:
    """The items of a CBOR sequence; what cannot be told apart any more is refused as one."""
    items: list[bytes] = []
    rest = payload
    while rest:
        try:
            size = codec.item_size(rest)
        except ProtocolError as error:
            refused.append(_Refused(blake2b256(rest), rest, "malformed", str(error)[:128]))
            break
        if len(items) == MAX_UPLOADS:
            refused.append(_Refused(blake2b256(rest), rest, "malformed", "too many messages"))
            break
        items.append(rest[:size])
        rest = rest[size:]
    return items
