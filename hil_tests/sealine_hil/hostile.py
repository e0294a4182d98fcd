# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""A gateway with a true credential that says what the test wants: the real link, no rules behind it."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from sealine_protocol import codec, cose, merkle, receipt
from sealine_protocol.clock import monotonic_ms
from sealine_protocol.hashes import blake2b256
from sealine_protocol.link import Link
from sealine_protocol.link_stream import LinkStream
from sealine_protocol.unit import Unit

from sealine_hil.errors import HilError
from sealine_hil.facility import Facility

START_S: Final = 5.0
PART_BYTES: Final = 4096
TOKEN_KEY: Final = bytes(range(32))

Message = dict[str, Any]


class HostileGateway:
    """Listens with a facility's gateway keys. Attributes are the lies; `say` sends any message at any time."""

    def __init__(self, facility: Facility) -> None:
        self._facility = facility
        self._unit = Unit.load(facility.directory / "gateway")
        self._central = Unit.load(facility.directory / "central")
        self.time_shift_ms = 0  # of the welcome
        self.saves = True  # whether records and chunks are said to be saved
        self.answers_pins = True
        self.call: bytes | None = None  # what the welcome says of a call
        self.bodies: dict[tuple[str, int], bytes] = {}
        self.beacon: Callable[[bytes, bytes], bytes | None] = self.true_beacon
        self.head: Message | None = None  # what true beacons say of the terminal's chain
        self.heard: list[Message] = []
        self.terminal = b""
        self._news = threading.Condition()
        self._stream: LinkStream | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hostile gateway", daemon=True)
        self._thread.start()
        server = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = self._run(server)
        self.port = int(self._server.sockets[0].getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it all."""
        self._run(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S)
        self._loop.close()

    # What a test says and hears.

    def say(self, **message: Any) -> None:
        """Send one `from-gateway` message."""
        data = codec.encode("from-gateway", message)
        self._loop.call_soon_threadsafe(self._control, data)

    def say_raw(self, data: bytes, *, bulk: bool = False) -> None:
        """Send any bytes as a message."""
        self._loop.call_soon_threadsafe(self._bulk if bulk else self._control, data)

    def say_voice(self, seq: int, frame: bytes) -> None:
        """Send a frame of voice."""
        self._loop.call_soon_threadsafe(self._voice, seq, frame)

    def wait(self, kind: str, timeout_s: float = 10.0, *, after: int = 0) -> Message:
        """The first message of a type among those from number `after` on. Raises HilError."""
        with self._news:
            found = self._news.wait_for(lambda: self._find(kind, after), timeout_s)
        if not found:
            raise HilError(
                f"no {kind} within {timeout_s:g} s, but {[message['type'] for message in self.heard[after:]]}"
            )
        return found

    def count(self, kind: str) -> int:
        """How many messages of a type came."""
        return sum(message["type"] == kind for message in self.heard)

    def drop_link(self) -> None:
        """End the connection; the terminal makes another one."""
        self._loop.call_soon_threadsafe(self._drop)

    def offer(self, kind: str, header: bytes, body: bytes, version: int, key: Mapping[str, Any] | None = None) -> None:
        """Offer a bundle and serve its body."""
        self.bodies[kind, version] = body
        self.say(type="offer", header=header, key=dict(key) if key else None)

    def offer_file(self, path: Path) -> None:
        """Offer a published bundle, with the directory key of this terminal."""
        published = codec.decode("published-bundle", path.read_bytes())
        header = codec.decode("bundle-header", cose.parse(published["header"]).payload)
        key = next((key for key in published["keys"] if key["terminal"] == self.terminal), None)
        self.offer(header["kind"], published["header"], published["body"], header["version"], key)

    # Central's true words, which a gateway only passes on.

    def true_beacon(self, nonce: bytes, terminal: bytes) -> bytes:
        """The beacon that central would give now."""
        return self.signed_beacon(nonce, terminal)

    def signed_beacon(self, nonce: bytes, terminal: bytes, **changes: Any) -> bytes:
        """An encoded answer with a beacon under central's key; `changes` are what a true central would not say."""
        fields = {
            "version": 1,
            "nonce": nonce,
            "terminal": terminal,
            "time": time.time_ns() // 1_000_000,
            "newest": dict(self._facility.versions),
            "head": self.head,
            "facility": self._facility.name,
        } | changes
        statement = cose.sign("beacon", codec.encode("beacon", fields), self._central.identity)
        return codec.encode("answer", {"kind": "beacon", "subject": terminal + bytes(16), "statement": statement})

    def receipt(self, proved: bytes, subject: bytes, *, key: Any = None) -> Message:
        """An answer with a receipt for the bytes `proved`, said to be about `subject`."""
        proof = receipt.make(0, 1, [], merkle.leaf_hash(proved), key or self._central.identity, int(time.time()))
        return {"kind": "receipt", "subject": subject, "statement": proof}

    # Inside; all of it in the loop's thread.

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_S)

    async def _shut(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _find(self, kind: str, after: int) -> Message | None:
        return next((message for message in self.heard[after:] if message["type"] == kind), None)

    def _control(self, data: bytes) -> None:
        if self._stream is not None:
            self._stream.send_control(data)

    def _bulk(self, data: bytes) -> None:
        if self._stream is not None:
            self._stream.send_bulk(data)

    def _voice(self, seq: int, frame: bytes) -> None:
        if self._stream is not None:
            self._stream.send_voice(seq, frame)

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = codec.encode("link-hello", {"credentials": list(self._unit.enrolled().chain)})
        link = Link("gateway", self._facility.name, bytes(self._unit.link), hello, lambda *_: None, monotonic_ms())
        stream = LinkStream(link, reader, writer)
        stream.on_voice = self._on_voice  # type: ignore[method-assign]  # the stream's documented hook
        pump = asyncio.ensure_future(stream.run())
        try:
            async for event in stream.events():
                match event:
                    case ("up", _):
                        self._stream = stream
                    case ("control", data):
                        self._take(codec.decode("from-terminal", data))
                    case ("bulk", data):
                        self._take(codec.decode("bulk-up", data))
        except asyncio.CancelledError:
            pass  # the test is over; whoever started this task has no use for the news
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)

    def _on_voice(self, sequence: int, frame: bytes) -> None:
        self._note({"type": "voice", "seq": sequence, "frame": frame})

    def _take(self, message: Message) -> None:
        self._note(message)
        handler = getattr(self, "_on_" + message["type"].replace("-", "_"), None)
        if handler is not None:
            handler(message)

    def _note(self, message: Message) -> None:
        with self._news:
            self.heard.append(message)
            self._news.notify_all()

    def _send(self, **message: Any) -> None:
        self._control(codec.encode("from-gateway", message))

    def _on_ready(self, _message: Message) -> None:
        now = time.time_ns() // 1_000_000 + self.time_shift_ms
        self._send(type="welcome", time=now, token_key=TOKEN_KEY, call=self.call)

    def _on_beacon_ask(self, message: Message) -> None:
        answer = self.beacon(message["nonce"], self.terminal)
        if answer is not None:
            self._send(type="deliver", answer=codec.decode("answer", answer))

    def _on_check_pin(self, _message: Message) -> None:
        if self.answers_pins:
            self._send(type="pin-result", ok=True, language="en", wait_s=0)

    def _on_record(self, message: Message) -> None:
        if self.saves:
            self._send(type="saved", hash=blake2b256(message["record"]))

    def _on_chunk(self, message: Message) -> None:
        if self.saves:
            self._send(type="saved-chunk", record=message["record"], index=message["index"])

    def _on_fetch(self, message: Message) -> None:
        kind, version, offset = message["kind"], message["version"], message["offset"]
        data = self.bodies[kind, version][offset : offset + PART_BYTES]
        self._bulk(
            codec.encode(
                "bulk-down", {"type": "part", "kind": kind, "version": version, "offset": offset, "data": data}
            )
        )
