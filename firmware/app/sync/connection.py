"""Keeps one link to the gateway up: connect, pump, hand over what arrives, and begin again when it drops."""

import asyncio
from time import ticks_ms

import sodium
from micropython import const
from store import StoreError
from wire import codec
from wire.channel import PeerError
from wire.errors import WireError
from wire.link import Link
from wire.link_stream import LinkStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from store.identity import Identity
    from store.trust import Trust

    from sync.exchange import Exchange
    from sync.line import Line


_FIRST_WAIT_MS = const(200)
# A call survives 2 s without a link: for so long the tries stay quick, since the last of them must still be in time.
_QUICK_TRIES = const(8)
_MAX_WAIT_MS = const(5_000)


class Connection:
    """The task around `Exchange`; `voice` takes the far party's frames, `line` gives a connected stream."""

    def __init__(self, identity: "Identity", trust: "Trust", exchange: "Exchange", voice: "Any", line: "Line") -> None:
        self._identity = identity
        self._trust = trust
        self._exchange = exchange
        self._voice = voice
        self._line = line
        self._stream: "Any" = None
        self._dropped = 0
        self.failures = 0
        self.last_reason = ""

    def send_voice(self, sequence: int, frame: bytearray) -> None:
        """20 ms for the far party; dropped while there is no link."""
        if self._stream is not None:
            self._stream.send_voice(sequence, frame)
        else:
            self._dropped += 1

    def frames_lost(self) -> int:
        """Frames of voice since the start for which there was no room or no link."""
        return self._dropped + (self._stream.link.voice_dropped if self._stream is not None else 0)

    async def run(self, monotonic_ms: "Callable[[], int]") -> None:
        """For ever: one link after the other, with a growing and jittered wait between failures."""
        wait_ms, tries = _FIRST_WAIT_MS, 0
        while True:
            try:
                was_up = await self._once(monotonic_ms)
            except (OSError, asyncio.TimeoutError):  # noqa: UP041 two classes in MicroPython
                was_up = False
                self.last_reason = "unreachable"
            if was_up:
                wait_ms, tries = _FIRST_WAIT_MS, 0
            self.failures += 1
            await asyncio.sleep_ms(wait_ms + sodium.random(1)[0])
            tries += 1
            if tries >= _QUICK_TRIES:
                wait_ms = min(2 * wait_ms, _MAX_WAIT_MS)

    async def _once(self, monotonic_ms: "Callable[[], int]") -> bool:
        stream = await self._line.open()
        hello = codec.encode("link-hello", {"credentials": self._identity.chain})
        link = Link(
            self._identity.facility,
            self._identity.link_secret,
            hello,
            self._check_peer,
            ticks_ms(),
            self._voice.receive,
        )
        self._stream = LinkStream(link, stream)
        pump = asyncio.create_task(self._stream.run())
        try:
            first = await asyncio.wait_for(self._stream.next_event(), self._line.answer_s)
            return await self._listen(first, monotonic_ms)
        finally:
            self.last_reason = link.down_reason or "closed"
            self._dropped += link.voice_dropped
            self._stream.close()
            self._stream = None
            self._exchange.down()
            await pump

    async def _listen(self, event: tuple, monotonic_ms: "Callable[[], int]") -> bool:
        """Serve a link from its first event on; whether it was up at all."""
        if event[0] == "down":
            return False
        self._exchange.up(self._stream, monotonic_ms())
        while True:
            event = await self._stream.next_event()
            kind = event[0]
            if kind == "down":
                return True
            if kind == "control":
                self._exchange.control(event[1], monotonic_ms())
            elif kind == "bulk":
                self._exchange.bulk(event[1])
            elif kind == "bulk-sent":
                self._exchange.bulk_sent()

    def _check_peer(self, hello: bytes, static_key: bytes) -> object:
        """The gateway's credential, if it is one of this facility for exactly this key."""
        try:
            chain = codec.decode("link-hello", hello)["credentials"]
            peer = self._trust.judge(chain, "gateway")
        except (WireError, StoreError):
            raise PeerError("credential does not hold", "link-hello")
        if peer.link_key != bytes(static_key):
            raise PeerError("credential for another key", "link-hello")
        return peer
