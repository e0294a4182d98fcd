"""One terminal's session: what its messages ask for, done or refused, and what the gateway tells it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from sealine_protocol import log
from sealine_protocol.clock import now_ms
from sealine_protocol.codec import decode, encode
from sealine_protocol.credential import Credential
from sealine_protocol.errors import MqttError, WireError
from sealine_protocol.hashes import terminal_token_key
from sealine_protocol.link import LinkError, LinkFullError
from sealine_protocol.link_stream import LinkStream

from sealine_gateway.bundles import Bundles
from sealine_gateway.call import CallControl
from sealine_gateway.errors import RefusedError
from sealine_gateway.intake import Intake
from sealine_gateway.metrics import Metrics
from sealine_gateway.roster import Roster
from sealine_gateway.uplink import Uplink
from sealine_gateway.vault import Vault

MAX_WAITING: Final = 256  # messages to a terminal that takes none: some seconds of a busy call, or a full journal
MAX_REFUSED: Final = 32  # of one session: a terminal of ours never errs so often
FULL_RETRY_S: Final = 0.02  # a queue of the link empties at the speed of a round trip
BEACON_PAUSE_S: Final = 1.0  # a terminal of ours asks every ten minutes; no other one may busy central
WHAT_BYTES: Final = 128  # CDDL link-error


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Who is at the other end. `restricted`: the credential has expired, and only unpaid duties go on."""

    credential: Credential
    chain: list[bytes]
    restricted: bool


@dataclass(frozen=True, kw_only=True)
class Services:
    """What sessions work with."""

    vault: Vault
    roster: Roster
    bundles: Bundles
    calls: CallControl
    intake: Intake
    uplink: Uplink
    metrics: Metrics


class Session:
    """From the handshake's end to the link's. Implements `call.Handset`."""

    def __init__(self, services: Services, stream: LinkStream, peer: Peer) -> None:
        """Start to send; `close` ends it."""
        self._services = services
        self._stream = stream
        self._ready = False
        self._refused = 0
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(MAX_WAITING)
        self._installed: dict[str, int] = {}
        self._offered: list[dict[str, Any]] = []
        self._nonces: asyncio.Queue[bytes] = asyncio.Queue(1)
        self.peer = peer
        self.terminal = peer.credential.key_id
        self._tasks = [
            asyncio.create_task(self._send_waiting(), name="session send"),
            asyncio.create_task(self._ask_beacons(), name="session beacon"),
        ]

    def send(self, message: dict[str, Any]) -> None:
        """Queue one `from-gateway` message; a terminal that takes nothing loses its link, not our memory."""
        try:
            self._waiting.put_nowait(encode("from-gateway", message))
        except asyncio.QueueFull:
            log.warning("terminal takes nothing", terminal=log.short(self.terminal))
            self._stream.close()

    def send_voice(self, seq: int, frame: bytes) -> None:
        """Send one frame, or drop it."""
        self._stream.send_voice(seq, frame)

    def on_voice(self, sequence: int, frame: bytes) -> None:
        """A frame from the terminal."""
        self._services.calls.voice(self.terminal, sequence, frame)

    def offer_bundles(self, *, anew: bool = False) -> None:
        """Tell the terminal of bundles that are newer than what it has, of each once; or `anew`, of all of them."""
        if not self._ready:
            return
        offers = self._services.bundles.offers(self._installed, self.terminal)
        for offer in offers:
            if anew or offer not in self._offered:
                self.send(offer)
        self._offered = offers

    def deliver(self, answer: dict[str, Any]) -> None:
        """Pass on an answer of central's."""
        if self._ready:
            self.send({"type": "deliver", "answer": answer})

    def end(self) -> None:
        """End the link; `close` follows when it is down."""
        self._stream.close()

    async def close(self) -> None:
        """The link is down."""
        self._services.calls.detach(self.terminal, self)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def on_control(self, data: bytes) -> None:
        """Handle one message of the control channel."""
        await self._handle(data, self._take_control)

    async def on_bulk(self, data: bytes) -> None:
        """Handle one message of the bulk channel: acknowledged only when it is durable."""
        await self._handle(data, self._take_bulk)

    async def _handle(self, data: bytes, take: Callable[[bytes], Awaitable[None]]) -> None:
        try:
            await take(data)
        except WireError as error:
            self._refuse("malformed", str(error))
        except RefusedError as error:
            self._refuse(error.code, error.what)

    async def _take_control(self, data: bytes) -> None:
        message = decode("from-terminal", data)
        if (message["type"] == "ready") == self._ready:
            raise RefusedError("unexpected", message["type"])
        await getattr(self, _HANDLERS[message["type"]])(message)

    async def _take_bulk(self, data: bytes) -> None:
        message = decode("bulk-up", data)
        if not self._ready:
            raise RefusedError("unexpected", message["type"])
        for reply in await self._services.intake.take(self.terminal, self.peer.chain, message):
            self.send(reply)

    async def _on_ready(self, message: dict[str, Any]) -> None:
        self._ready = True
        self._installed = message["installed"]
        services = self._services
        welcome = {
            "type": "welcome",
            "time": now_ms(),
            "token_key": terminal_token_key(services.vault.content.token_key, self.terminal),
            "call": services.calls.attach(self.terminal, self, message["call"]),
        }
        self.send(welcome)
        services.calls.resume(self.terminal)
        self.offer_bundles()

    async def _on_check_pin(self, message: dict[str, Any]) -> None:
        result = await self._services.roster.check(self.terminal, message["person"], message["pin"])
        if not result.ok:
            self._services.metrics.pins_refused.inc()
        self.send({"type": "pin-result", "ok": result.ok, "language": result.language, "wait_s": result.wait_s})

    async def _on_dial(self, message: dict[str, Any]) -> None:
        number = message["number"]
        if self.peer.restricted and not self._services.bundles.is_always_allowed(number):
            raise RefusedError("restricted", "dial")
        self._services.calls.dial(self.terminal, self, message["call"], number)

    async def _on_notice_done(self, message: dict[str, Any]) -> None:
        self._services.calls.notice_done(self.terminal, message["call"])

    async def _on_hang_up(self, message: dict[str, Any]) -> None:
        self._services.calls.hang_up(self.terminal, message["call"])

    async def _on_fetch(self, message: dict[str, Any]) -> None:
        """One part per fetch: the terminal sets the pace, and nothing waits here."""
        kind, version, offset = message["kind"], message["version"], message["offset"]
        data = self._services.bundles.part(kind, version, offset)
        if data is None:
            raise RefusedError("unknown-bundle", kind)
        part = {"type": "part", "kind": kind, "version": version, "offset": offset, "data": data}
        await self._send_bulk(encode("bulk-down", part))

    async def _on_beacon_ask(self, message: dict[str, Any]) -> None:
        """Passed to central in the background; the terminal waits for the newest nonce alone."""
        if self._nonces.full():
            self._nonces.get_nowait()
        self._nonces.put_nowait(message["nonce"])

    async def _ask_beacons(self) -> None:
        while True:
            nonce = await self._nonces.get()
            try:
                await self._services.uplink.ask_beacon(self.terminal, nonce)
            except MqttError:
                if self._nonces.empty():
                    self._nonces.put_nowait(nonce)
            await asyncio.sleep(BEACON_PAUSE_S)

    def _refuse(self, code: str, what: str) -> None:
        """Tell the terminal, count, and end a link that brings nothing else."""
        self._services.metrics.messages_refused.labels(code).inc()
        self._refused += 1
        if self._refused > MAX_REFUSED:
            log.warning("terminal sends nonsense", terminal=log.short(self.terminal), count=self._refused)
            self._stream.close()
        else:
            self.send({"type": "error", "code": code, "what": what.encode()[:WHAT_BYTES].decode(errors="ignore")})

    async def _send_waiting(self) -> None:
        while True:
            await _when_room(self._stream.send_control, await self._waiting.get())

    async def _send_bulk(self, message: bytes) -> None:
        await _when_room(self._stream.send_bulk, message)


async def _when_room(send: Callable[[bytes], int], message: bytes) -> None:
    """Send as soon as the link has room. Into a link that is down: nothing, its owner tells it the next session."""
    while True:
        try:
            send(message)
        except LinkFullError:
            await asyncio.sleep(FULL_RETRY_S)
        except LinkError:
            return
        else:
            return


_HANDLERS: Final = {
    "ready": "_on_ready",
    "check-pin": "_on_check_pin",
    "dial": "_on_dial",
    "notice-done": "_on_notice_done",
    "hang-up": "_on_hang_up",
    "fetch": "_on_fetch",
    "beacon-ask": "_on_beacon_ask",
}
