"""One reliable channel of the link: messages cut into fragments, go-back-N with cumulative acknowledgement.

The same rules and limits as the host's reliable.py, which gives the reasons. Times are ticks (time.ticks_ms).
"""

from time import ticks_add, ticks_diff

from micropython import const

from wire.errors import WireError

FRAGMENT_BYTES = const(512)
SEND_WINDOW = const(8)
RETRY_MS = const(250)
RETRY_MAX_MS = const(1000)
MAX_RETRIES = const(8)
MAX_CONTROL_BYTES = const(4096)
MAX_BULK_UP_BYTES = const(20480)
MAX_BULK_DOWN_BYTES = const(4608)
_SEQUENCE_MASK = const(0xFFFF)


class LinkError(WireError):
    """The link cannot do what was asked."""


class LinkFullError(LinkError):
    """The queue holds as much as it may; try again when something was delivered."""


class PeerError(LinkError):
    """The peer is not who it must be, or does what the protocol forbids."""


class _Queued:
    """A message as its parts, which are sent as one and must not change until it is delivered."""

    def __init__(self, ident: int, first: int, parts: "tuple[bytes | bytearray | memoryview, ...]", size: int) -> None:
        self.ident = ident
        self.first = first
        self.end = first + (size + FRAGMENT_BYTES - 1) // FRAGMENT_BYTES
        self._parts = parts
        self._size = size

    def copy_into(self, out: memoryview, index: int) -> int:
        """Copy fragment `index` to `out`; return its length."""
        start = index * FRAGMENT_BYTES
        count = min(FRAGMENT_BYTES, self._size - start)
        done = 0
        for part in self._parts:
            size = len(part)
            if start >= size:
                start -= size
                continue
            take = min(size - start, count - done)
            out[done : done + take] = memoryview(part)[start : start + take]
            done += take
            start = 0
            if done == count:
                break
        return count


class Sender:
    """Keeps messages until the peer has acknowledged all their fragments."""

    def __init__(self, max_message_bytes: int, max_queued: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._max_queued = max_queued
        self._queue = []
        self._idents = 0
        self._oldest = 0  # fragments are numbered without wrap in here
        self._next = 0
        self._sent = 0  # one past the highest ever sent
        self._end = 0
        self._window = SEND_WINDOW
        self._retry_ms = RETRY_MS
        self._retries = 0
        self._deadline = None
        self.sequence = 0  # of the fragment last pulled, and whether it ends its message
        self.last = False
        self.retransmitted = 0

    def push(self, *parts: "bytes | bytearray | memoryview") -> int:
        """Queue a message of these parts; return its number. LinkFullError, or LinkError if the size is wrong."""
        size = 0
        for part in parts:
            size += len(part)
        if not 0 < size <= self._max_message_bytes:
            raise LinkError("message of a wrong size", "link")
        if len(self._queue) >= self._max_queued:
            raise LinkFullError("queue full", "link")
        self._idents += 1
        self._queue.append(_Queued(self._idents, self._end, parts, size))
        self._end = self._queue[-1].end
        return self._idents

    def ready(self) -> bool:
        """True if `pull` would give a fragment."""
        return self._next < self._end and self._next - self._oldest < self._window

    def pull(self, out: memoryview, now: int) -> int:
        """Copy the next fragment to `out` and set `sequence` and `last`; return its length. Only when ready."""
        number = self._next
        index = 0
        while number >= self._queue[index].end:
            index += 1
        queued = self._queue[index]
        self._next += 1
        if number < self._sent:
            self.retransmitted += 1
        else:
            self._sent = self._next
        if self._deadline is None:
            self._deadline = ticks_add(now, self._retry_ms)
        self.sequence = number & _SEQUENCE_MASK
        self.last = number + 1 == queued.end
        return queued.copy_into(out, number - queued.first)

    def acknowledge(self, sequence: int) -> "list[int]":
        """Take the peer's next expected sequence; return the messages that are now delivered whole."""
        step = (sequence - self._oldest) & _SEQUENCE_MASK
        done = []
        if step == 0 or step > self._sent - self._oldest:
            return done  # old news, or reordered
        self._oldest += step
        self._next = max(self._next, self._oldest)
        self._progress()
        while self._queue and self._queue[0].end <= self._oldest:
            done.append(self._queue.pop(0).ident)
        return done

    def set_window(self, fragments: int) -> None:
        """Take the peer's window; 0 holds everything back until it opens again."""
        self._window = min(fragments, SEND_WINDOW)
        if self._window == 0:
            self._next = self._oldest
            self._progress()

    def tick(self, now: int) -> bool:
        """Go back to the oldest fragment when its time is over; return False when that was in vain too often."""
        if self._next == self._oldest:
            return True  # nothing in flight
        if self._deadline is None:
            self._deadline = ticks_add(now, self._retry_ms)
        elif ticks_diff(now, self._deadline) >= 0:
            self._next = self._oldest
            self._deadline = None
            self._retry_ms = min(2 * self._retry_ms, RETRY_MAX_MS)
            self._retries += 1
        return self._retries <= MAX_RETRIES

    def drop(self) -> None:
        """Let go of all messages; their owners offer them again on the next link."""
        self._queue.clear()

    def _progress(self) -> None:
        self._retries = 0
        self._retry_ms = RETRY_MS
        self._deadline = None


class Receiver:
    """Takes fragments in order only, joins them in place, and holds back the peer while messages lie unread."""

    def __init__(self, max_message_bytes: int, max_unread: int) -> None:
        self._buffer = bytearray(max_message_bytes)
        self._filled = 0
        self._max_unread = max_unread
        self._unread = 0
        self.expected = 0  # the next sequence, as acknowledgements carry it
        self.ack_due = False
        self.dropped = 0

    def window(self) -> int:
        """Fragments that may come beyond `expected`."""
        return SEND_WINDOW if self._unread < self._max_unread else 0

    def push(self, sequence: int, last: bool, data: memoryview) -> bytes | None:
        """Return the message that this fragment completes, if it does. PeerError on a size that is forbidden."""
        self.ack_due = True
        if sequence != self.expected or self.window() == 0:
            self.dropped += 1
            return None
        count = len(data)
        if not 0 < count <= FRAGMENT_BYTES:
            raise PeerError("fragment of a wrong size", "link")
        if count > len(self._buffer) - self._filled:
            raise PeerError("message too long", "link")
        self.expected = (self.expected + 1) & _SEQUENCE_MASK
        self._buffer[self._filled : self._filled + count] = data
        self._filled += count
        if not last:
            return None
        message = bytes(memoryview(self._buffer)[: self._filled])
        self._filled = 0
        self._unread += 1
        return message

    def release(self) -> None:
        """Say that one completed message was taken."""
        if self.window() == 0:
            self.ack_due = True  # the peer waits for this
        self._unread -= 1
