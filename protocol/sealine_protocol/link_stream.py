"""A link on asyncio streams: the thin task around the core. Works for TCP and for anything that looks like it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from sealine_protocol.clock import monotonic_ms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .link import Event, Link

TICK_S: Final = 0.05  # a fifth of the shortest timer of the link
READ_BYTES: Final = 4096
MAX_UNSENT_BYTES: Final = 1024  # more in the socket would let voice wait behind bulk


class LinkStream:
    """Pumps one link until it is down. `run` does the work; another task takes `events`."""

    def __init__(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.link = link
        self._reader = reader
        self._writer = writer
        self._wake = asyncio.Event()
        # bounded by the link: MAX_UNREAD messages per channel, and voice is given to on_voice at once
        self._queue: asyncio.Queue[Event] = asyncio.Queue()

    def on_voice(self, sequence: int, frame: bytes) -> None:
        """Take a voice frame at once; replace it on the object. Called in the task that reads."""

    def send_control(self, message: bytes) -> int:
        """Send as Link.send_control does."""
        ident = self.link.send_control(message)
        self._wake.set()
        return ident

    def send_bulk(self, message: bytes) -> int:
        """Send as Link.send_bulk does."""
        ident = self.link.send_bulk(message)
        self._wake.set()
        return ident

    def send_voice(self, sequence: int, frame: bytes) -> None:
        """Send as Link.send_voice does, at once while the stream takes it: a sender that was late gives a burst."""
        transport = self._writer.transport
        if transport.is_closing():
            return  # reset by the peer, which `run` notices in its next turn; a closed transport may raise
        self.link.send_voice(sequence, frame)
        if transport.get_write_buffer_size() < MAX_UNSENT_BYTES:
            data = self.link.pull()
            if data is not None:
                self._writer.write(data)
        else:
            self._wake.set()

    def close(self) -> None:
        """End the link; `run` returns soon after."""
        self.link.close()
        self._wake.set()

    async def events(self) -> AsyncIterator[Event]:
        """Yield what happens, voice excepted, up to and with "down". A message counts as read when it is yielded."""
        while True:
            event = await self._queue.get()
            if event[0] == "control" or event[0] == "bulk":
                self.link.release(event[0])
                self._wake.set()
            yield event
            if event[0] == "down":
                return

    async def run(self) -> str:
        """Pump until the link is down, close the stream, and return the reason."""
        self._writer.transport.set_write_buffer_limits(high=MAX_UNSENT_BYTES)
        tasks = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("link read", self._read()),
                ("link write", self._write()),
                ("link tick", self._tick()),
            )
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            try:
                await asyncio.gather(*tasks, return_exceptions=True)
            finally:  # a cancellation may come while this waits as well
                self.link.close()
                self._dispatch()
                self._writer.transport.abort()  # what is unsent now is of a dead session
            await asyncio.sleep(0)  # an aborted transport lets go of its descriptor in the next turn
        return self.link.down_reason or "closed"

    async def _read(self) -> None:
        while self.link.down_reason is None:
            try:
                data = await self._reader.read(READ_BYTES)
            except OSError:
                data = b""
            if not data:
                return
            self.link.feed(data)
            self._dispatch()
            self._wake.set()

    async def _write(self) -> None:
        while self.link.down_reason is None:
            while not self._writer.transport.is_closing() and (frame := self.link.pull()) is not None:
                self._writer.write(frame)
                try:
                    await self._writer.drain()
                except OSError:
                    return
            self._wake.clear()
            await self._wake.wait()

    async def _tick(self) -> None:
        while self.link.down_reason is None:
            self.link.tick(monotonic_ms())
            self._dispatch()
            self._wake.set()
            await asyncio.sleep(TICK_S)

    def _dispatch(self) -> None:
        for event in self.link.events():
            if event[0] == "voice":
                self.on_voice(event[1], event[2])
            else:
                self._queue.put_nowait(event)
