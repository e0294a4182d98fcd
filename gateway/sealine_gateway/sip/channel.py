"""Signalling connections to one peer: UDP, TCP, TLS. Each knows one remote address and speaks to no other."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import Any, Final, Literal

from sealine_gateway.limits import Bucket
from sealine_gateway.sip.errors import ChannelError, MessageError
from sealine_gateway.sip.message import MAX_BODY_BYTES, MAX_HEAD_BYTES, Framer

CONNECT_S: Final = 5.0
MAX_UNSENT_BYTES: Final = 65_536  # a peer that stops reading is lost
MESSAGES_PER_S: Final = 500  # 30 calls at once make some tens
PAUSE_S: Final = 0.1

Protocol = Literal["UDP", "TCP", "TLS"]
OnMessage = Callable[[bytes], None]


class SocketChannel:
    """A connection that may come and go; while it is gone, what is sent is lost."""

    def __init__(
        self,
        protocol: Protocol,
        remote: tuple[str, int],
        bind: str,
        on_message: OnMessage,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """`bind` is our own address. `context` is for TLS; the peer's certificate must name the remote host."""
        self.protocol: str = protocol
        self.reliable = protocol != "UDP"
        self.local = (bind, 0)
        self.lost = asyncio.Event()
        self.lost.set()
        self._remote = remote
        self._bind = bind
        self._on_message = on_message
        self._context = context
        self._transport: asyncio.BaseTransport | None = None

    @property
    def connected(self) -> bool:
        """Whether what is sent has a chance."""
        return not self.lost.is_set()

    async def connect(self) -> None:
        """Make the connection. Raises ChannelError."""
        loop = asyncio.get_running_loop()
        local = (self._bind, 0)
        factory: Any = (lambda: _Datagrams(self)) if self.protocol == "UDP" else (lambda: _Stream(self))
        try:
            async with asyncio.timeout(CONNECT_S):
                if self.protocol == "UDP":
                    made = await loop.create_datagram_endpoint(factory, local_addr=local, remote_addr=self._remote)
                    transport: asyncio.BaseTransport = made[0]
                else:
                    host, port = self._remote
                    name = host if self._context is not None else None
                    transport, _ = await loop.create_connection(
                        factory, host, port, ssl=self._context, server_hostname=name, local_addr=local
                    )
        except (OSError, TimeoutError, ssl.SSLError) as error:
            raise ChannelError("sip: the peer cannot be reached") from error
        self._transport = transport
        self.local = transport.get_extra_info("sockname")[:2]
        self.lost.clear()

    def send(self, data: bytes) -> None:
        """See dialog.Channel."""
        transport: Any = self._transport
        if transport is None or not self.connected or transport.is_closing():
            return
        if self.protocol == "UDP":
            transport.sendto(data)
        elif transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            transport.abort()
        else:
            transport.write(data)

    def close(self) -> None:
        """Let go of the socket."""
        if self._transport is not None:
            self._transport.close()
        self.lost.set()

    def deliver(self, data: bytes) -> None:
        """A whole message came in."""
        self._on_message(data)


class _Datagrams(asyncio.DatagramProtocol):
    """One message per datagram; a peer that sends too many loses the rest."""

    def __init__(self, channel: SocketChannel) -> None:
        self._channel = channel
        self._bucket = Bucket(MESSAGES_PER_S, MESSAGES_PER_S)

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - the socket is connected
        if self._bucket.credit() >= 1 and len(data) <= MAX_HEAD_BYTES + MAX_BODY_BYTES:
            self._bucket.take()
            self._channel.deliver(data)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there: the transactions time out, a later datagram may arrive."""


class _Stream(asyncio.Protocol):
    """Messages out of a stream; one that is out of step is closed."""

    def __init__(self, channel: SocketChannel) -> None:
        self._channel = channel
        self._framer = Framer()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._framer.feed(data)
        except MessageError:
            self._transport.abort()
            return
        for message in messages:
            self._channel.deliver(message)
        if len(messages) > MESSAGES_PER_S * PAUSE_S:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(PAUSE_S, self._resume)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why makes no difference
        self._channel.lost.set()

    def _resume(self) -> None:
        with contextlib.suppress(RuntimeError):  # it was closed meanwhile
            if not self._transport.is_closing():
                self._transport.resume_reading()
