"""A wall phone in host Python: the real link core and formats, a person's hands in place of the call engine.

For tests and load of gateway and central; what a terminal must hold against a gateway is tried on the firmware.
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nacl.public import PrivateKey
from nacl.signing import SigningKey
from sealine_protocol import cose
from sealine_protocol.clock import monotonic_ms
from sealine_protocol.codec import decode, encode
from sealine_protocol.hashes import blake2b256, key_id
from sealine_protocol.link import Link
from sealine_protocol.link_stream import LinkStream

from sealine_hil.errors import HilError

FIRMWARE = {"version": "simulated", "hash": bytes(32)}


@dataclass
class Keys:
    """The keys of a terminal, and the credentials that were given for them."""

    identity: SigningKey = field(default_factory=SigningKey.generate)
    link: PrivateKey = field(default_factory=PrivateKey.generate)
    chain: tuple[bytes, ...] = ()

    @property
    def key_id(self) -> bytes:
        """Of the identity key."""
        return key_id(bytes(self.identity.verify_key))


class SimulatedTerminal:
    """One terminal; `connect` may be called again behind `disconnect`."""

    def __init__(self, facility: str, name: str, keys: Keys) -> None:
        self.facility = facility
        self.name = name
        self.keys = keys
        self.voice: list[tuple[int, bytes]] = []
        self.down: str | None = None
        self.welcome: dict[str, Any] = {}
        self.seq = 0
        self.prev = blake2b256(keys.chain[0]) if keys.chain else bytes(32)
        self._messages: deque[dict[str, Any]] = deque()
        self._news = asyncio.Condition()
        self._tasks: list[asyncio.Task[Any]] = []
        self._stream: LinkStream | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(
        self,
        host: str,
        port: int,
        *,
        call: bytes | None = None,
        installed: Mapping[str, int] | None = None,
    ) -> None:
        """Handshake, ready, welcome. Raises HilError with the reason if the link goes down instead."""
        reader, writer = await asyncio.open_connection(host, port)
        await self.connect_streams(reader, writer)
        self.send(
            {"type": "ready", "firmware": FIRMWARE, "head": None, "installed": dict(installed or {}), "call": call}
        )
        self.welcome = await self.expect("welcome")

    async def connect_streams(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The handshake alone, on any stream."""
        hello = encode("link-hello", {"credentials": list(self.keys.chain)})
        link = Link("terminal", self.facility, bytes(self.keys.link), hello, lambda *_: None, monotonic_ms())
        self.down = None
        self._messages.clear()
        self._writer = writer
        self._stream = LinkStream(link, reader, writer)
        self._stream.on_voice = self._on_voice  # type: ignore[method-assign]  # the stream's documented hook
        up = asyncio.get_running_loop().create_future()
        self._tasks = [
            asyncio.create_task(self._stream.run(), name="terminal link"),
            asyncio.create_task(self._read(self._stream, up), name="terminal read"),
        ]
        async with asyncio.timeout(10):
            await up

    async def disconnect(self) -> None:
        """Cut the link without a word."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._writer is not None and not self._writer.transport.is_closing():
            self._writer.transport.abort()

    def send(self, message: Mapping[str, Any]) -> None:
        """Queue one `from-terminal` message."""
        self.stream.send_control(encode("from-terminal", dict(message)))

    def send_bulk(self, message: Mapping[str, Any]) -> None:
        """Queue one `bulk-up` message."""
        self.stream.send_bulk(encode("bulk-up", dict(message)))

    @property
    def stream(self) -> LinkStream:
        """The live link."""
        if self._stream is None:
            raise HilError("the simulated terminal is not connected")
        return self._stream

    async def expect(self, kind: str, timeout_s: float = 10.0) -> dict[str, Any]:
        """The next message of this type; those before it of other types stay. Raises HilError."""
        try:
            async with asyncio.timeout(timeout_s), self._news:
                while True:
                    for message in self._messages:
                        if message["type"] == kind:
                            self._messages.remove(message)
                            return message
                    if self.down is not None:
                        raise HilError(f"link down: {self.down}")
                    await self._news.wait()
        except TimeoutError:
            waiting = [message["type"] for message in self._messages]
            raise HilError(f"no {kind} within {timeout_s} s; there are {waiting}") from None

    async def wait_down(self, timeout_s: float = 10.0) -> str:
        """The reason for which the link went down."""
        async with asyncio.timeout(timeout_s), self._news:
            await self._news.wait_for(lambda: self.down is not None)
        return str(self.down)

    def record(self, **changes: Any) -> bytes:
        """The next signed record of this terminal's chain: an abandoned call, with `changes`."""
        now = time.time_ns() // 1_000_000
        anchor = blake2b256(self.keys.chain[0])
        fields = {
            "version": 1,
            "kind": "call",
            "id": os.urandom(16),
            "terminal": self.name,
            "facility": self.facility,
            "seq": self.seq,
            "prev": self.prev,
            "anchor": anchor,
            "started": now - 1000,
            "answered": None,
            "accepted_at": None,
            "ended": now,
            "talk_ms": 0,
            "clock": {"source": "gateway", "age": 0},
            "end_reason": "abandoned",
            "person_token": None,
            "number_token": os.urandom(16),
            "envelopes": [],
            "privileged": "none",
            "directory": None,
            "policy": None,
            "trust": {"version": 1, "hash": bytes(32)},
            "notice": [],
            "tariff": None,
            "charge": {"minutes": 0, "amount": 0, "refunded": 0},
            "recording": None,
            "firmware": FIRMWARE,
        } | changes
        signed = cose.sign("record", encode("record", fields), self.keys.identity)
        self.seq += 1
        self.prev = blake2b256(signed)
        return signed

    async def save(self, signed: bytes) -> None:
        """Send a record and wait until the gateway has it on disk."""
        self.send_bulk({"type": "record", "record": signed, "envelopes": []})
        saved = await self.expect("saved")
        if saved["hash"] != blake2b256(signed):
            raise HilError("saved: another record")

    async def fetch(self, kind: str, version: int, length: int) -> bytes:
        """A whole bundle body, part by part."""
        body = b""
        while len(body) < length:
            self.send({"type": "fetch", "kind": kind, "version": version, "offset": len(body)})
            body += (await self.expect("part"))["data"]
        return body

    def _on_voice(self, sequence: int, frame: bytes) -> None:
        self.voice.append((sequence, frame))

    async def _read(self, stream: LinkStream, up: asyncio.Future[None]) -> None:
        async for event in stream.events():
            async with self._news:
                match event:
                    case ("up", _):
                        up.set_result(None)
                    case ("control", data):
                        self._messages.append(decode("from-gateway", data))
                    case ("bulk", data):
                        self._messages.append(decode("bulk-down", data))
                    case ("down", reason):
                        self.down = reason
                        if not up.done():
                            up.set_exception(HilError(f"link down: {reason}"))
                self._news.notify_all()
