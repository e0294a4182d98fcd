"""A serial line as a pair of asyncio streams: pyserial opens and sets it up, the event loop does the waiting."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import serial

from sealine_gateway.errors import SerialPortError


@asynccontextmanager
async def open_serial(url: str, baud: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a port or pyserial URL that has a file descriptor. Raises OSError (serial.SerialException is one)."""
    port = serial.serial_for_url(url, baudrate=baud, timeout=0, exclusive=True)
    loop = asyncio.get_running_loop()
    try:
        # Two descriptors, since each transport closes its own.
        source, sink = os.fdopen(os.dup(port.fileno()), "rb", 0), os.fdopen(os.dup(port.fileno()), "wb", 0)
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        incoming, _ = await loop.connect_read_pipe(lambda: protocol, source)
        outgoing, writing = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sink)
        try:
            yield reader, asyncio.StreamWriter(outgoing, writing, reader, loop)
        finally:
            incoming.close()
            outgoing.abort()
    except (AttributeError, ValueError) as error:
        raise SerialPortError("serial: this kind of port has no file descriptor") from error
    finally:
        port.close()
