"""A link on an asyncio stream (TCP or UART): the thin tasks around the core."""

import asyncio
from time import ticks_ms

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wire.link import Link

_TICK_MS = const(50)  # a fifth of the shortest timer of the link
_READ_BYTES = const(1024)


class LinkStream:
    """Pumps one link until it is down. `run` does the work; another task takes `next_event`."""

    def __init__(self, link: "Link", stream: "Any") -> None:
        """`stream` is an asyncio stream of MicroPython, which reads and writes."""
        self.link = link
        self._stream = stream
        self._wake = asyncio.Event()
        self._arrived = asyncio.Event()
        self._events = []  # bounded by the link: MAX_UNREAD messages per channel

    def send_control(self, message: bytes) -> int:
        """Send as Link.send_control does."""
        ident = self.link.send_control(message)
        self._wake.set()
        return ident

    def send_bulk(self, *parts: "bytes | bytearray | memoryview") -> int:
        """Send as Link.send_bulk does."""
        ident = self.link.send_bulk(*parts)
        self._wake.set()
        return ident

    def send_voice(self, sequence: int, frame: "bytearray | memoryview") -> None:
        """Send as Link.send_voice does."""
        self.link.send_voice(sequence, frame)
        self._wake.set()

    def close(self) -> None:
        """End the link; `run` returns soon after."""
        self.link.close()
        self._wake.set()

    async def next_event(self) -> tuple:
        """Wait for what happens next, voice excepted. "down" is the last; a message counts as read when taken."""
        while not self._events:
            self._arrived.clear()
            await self._arrived.wait()
        event = self._events.pop(0)
        if event[0] == "control" or event[0] == "bulk":
            self.link.release(event[0])
            self._wake.set()
        return event

    async def run(self) -> str:
        """Pump until the link is down, close the stream, and return the reason."""
        reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._write())
        try:
            while self.link.down_reason is None and not reader.done() and not writer.done():
                self.link.tick(ticks_ms())
                self._take_events()
                self._wake.set()
                await asyncio.sleep_ms(_TICK_MS)
        finally:
            self.link.close()
            self._take_events()
            reader.cancel()
            writer.cancel()
            self._stream.close()
            await self._stream.wait_closed()
        return self.link.down_reason or "closed"

    async def _read(self) -> None:
        buffer = bytearray(_READ_BYTES)
        try:
            while self.link.down_reason is None:
                count = await self._stream.readinto(buffer)
                if not count:
                    if count == 0:
                        return
                    continue
                self.link.feed(buffer, count)
                self._take_events()
                self._wake.set()
        except OSError:
            pass  # reset by the peer: as its end

    async def _write(self) -> None:
        try:
            while self.link.down_reason is None:
                frame = self.link.pull()
                if frame is None:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                self._stream.write(frame)
                await self._stream.drain()  # at most one frame is unsent, so voice never waits behind more
        except OSError:
            pass

    def _take_events(self) -> None:
        for event in self.link.events():
            self._events.append(event)
            self._arrived.set()
