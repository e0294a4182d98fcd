"""Connections that have not shown yet who they are: bounded, and no address's crowd pushes out another one's."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sealine_protocol.link_stream import LinkStream

MAX_OF_ADDRESS: Final = 64  # terminals behind one address, all at once behind a power cut, try again
MAX_HANDSHAKES: Final = 256  # 16 KB each


@dataclass(frozen=True)
class _Waiting:
    address: str
    stream: LinkStream


class Handshakes:
    """Who is at it, oldest first. Past a limit somebody gives way, so that half-open ones keep nobody out."""

    def __init__(self) -> None:
        """Nobody."""
        self._waiting: dict[int, _Waiting] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._waiting)

    def begin(self, address: str, stream: LinkStream) -> LinkStream | None:
        """Take one up; the one that has to give way for it and is to be closed, if any."""
        pool = list(self._pool(address))
        silent = (waiting for waiting in pool if not waiting.stream.link.greeted)
        victim = next(silent, pool[0] if pool else None)
        if victim is not None:
            self.end(victim.stream)
        self._waiting[id(stream)] = _Waiting(address, stream)
        return victim.stream if victim is not None else None

    def end(self, stream: LinkStream) -> None:
        """It is through, or gone."""
        self._waiting.pop(id(stream), None)

    def _pool(self, address: str) -> Iterator[_Waiting]:
        """Whom a newcomer from this address may push out: its own address's, else the most crowded one's."""
        crowd = Counter(waiting.address for waiting in self._waiting.values())
        if crowd[address] < MAX_OF_ADDRESS and len(self._waiting) < MAX_HANDSHAKES:
            return
        chosen = address if crowd[address] else crowd.most_common(1)[0][0]
        yield from (waiting for waiting in self._waiting.values() if waiting.address == chosen)
