"""One reliable channel of the link: messages cut into fragments, go-back-N with cumulative acknowledgement.

It lives inside the encryption, so a peer's fields are authentic; they are bounded all the same.
"""

from collections import deque
from typing import Final, NamedTuple

from .errors import ProtocolError

FRAGMENT_BYTES: Final = 512  # at 460 800 baud one takes 12 ms: a voice frame never waits longer than that
SEND_WINDOW: Final = 8  # fragments in flight: 4 KB, over 4 MB/s at a round trip of 1 ms
RETRY_MS: Final = 250  # longer than 8 fragments at 460 800 baud (100 ms) and a peer's collection (35 ms)
RETRY_MAX_MS: Final = 1000  # doubled up to here; the link itself gives up after 2 s of silence
MAX_RETRIES: Final = 8  # some 6 s in which the peer is alive but takes nothing that it promised to take
MAX_CONTROL_BYTES: Final = 4096
MAX_BULK_UP_BYTES: Final = 20480  # terminal to gateway: a sealed chunk (16 016 bytes) or a record with its envelopes
MAX_BULK_DOWN_BYTES: Final = 4608  # gateway to terminal: a bundle part of 4096 bytes; the terminal holds it in RAM
_SEQUENCES: Final = 1 << 16


class LinkError(ProtocolError):
    """The link cannot do what was asked."""


class LinkFullError(LinkError):
    """The queue holds as much as it may; try again when something was delivered."""


class PeerError(LinkError):
    """The peer is not who it must be, or does what the protocol forbids."""


class Fragment(NamedTuple):
    """A piece of a message; `sequence` counts fragments of this channel modulo 2^16."""

    sequence: int
    last: bool
    data: bytes


class _Queued(NamedTuple):
    ident: int
    first: int
    fragments: int
    message: bytes


class Sender:
    """Keeps messages until the peer has acknowledged all their fragments."""

    def __init__(self, *, max_message_bytes: int, max_queued: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._max_queued = max_queued
        self._queue: deque[_Queued] = deque()
        self._idents = 0
        self._oldest = 0  # fragments are numbered without wrap in here
        self._next = 0
        self._sent = 0  # one past the highest ever sent
        self._end = 0
        self._window = SEND_WINDOW
        self._retry_ms = RETRY_MS
        self._retries = 0
        self._deadline_ms: int | None = None
        self.retransmitted = 0

    def push(self, message: bytes) -> int:
        """Queue a message; return its number. LinkFullError if the queue is full, LinkError if the size is wrong."""
        if not 0 < len(message) <= self._max_message_bytes:
            text = f"link: a message here has 1 to {self._max_message_bytes} bytes"
            raise LinkError(text)
        if len(self._queue) >= self._max_queued:
            raise LinkFullError("link: queue full")
        self._idents += 1
        count = -(-len(message) // FRAGMENT_BYTES)
        self._queue.append(_Queued(self._idents, self._end, count, message))
        self._end += count
        return self._idents

    @property
    def ready(self) -> bool:
        """True if `pull` would return a fragment."""
        return self._next < self._end and self._next - self._oldest < self._window

    def pull(self, now_ms: int) -> Fragment:
        """Return the next fragment to transmit; only when `ready`."""
        number = self._next
        queued = next(item for item in self._queue if number < item.first + item.fragments)
        index = number - queued.first
        self._next += 1
        if number < self._sent:
            self.retransmitted += 1
        self._sent = max(self._sent, self._next)
        if self._deadline_ms is None:
            self._deadline_ms = now_ms + self._retry_ms
        data = queued.message[index * FRAGMENT_BYTES : (index + 1) * FRAGMENT_BYTES]
        return Fragment(number % _SEQUENCES, index == queued.fragments - 1, data)

    def acknowledge(self, sequence: int) -> list[int]:
        """Take the peer's next expected sequence; return the messages that are now delivered whole."""
        step = (sequence - self._oldest) % _SEQUENCES
        if step == 0 or step > self._sent - self._oldest:
            return []  # old news, or reordered
        self._oldest += step
        self._next = max(self._next, self._oldest)
        self._progress()
        done: list[int] = []
        while self._queue and self._queue[0].first + self._queue[0].fragments <= self._oldest:
            done.append(self._queue.popleft().ident)
        return done

    def set_window(self, fragments: int) -> None:
        """Take the peer's window; 0 holds everything back until it opens again."""
        self._window = min(fragments, SEND_WINDOW)
        if self._window == 0:
            self._next = self._oldest
            self._progress()

    def tick(self, now_ms: int) -> bool:
        """Go back to the oldest fragment when its time is over; return False when that was in vain too often."""
        if self._next == self._oldest:
            return True  # nothing in flight
        if self._deadline_ms is None:
            self._deadline_ms = now_ms + self._retry_ms
        elif now_ms >= self._deadline_ms:
            self._next = self._oldest
            self._deadline_ms = None
            self._retry_ms = min(2 * self._retry_ms, RETRY_MAX_MS)
            self._retries += 1
        return self._retries <= MAX_RETRIES

    def _progress(self) -> None:
        self._retries = 0
        self._retry_ms = RETRY_MS
        self._deadline_ms = None


class Receiver:
    """Takes fragments in order only, joins them, and holds back the peer while messages lie unread."""

    def __init__(self, *, max_message_bytes: int, max_unread: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._max_unread = max_unread
        self._pending = bytearray()
        self._expected = 0
        self._unread = 0
        self.ack_due = False
        self.dropped = 0

    @property
    def expected(self) -> int:
        """The next sequence, as acknowledgements carry it."""
        return self._expected

    @property
    def window(self) -> int:
        """Fragments that may come beyond `expected`."""
        return SEND_WINDOW if self._unread < self._max_unread else 0

    def push(self, fragment: Fragment) -> bytes | None:
        """Return the message that `fragment` completes, if it does. PeerError on a size that is forbidden."""
        self.ack_due = True
        if fragment.sequence != self._expected or self.window == 0:
            self.dropped += 1
            return None
        if not 0 < len(fragment.data) <= FRAGMENT_BYTES:
            raise PeerError("link: fragment of a wrong size")
        if len(fragment.data) > self._max_message_bytes - len(self._pending):
            raise PeerError("link: message too long")
        self._expected = (self._expected + 1) % _SEQUENCES
        self._pending += fragment.data
        if not fragment.last:
            return None
        message = bytes(self._pending)
        self._pending.clear()
        self._unread += 1
        return message

    def release(self) -> None:
        """Say that one completed message was taken."""
        if self.window == 0:
            self.ack_due = True  # the peer waits for this
        self._unread -= 1
