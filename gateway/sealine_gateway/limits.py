"""What one peer may take from the gateway: bytes in a second, and nonsense in a session."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

BYTES_PER_S: Final = 400_000  # voice is 11 kB/s, a chunk a second 17 kB/s; the rest lets a full journal drain fast
BURST_BYTES: Final = 256_000
MAX_BAD_FRAMES: Final = 200  # a serial line has some noise; a TCP connection has none


class Bucket:
    """Credit that grows with time up to a burst, and may be overdrawn."""

    def __init__(self, per_s: float, burst: float) -> None:
        """Full."""
        self._per_s = per_s
        self._burst = burst
        self._credit = float(burst)
        self._at = time.monotonic()

    def credit(self) -> float:
        """What may be taken now; negative for a debt."""
        now = time.monotonic()
        self._credit = min(self._burst, self._credit + (now - self._at) * self._per_s)
        self._at = now
        return self._credit

    def take(self, count: float = 1) -> None:
        """Spend, whatever there is."""
        self._credit -= count

    def debt_s(self) -> float:
        """How long until nothing is owed."""
        return max(0.0, -self.credit() / self._per_s)


class LimitedReader(asyncio.StreamReader):
    """A reader that lends its `read` a speed limit; a peer that sends more is read later, alone.

    `bad_frames` is asked before each read; past MAX_BAD_FRAMES the stream is at its end.
    """

    def __init__(self, source: asyncio.StreamReader, bad_frames: Callable[[], int], head: bytes = b"") -> None:
        """`head` is what was read from the source already."""
        super().__init__()
        self._source = source
        self._bad_frames = bad_frames
        self._head = head
        self._bucket = Bucket(BYTES_PER_S, BURST_BYTES)

    async def read(self, n: int = -1) -> bytes:
        """As StreamReader.read."""
        if self._bad_frames() > MAX_BAD_FRAMES:
            return b""
        await asyncio.sleep(self._bucket.debt_s())  # also yields to the other terminals when nothing is owed
        if self._head:
            data, self._head = self._head[:n], self._head[n:]
        else:
            data = await self._source.read(n)
        self._bucket.take(len(data))
        return data
