# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""A bad network: a TCP proxy between a terminal and its gateway that can hold, cut, and touch single frames.

It knows of the link only that frames end with a zero byte; whatever it does to them, it does without any key.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeAlias

Direction: TypeAlias = Literal["up", "down"]
Fault: TypeAlias = Callable[[Direction, bytes], list[bytes]]
"""Gets a frame with its delimiter and returns what goes on in its place: nothing, it, it twice, others."""

START_S: Final = 5.0
READ_BYTES: Final = 4096


class Proxy:
    """Listens on a port of its own for one gateway; runs in a thread of its own until `close`."""

    def __init__(self, gateway_port: int) -> None:
        self.fault: Fault | None = None
        self.frames: dict[Direction, int] = {"up": 0, "down": 0}
        self.connections = 0
        self.port = 0
        self._gateway_port = gateway_port
        self._refusing = False
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = int(self._server.sockets[0].getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def hold(self) -> None:
        """Pull the cable: nothing passes and nobody is told; what is under way arrives after `heal`."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def cut(self) -> None:
        """Reset all connections and refuse new ones until `heal`."""
        self._refusing = True
        self._loop.call_soon_threadsafe(self._drop_all)

    def heal(self) -> None:
        """A good network again."""
        self._refusing = False
        self._loop.call_soon_threadsafe(self._open.set)

    def close(self) -> None:
        """End it all."""
        if self._thread.is_alive():
            self._run(self._shut())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(START_S)
            self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_S)

    async def _shut(self) -> None:
        self._server.close()
        self._drop_all()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _drop_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        self.connections += 1
        self._writers.add(writer)
        try:
            await self._open.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._gateway_port)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(back)
        ways = [
            asyncio.ensure_future(self._pass_on("up", reader, back)),
            asyncio.ensure_future(self._pass_on("down", there, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, back):
                end.transport.abort()
                self._writers.discard(end)

    async def _pass_on(self, way: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pending = b""
        try:
            while data := await reader.read(READ_BYTES):
                *frames, pending = (pending + data).split(b"\0")
                await self._open.wait()
                for frame in frames:
                    self.frames[way] += 1
                    fault = self.fault
                    for passed in [frame + b"\0"] if fault is None else fault(way, frame + b"\0"):
                        writer.write(passed)
                await writer.drain()
        except OSError:
            return
