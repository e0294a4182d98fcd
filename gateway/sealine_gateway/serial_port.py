"""A serial line as asyncio streams: pyserial opens and sets it up, the event loop does the waiting.

Own transports, since the loops' pipes do not fit: uvloop's write pipe reads as well, and takes bytes from the reader.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import serial

from sealine_gateway.errors import SerialPortError

READ_LIMIT: Final = 16 * 1024
READ_BYTES: Final = 4096


class _Incoming(asyncio.ReadTransport):
    """Feeds a StreamReader; pauses when the reader has enough."""

    def __init__(self, handle: int, reader: asyncio.StreamReader) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._handle = handle
        self._reader = reader
        reader.set_transport(self)
        self.resume_reading()

    def pause_reading(self) -> None:
        self._loop.remove_reader(self._handle)

    def resume_reading(self) -> None:
        self._loop.add_reader(self._handle, self._read)

    def close(self) -> None:
        self.pause_reading()

    def _read(self) -> None:
        try:
            data = os.read(self._handle, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # the adapter was pulled out
        if data:
            self._reader.feed_data(data)
        else:
            self.pause_reading()
            self._reader.feed_eof()


class _Outgoing(asyncio.Transport):
    """Writes as fast as the line takes it. Ends without closing the line."""

    def __init__(self, handle: int, protocol: asyncio.streams.FlowControlMixin) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._handle = handle
        self._protocol = protocol
        self._buffer = bytearray()
        self._high = READ_LIMIT
        self._paused = False
        self._over = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:  # noqa: ARG002
        self._high = READ_LIMIT if high is None else high

    def get_write_buffer_size(self) -> int:
        return len(self._buffer)

    def is_closing(self) -> bool:
        return self._over

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._over:
            return
        self._buffer += data
        self._flush()
        if len(self._buffer) > self._high and not self._paused:
            self._paused = True
            self._protocol.pause_writing()

    def abort(self) -> None:
        if not self._over:
            self._end(None)

    def close(self) -> None:
        self.abort()

    def _flush(self) -> None:
        try:
            del self._buffer[: os.write(self._handle, self._buffer)]
        except BlockingIOError:
            pass
        except OSError as error:
            self._end(error)
            return
        if self._buffer:
            self._loop.add_writer(self._handle, self._flush)
        else:
            self._loop.remove_writer(self._handle)
        if self._paused and len(self._buffer) <= self._high:
            self._paused = False
            self._protocol.resume_writing()

    def _end(self, error: OSError | None) -> None:
        self._over = True
        self._buffer.clear()
        self._loop.remove_writer(self._handle)
        self._protocol.connection_lost(error)


class SerialLine:
    """An open line: one reader for its life, a writer of its own for each link on it."""

    def __init__(self, handle: int) -> None:
        """Use `open_serial`."""
        self._handle = handle
        self.reader = asyncio.StreamReader(READ_LIMIT)
        self._incoming = _Incoming(handle, self.reader)

    def writer(self) -> asyncio.StreamWriter:
        """A writer that a link may close without closing the line. One at a time."""
        protocol = asyncio.streams.FlowControlMixin()
        transport = _Outgoing(self._handle, protocol)
        return asyncio.StreamWriter(transport, protocol, None, asyncio.get_running_loop())

    def close(self) -> None:
        """Let go of the line."""
        self._incoming.close()


@asynccontextmanager
async def open_serial(url: str, baud: int) -> AsyncIterator[SerialLine]:
    """Open a port or pyserial URL that has a file descriptor. Raises OSError or SerialPortError."""
    port = serial.serial_for_url(url, baudrate=baud, timeout=0, exclusive=True)
    try:
        handle = port.fileno()
        os.set_blocking(handle, False)
        line = SerialLine(handle)
        try:
            yield line
        finally:
            line.close()
    except (AttributeError, PermissionError, ValueError) as error:
        raise SerialPortError("serial: this kind of port has no file descriptor to wait for") from error
    finally:
        port.close()
