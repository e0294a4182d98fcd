"""One UDP socket of a call, which a flooding peer can keep busy for a small share of the time only."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final

from sealine_gateway.limits import Bucket

PACKETS_PER_S: Final = 400  # voice has 50 to 100, with digits some more
BURST: Final = 200  # 4 s of voice that waited for a busy gateway
PAUSE_S: Final = 0.1  # how long a flooded socket is left alone
MAX_READ: Final = 32  # packets in a row before other sockets have their turn
MAX_DRAIN: Final = 2000
BUFFER_BYTES: Final = 131_072  # kernel buffer: some 300 packets
EXPEDITED: Final = 0xB8  # RFC 3246: voice goes first where the network knows it


class Flow:
    """A bound socket, then a connected one: the kernel drops what comes from elsewhere than the peer's address."""

    def __init__(self, family: socket.AddressFamily, host: str, port: int, on_packet: Callable[[bytes], None]) -> None:
        """Raises OSError if the port is taken."""
        self._on_packet = on_packet
        self._peer: tuple[str, int] | None = None
        self._loop = asyncio.get_running_loop()
        self._bucket = Bucket(PACKETS_PER_S, BURST)
        self._pause: asyncio.TimerHandle | None = None
        self.flooded = 0
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            if family == socket.AF_INET:
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EXPEDITED)
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise

    def aim(self, host: str, port: int) -> bool:
        """Send to, and listen to, this peer alone; True if it is another one. Raises OSError for a foreign family."""
        peer = (host, port)
        if peer == self._peer:
            return False
        socket.inet_pton(self._socket.family, host)  # an address, never a name that would be looked up
        self._socket.connect(peer)
        self._drain()  # what came early, or from elsewhere, is no part of the call
        if self._peer is None:
            self._loop.add_reader(self._socket, self._readable)
        self._peer = peer
        return True

    def send(self, packet: bytes) -> None:
        """Send it, or lose it."""
        if self._peer is not None:
            with contextlib.suppress(OSError):
                self._socket.send(packet)

    def close(self) -> None:
        """Once and for all."""
        if self._pause is not None:
            self._pause.cancel()
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _readable(self) -> None:
        for _ in range(MAX_READ):
            if self._bucket.credit() < 1:
                self.flooded += 1
                self._loop.remove_reader(self._socket)
                self._pause = self._loop.call_later(PAUSE_S, self._resume)
                return
            try:
                data = self._socket.recv(2048)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP answer to something that we sent
            self._bucket.take()
            self._on_packet(data)
            if self._socket.fileno() < 0:  # the packet was the end of the call
                return

    def _resume(self) -> None:
        self._pause = None
        self._drain()
        self._loop.add_reader(self._socket, self._readable)

    def _drain(self) -> None:
        for _ in range(MAX_DRAIN):
            try:
                self._socket.recv(1)
            except BlockingIOError:
                return
            except OSError:
                continue
