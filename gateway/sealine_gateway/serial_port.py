"""A serial line as asyncio streams: pyserial opens and sets it up, the event loop does the waiting."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import serial

from sealine_gateway.errors import SerialPortError

READ_LIMIT: Final = 16 * 1024


class SerialLine:
    """An open line: one reader for its life, a writer of its own for each link on it."""

    def __init__(self, port: serial.Serial, reader: asyncio.StreamReader) -> None:
        """Use `open_serial`."""
        self._port = port
        self.reader = reader

    async def writer(self) -> asyncio.StreamWriter:
        """A writer that a link may close without closing the line."""
        loop = asyncio.get_running_loop()
        sink = os.fdopen(os.dup(self._port.fileno()), "wb", 0)
        transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sink)
        return asyncio.StreamWriter(transport, protocol, self.reader, loop)


@asynccontextmanager
async def open_serial(url: str, baud: int) -> AsyncIterator[SerialLine]:
    """Open a port or pyserial URL that has a file descriptor. Raises OSError or SerialPortError."""
    port = serial.serial_for_url(url, baudrate=baud, timeout=0, exclusive=True)
    try:
        source = os.fdopen(os.dup(port.fileno()), "rb", 0)
    except (AttributeError, OSError) as error:
        port.close()
        raise SerialPortError("serial: this kind of port has no file descriptor") from error
    reader = asyncio.StreamReader(READ_LIMIT)
    loop = asyncio.get_running_loop()
    incoming, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
    try:
        yield SerialLine(port, reader)
    finally:
        incoming.close()
        port.close()
