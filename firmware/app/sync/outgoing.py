"""What goes up on the bulk channel, in this order: chunks, records, the tally, and last the records that were refused.

Each is offered again on every new connection until its owner lets it go, so everything here may be sent twice.
"""

from micropython import const
from wire import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from store.journal import Journal
    from wire.link_stream import LinkStream

    from sync.chunks import Chunks
    from sync.tally import Tally


# Messages in the link's queue: one on its way and the next (wire.link.MAX_BULK_QUEUED).
_QUEUED = const(2)
# Records between the gateway's `saved` and us: enough to fill the link, few enough to read again after a drop.
_RECORDS_IN_FLIGHT = const(4)


class Outgoing:
    """Keeps the link's bulk queue filled."""

    def __init__(self, journal: "Journal", chunks: "Chunks", tally: "Tally") -> None:
        """`chunks.next_bulk()` gives the parts of a message or None; `tally` is the daily tally."""
        self._journal = journal
        self._chunks = chunks
        self._tally = tally
        self._offered = set()
        self._unsaved = set()
        self._tally_sent = False
        self._refused: "Iterator | None" = None
        self._dirty = True
        self._queued = 0

    def down(self) -> None:
        """A new connection starts over."""
        self._offered = set()
        self._unsaved = set()
        self._tally_sent = False
        self._refused = None
        self._dirty = True
        self._queued = 0

    def sent(self) -> None:
        """The link has room for one more."""
        self._queued -= 1

    def changed(self) -> None:
        """The journal has a new record."""
        self._dirty = True

    def saved(self, subject: bytes) -> None:
        """The gateway has synced a record or tally; the journal still waits for central."""
        self._unsaved.discard(subject)
        self._tally.saved(subject)
        self._dirty = True

    def step(self, link: "LinkStream") -> None:
        """Give the link as much as it has room for."""
        while self._queued < _QUEUED:
            parts = self._chunks.next_bulk() or self._next_record() or self._next_tally() or self._next_refused()
            if parts is None:
                return
            self._queued += 1
            link.send_bulk(*parts)

    def _next_record(self) -> tuple[bytes] | None:
        if not self._dirty or len(self._unsaved) >= _RECORDS_IN_FLIGHT:
            return None
        for record_hash, signed, envelopes in self._journal.pending():
            if record_hash not in self._offered:
                self._offered.add(record_hash)
                self._unsaved.add(record_hash)
                return _message(signed, envelopes)
        self._dirty = False
        return None

    def _next_refused(self) -> tuple[bytes] | None:
        """A record in quarantine, once for each link and outside of flow control: a refusal may have been a mistake."""
        if self._refused is None:
            self._refused = self._journal.pending(refused=True)
        for _hash, signed, envelopes in self._refused:
            return _message(signed, envelopes)
        return None

    def _next_tally(self) -> tuple[bytes] | None:
        signed = None if self._tally_sent else self._tally.waiting()
        if signed is None:
            return None
        self._tally_sent = True
        return (codec.encode("bulk-up", {"type": "tally", "tally": signed}),)


def _message(signed: bytes, envelopes: list[bytes]) -> tuple[bytes]:
    return (codec.encode("bulk-up", {"type": "record", "record": signed, "envelopes": envelopes}),)
