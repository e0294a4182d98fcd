"""The byte stream to the gateway: TCP over the board's network, or its serial line; the frames on it are the same."""

import asyncio

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SERIAL = "serial"
# docs/protocol.md: the slowest line that carries a call.
_BAUD = const(460_800)
_UART = const(1)
_CONNECT_S = const(5)  # lwIP itself would try a dead address for 30 s
# On TCP the link's own limit for a handshake ends the try.
_ANSWER_TCP_S = const(6)
# A serial line does not say when the other end begins anew. After 2 s of silence the gateway lets go of an old link,
# so the next try meets a fresh one; at 9600 baud the longest answer takes 1.3 s.
_ANSWER_SERIAL_S = 2.5


class SerialStream(asyncio.StreamReader):
    """A UART as a stream; it is never closed, the next link uses it again."""

    def __init__(self) -> None:
        import machine

        uart = machine.UART(_UART, _BAUD)
        super().__init__(uart)
        while uart.read():  # what came in behind the last link belongs to nobody
            pass
        uart.write(b"\0")  # ends what the last link may have left half written

    async def wait_closed(self) -> None:
        """Nothing is to be done."""


class Line:
    """Opens the stream that `address()` names: host:port, or `serial`."""

    def __init__(self, address: "Callable[[], str]", join_network: "Callable[[], None]") -> None:
        """`join_network` brings the board's network up; it is called once, when it is needed."""
        self._address = address
        self._join_network = join_network
        self._joined = False
        self.answer_s: float = _ANSWER_TCP_S  # how long the gateway may take for its first word

    async def open(self) -> "Any":
        """A connected stream; OSError or TimeoutError if there is none."""
        address = self._address()
        if address == SERIAL:
            self.answer_s = _ANSWER_SERIAL_S
            return SerialStream()
        host, port = _host_and_port(address)
        if not self._joined:
            self._join_network()
            self._joined = True
        self.answer_s = _ANSWER_TCP_S
        stream, _same = await asyncio.wait_for(asyncio.open_connection(host, port), _CONNECT_S)
        return stream


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise OSError("no gateway address")
    return host, int(port)
