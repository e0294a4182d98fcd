"""The running system: MQTT in, commits, answers and bundles out."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from sealine_protocol import log, topics
from sealine_protocol.clock import now_ms
from sealine_protocol.errors import MqttError
from sealine_protocol.mqtt import Message, MqttConnection
from sealine_protocol.unit import Unit

from sealine_central.answers import Answers
from sealine_central.config import Config
from sealine_central.errors import StoreError
from sealine_central.facilities import FacilityBook, Publication
from sealine_central.ingest import Incoming, Ingest
from sealine_central.metrics import Metrics
from sealine_central.recordings import Recordings
from sealine_central.store import Store
from sealine_central.watch import Watch

CLIENT_ID: Final = "sealine-central"
SUBSCRIPTIONS: Final = tuple(topics.gateway(topics.ANY, topics.ANY, leaf) for leaf in topics.UPLOADS)
REFRESH_S: Final = 2.0  # how soon a new bundle file is published
RETRY_S: Final = 1.0
WATCH_S: Final = 10.0  # how soon a gap or a fork is an alarm

P = ParamSpec("P")
T = TypeVar("T")


class Service:
    """Receives, commits, answers; acknowledges to the broker only what is committed and answered."""

    def __init__(self, config: Config) -> None:
        """Raises UnitError, StoreError, SettingsError."""
        self._config = config
        unit = Unit.load(config.state_path)
        answers = Answers(unit.identity)
        self._metrics = Metrics()
        self._books = open_books(config)
        self._store = Store(config.state_path)
        recordings = Recordings(config.state_path, config.reserve_mb << 20)
        self._ingest = Ingest(self._store, recordings, self._books, answers, self._metrics)
        self._watch = Watch(self._store, answers, self._metrics)
        # The store's one thread: whatever ends this program, a batch that has begun is committed or undone first.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._publish_all = asyncio.Event()
        self._mqtt = MqttConnection(
            config.mqtt, CLIENT_ID, config.state_path, None, SUBSCRIPTIONS, self._publish_all.set
        )

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            self._metrics.serve(self._config.metrics)
            for book in self._books.values():
                book.refresh()
            log.event("central is running", count=len(self._books))
            async with asyncio.TaskGroup() as group:
                group.create_task(self._mqtt.run(), name="mqtt")
                group.create_task(self._receive(), name="ingest")
                group.create_task(self._publish_bundles(), name="bundles")
                group.create_task(self._look(), name="watch")
        finally:
            self._thread.shutdown(wait=True)
            self._store.close()

    async def _in_thread(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: call(*args, **kwargs))

    async def _receive(self) -> None:
        while True:
            batch = [await self._mqtt.incoming.get()]
            while len(batch) < self._config.batch and not self._mqtt.incoming.empty():
                batch.append(self._mqtt.incoming.get_nowait())
            await self._work(batch)

    async def _work(self, batch: list[Message]) -> None:
        """Commit, answer, acknowledge; a store that refuses keeps the messages at the broker."""
        incoming = [Incoming(message.topic, message.payload) for message in batch]
        while True:
            try:
                replies = await self._in_thread(self._ingest.process, incoming)
                break
            except StoreError as error:
                log.warning("nothing stored, trying again", error=error, count=len(batch))
                await asyncio.sleep(RETRY_S)
        # The broker brings again what was not acknowledged before it has granted our subscriptions: answers wait.
        await self._mqtt.up.wait()
        targets = [topics.gateway(reply.facility, reply.gateway, topics.ANSWERS) for reply in replies]
        published = await asyncio.gather(
            *(self._mqtt.publish(topic, reply.payload) for topic, reply in zip(targets, replies, strict=True)),
            return_exceptions=True,
        )
        for outcome in published:
            if isinstance(outcome, MqttError):
                # Not acknowledged: the broker brings the batch again, and it is answered then.
                log.warning("answers not published", error=outcome)
                return
            if outcome is not None:
                raise outcome
        for message in batch:
            self._mqtt.acknowledge(message)

    async def _look(self) -> None:
        while True:
            try:
                await self._in_thread(self._watch.look)
                await self._in_thread(self._ingest.purge, now_ms())
            except (StoreError, sqlite3.Error) as error:
                log.warning("chains not looked at", error=error)
            await asyncio.sleep(WATCH_S)

    async def _publish_bundles(self) -> None:
        """All that is published at each connection, later what is new."""
        while True:
            fresh = [(book, publication) for book in self._books.values() for publication in book.refresh()]
            if self._publish_all.is_set():
                self._publish_all.clear()
                fresh = [(book, item) for book in self._books.values() for item in book.published.values()]
            for book, publication in fresh:
                await self._publish(book, publication)
            try:
                async with asyncio.timeout(REFRESH_S):
                    await self._publish_all.wait()
            except TimeoutError:
                continue

    async def _publish(self, book: FacilityBook, publication: Publication) -> None:
        """Retained at the broker; what does not get there now is published with all others at the next connection."""
        topic = topics.bundle(book.name, publication.kind)
        try:
            await self._mqtt.publish(topic, publication.payload, retain=True)
            log.event("bundle published", facility=book.name, kind=publication.kind, version=publication.version)
        except MqttError as error:
            log.warning("bundle not published", facility=book.name, kind=publication.kind, error=error)


def open_books(config: Config) -> dict[str, FacilityBook]:
    """The facilities of a configuration. Raises SettingsError."""
    base: Path = config.directory
    return {
        name: FacilityBook(name, base / table.root, base / table.bundles) for name, table in config.facilities.items()
    }
