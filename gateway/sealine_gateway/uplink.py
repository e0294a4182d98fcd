"""The uplink: what goes to central over MQTT, and the order in which it goes; what comes back is handed on.

Records first, in batches; chunks one small batch at a time. Only central's signed answers take anything out of the
outbox or the chunk store; the broker's acknowledgement merely ends a publish (P4).
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Final

from sealine_protocol import log, topics
from sealine_protocol.clock import now_ms
from sealine_protocol.codec import decode, encode, load_sequence
from sealine_protocol.errors import MqttError, ProtocolError
from sealine_protocol.mqtt import Message, MqttConnection, Will

from sealine_gateway import broker
from sealine_gateway.chunks import ChunkStore
from sealine_gateway.config import Config
from sealine_gateway.errors import GatewayError, StorageError
from sealine_gateway.metrics import Metrics
from sealine_gateway.one_thread import OneThread
from sealine_gateway.outbox import Outbox, Store

POLL_S: Final = 1.0  # retries are due at some second
MAX_OUTSTANDING: Final = 5000  # published, unanswered: what a central that is away finds at the broker
CHUNKS_PER_MESSAGE: Final = 8  # 128 KB: a record never waits long behind it
PURGE_EVERY_S: Final = 3600.0
MAX_ANSWERS: Final = 4096  # in one message; central answers a batch of ours, which has fewer uploads, with one
STATUS_DELAY_S: Final = 0.5  # a rack of phones that reconnects is one message, not two hundred

Handler = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]


class Uplink:
    """All traffic with central."""

    def __init__(
        self,
        settings: Config,
        outbox: Outbox,
        chunks: OneThread[ChunkStore],
        metrics: Metrics,
        *,
        on_answer: Handler,
        on_bundle: Handler,
    ) -> None:
        """`on_answer` gets decoded `answer`s, `on_bundle` decoded `published-bundle`s; both raise GatewayError."""
        self._settings = settings
        self._outbox = outbox
        self._chunks = chunks
        self._metrics = metrics
        self._on_answer = on_answer
        self._on_bundle = on_bundle
        self._connected: dict[bytes, bool] = {}
        self._status_due = asyncio.Event()
        self._status_due.set()
        self.chunk_added = asyncio.Event()
        self._answers = self._topic(topics.ANSWERS)
        self._mqtt = MqttConnection(
            settings.mqtt,
            broker.common_name(settings.facility, settings.name),  # the broker takes that of the certificate
            settings.state_path,
            Will(topic=self._topic("status"), payload=self._status("lost")),
            [self._answers, topics.bundle(settings.facility, topics.ANY)],
            self._status_due.set,
        )

    async def run(self) -> None:
        """Work until cancelled; then say so to the broker."""
        try:
            async with asyncio.TaskGroup() as group:
                for name, work in (
                    ("mqtt", self._mqtt.run()),
                    ("mqtt receive", self._receive()),
                    ("publish records", self._publish_records()),
                    ("publish chunks", self._publish_chunks()),
                    ("publish status", self._publish_status()),
                    ("purge", self._purge()),
                ):
                    group.create_task(work, name=name)
        finally:
            self._metrics.uplink.set(0)

    async def stop(self) -> None:
        """Tell central that this is an orderly end. Best effort, short."""
        try:
            async with asyncio.timeout(2):
                await self._mqtt.publish(self._topic("status"), self._status("stopping"), retain=True)
        except (MqttError, TimeoutError):
            log.event("central not told of the stop")

    async def ask_beacon(self, terminal: bytes, nonce: bytes) -> None:
        """Pass a terminal's nonce on, as soon as the broker is there. Raises MqttError if it is lost meanwhile."""
        await self._mqtt.up.wait()
        request = encode("upload", {"type": "beacon", "nonce": nonce, "terminal": terminal})
        await self._publish("records", request)

    def set_connected(self, terminal: bytes, *, connected: bool) -> None:
        """Note for the status that a terminal's link is up or down."""
        self._connected[terminal] = connected
        self._status_due.set()

    def _topic(self, leaf: str) -> str:
        return topics.gateway(self._settings.facility, self._settings.name, leaf)

    async def _publish(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        await self._mqtt.publish(self._topic(leaf), payload, retain=retain)
        self._metrics.published.labels(leaf).inc()

    async def _publish_records(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await self._mqtt.up.wait()
                self._outbox.added.clear()
                try:
                    batch = await self._outbox.run(_take_due)
                except StorageError as error:
                    log.warning("outbox fails", error=error)
                    batch = []
                if batch:
                    group.create_task(self._publish_batch(batch), name="publish batch")
                else:
                    await _wait(self._outbox.added, POLL_S)

    async def _publish_batch(self, batch: list[tuple[bytes, bytes]]) -> None:
        try:
            await self._publish("records", b"".join(upload for _, upload in batch))
        except MqttError as error:
            log.warning("records not published", error=error, count=len(batch))
            with contextlib.suppress(StorageError):  # then they are due a little later
                await self._outbox.run(lambda store: store.unsent(digest for digest, _ in batch))

    async def _publish_chunks(self) -> None:
        while True:
            await self._mqtt.up.wait()
            self.chunk_added.clear()
            due = await self._chunks.run(lambda store: store.due(now_ms(), CHUNKS_PER_MESSAGE))
            if not due:
                await _wait(self.chunk_added, POLL_S)
                continue
            try:
                payload = await self._chunks.run(lambda store, due=due: _chunk_sequence(store, due))  # type: ignore[misc]
                await self._publish("chunks", payload)
            except (MqttError, StorageError) as error:
                log.warning("chunks not published", error=error)
                await asyncio.sleep(POLL_S)
                continue
            await self._chunks.run(lambda store, due=due: _chunks_sent(store, due))  # type: ignore[misc]

    async def _publish_status(self) -> None:
        """The status now, at each change, and at each new connection (whose will has been renewed)."""
        while True:
            await self._mqtt.up.wait()
            await self._status_due.wait()
            self._status_due.clear()
            self._metrics.uplink.set(1)
            try:
                await self._publish("status", self._status("running"), retain=True)
            except MqttError:
                self._metrics.uplink.set(0)
                self._status_due.set()
            await asyncio.sleep(STATUS_DELAY_S)

    def _status(self, state: str) -> bytes:
        terminals = [{"terminal": key, "connected": up} for key, up in self._connected.items()]
        return encode(
            "gateway-status",
            {"gateway": self._settings.name, "state": state, "time": now_ms(), "terminals": terminals[:256]},
        )

    async def _receive(self) -> None:
        while True:
            message = await self._mqtt.incoming.get()
            try:
                await self._handle(message)
            except (GatewayError, ProtocolError) as error:
                self._refused(error)
            # Refused or not: what was refused now would be refused again, and a lost answer is asked for again.
            self._mqtt.acknowledge(message)

    async def _handle(self, message: Message) -> None:
        if message.topic != self._answers:
            await self._on_bundle(decode("published-bundle", message.payload))
            return
        for answer in load_sequence(message.payload, "answer", MAX_ANSWERS):
            try:
                await self._on_answer(answer)
            except (GatewayError, ProtocolError) as error:
                self._refused(error)  # the answers behind it are no worse for it

    def _refused(self, error: Exception) -> None:
        self._metrics.answers_refused.inc()
        log.warning("message from central refused", error=error)

    async def _purge(self) -> None:
        while True:
            try:
                if await self._outbox.run(lambda store: store.release(now_ms())):
                    self._outbox.added.set()
                count = await self._outbox.run(lambda store: store.purge(now_ms()))
                if count:
                    log.event("receipted entries purged", count=count)
            except StorageError as error:
                log.warning("outbox fails", error=error)
            await asyncio.sleep(PURGE_EVERY_S)


def _take_due(store: Store) -> list[tuple[bytes, bytes]]:
    """The next batch, noted as sent before it is, so that no other batch takes the same entries."""
    at_ms = now_ms()
    batch = store.batch(at_ms)
    if not batch or store.outstanding(at_ms) >= MAX_OUTSTANDING:
        return []
    store.sent([digest for digest, _ in batch], at_ms)
    return batch


def _chunk_sequence(store: ChunkStore, due: list[tuple[bytes, int]]) -> bytes:
    """CBOR sequence of `upload-chunk`."""
    parts = []
    for record, index in due:
        data = store.read(record, index)
        if data is not None:
            parts.append(encode("upload-chunk", {"record": record, "index": index, "data": data}))
    return b"".join(parts)


def _chunks_sent(store: ChunkStore, due: list[tuple[bytes, int]]) -> None:
    for record, index in due:
        store.sent(record, index, now_ms())


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
