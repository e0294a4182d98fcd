"""The link server: accepts streams (TCP, serial), lets only enrolled terminals in, and keeps them apart."""

import asyncio
import contextlib
from typing import Any, Final

from nacl.public import PrivateKey
from sealine_protocol import log
from sealine_protocol.clock import monotonic_ms
from sealine_protocol.codec import decode, encode
from sealine_protocol.errors import ProtocolError
from sealine_protocol.link import Link, PeerError
from sealine_protocol.link_stream import LinkStream

from sealine_gateway.errors import SerialPortError
from sealine_gateway.handshakes import Handshakes
from sealine_gateway.limits import LimitedReader
from sealine_gateway.serial_port import open_serial
from sealine_gateway.session import Peer, Services, Session

SERIAL_RETRY_S: Final = 2.0
STREAM_LIMIT: Final = 16 * 1024  # bytes that wait in a connection's reader


class LinkServer:
    """All links of the gateway."""

    def __init__(
        self,
        services: Services,
        *,
        facility: str,
        link_key: PrivateKey,
        chain: tuple[bytes, ...],
        max_terminals: int,
    ) -> None:
        """`chain` is the gateway's own credential, then its issuers."""
        self._services = services
        self._facility = facility
        self._link_key = bytes(link_key)
        self._hello = encode("link-hello", {"credentials": list(chain)})
        self._max_terminals = max_terminals
        self._sessions: dict[bytes, Session] = {}
        self._handshakes = Handshakes()
        self._connections: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Serve TCP."""
        return await asyncio.start_server(self._on_connection, host, port, limit=STREAM_LIMIT)

    async def serve_serial(self, url: str, baud: int) -> None:
        """Serve one serial line for ever: a link, and behind it the next one."""
        while True:
            try:
                async with open_serial(url, baud) as line:
                    log.event("serial port open", address=url)
                    while head := await line.reader.read(1024):  # a link begins with its first byte
                        await self._serve(line.reader, line.writer(), head)
            except (OSError, SerialPortError) as error:
                log.warning("serial port failed", address=url, error=type(error).__name__)
            await asyncio.sleep(SERIAL_RETRY_S)

    def deliver(self, terminal: bytes, answer: dict[str, Any]) -> None:
        """Pass an answer of central's to a terminal, if it is here."""
        session = self._sessions.get(terminal)
        if session is not None:
            session.deliver(answer)

    def on_bundle(self, kind: str) -> None:
        """A bundle was installed: offer it; and if it is about trust, let those go who are no longer trusted."""
        for session in list(self._sessions.values()):
            if kind in {"trust", "revocations"} and not self._is_trusted(session.peer):
                log.warning("link ended, no longer trusted", terminal=log.short(session.terminal))
                session.end()
            else:
                session.offer_bundles(anew=kind == "trust")  # what it refused it may take under a new one

    async def close(self) -> None:
        """End all links."""
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        with contextlib.suppress(asyncio.CancelledError):  # only `close` cancels
            await self._serve(reader, writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes = b"") -> None:
        """One link from its first byte to its end."""
        link = Link("gateway", self._facility, self._link_key, self._hello, self._check_peer, monotonic_ms())
        limited = LimitedReader(reader, lambda: _bad_frames(link), head)
        stream = LinkStream(link, limited, writer)
        self._begin(stream, writer.get_extra_info("peername"))
        pump = asyncio.create_task(stream.run(), name="link")
        try:
            await self._serve_link(stream)
        except Exception as error:  # noqa: BLE001 - the supervisor of links: whatever one brings, the others go on
            log.warning("link failed", error=type(error).__name__)
        finally:
            self._handshakes.end(stream)
            stream.close()
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
            if not writer.transport.is_closing():  # a pump that never ran, or was cut off at its end
                writer.transport.abort()
            self._services.metrics.frames_dropped.inc(_bad_frames(link))

    async def _serve_link(self, stream: LinkStream) -> None:
        session: Session | None = None
        try:
            async for event in stream.events():
                match event:
                    case ("up", Peer() as peer):
                        session = self._enter(stream, peer)
                    case ("control", data) if session is not None:
                        await session.on_control(data)
                    case ("bulk", data) if session is not None:
                        await session.on_bulk(data)
                    case ("down", reason):
                        self._log_down(session, reason)
        finally:
            if session is not None:
                await self._leave(session)

    def _begin(self, stream: LinkStream, peer: tuple[Any, ...] | None) -> None:
        """A serial line (no peer) has one link and crowds nobody."""
        if peer is None:
            return
        crowded = self._handshakes.begin(str(peer[0]), stream)
        if crowded is not None:
            self._services.metrics.links_refused.labels("crowded").inc()
            crowded.close()

    def _enter(self, stream: LinkStream, peer: Peer) -> Session | None:
        """A terminal is in. An older link of the same terminal is a dead one."""
        self._handshakes.end(stream)
        terminal = peer.credential.key_id
        older = self._sessions.get(terminal)
        if older is None and len(self._sessions) >= self._max_terminals:
            self._services.metrics.links_refused.labels("full").inc()
            stream.close()
            return None
        session = Session(self._services, stream, peer)
        stream.on_voice = session.on_voice  # type: ignore[method-assign]  # the stream's documented hook
        self._sessions[terminal] = session
        if older is not None:
            older.end()
        self._services.metrics.links.set(len(self._sessions))
        self._services.uplink.set_connected(terminal, connected=True)
        log.event("link up", terminal=log.short(terminal), state="restricted" if peer.restricted else "full")
        return session

    async def _leave(self, session: Session) -> None:
        if self._sessions.get(session.terminal) is session:
            del self._sessions[session.terminal]
            self._services.uplink.set_connected(session.terminal, connected=False)
        self._services.metrics.links.set(len(self._sessions))
        await session.close()

    def _log_down(self, session: Session | None, reason: str) -> None:
        if session is None:
            self._services.metrics.links_refused.labels(reason).inc()
            log.event("handshake failed", reason=reason)
        else:
            log.event("link down", terminal=log.short(session.terminal), reason=reason)

    def _check_peer(self, hello: bytes, static_key: bytes) -> Peer:
        """The other end's credential is a terminal's, of our facility, and for the key that it handshakes with."""
        try:
            chain = decode("link-hello", hello)["credentials"]
            credential, restricted = self._services.bundles.check_terminal(chain)
        except ProtocolError as error:
            log.warning("peer refused", error=error)
            raise PeerError("credential") from error
        if credential.link_key != static_key:
            log.warning("peer refused", error="credential: for another link key")
            raise PeerError("credential")
        return Peer(credential=credential, chain=chain, restricted=restricted)

    def _is_trusted(self, peer: Peer) -> bool:
        try:
            self._services.bundles.check_terminal(peer.chain)
        except ProtocolError:
            return False
        return True


def _bad_frames(link: Link) -> int:
    counters = link.counters
    return counters["frames_oversized"] + counters["frames_broken"] + counters["frames_refused"]
