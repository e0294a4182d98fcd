"""The running central: MQTT in, commits, answers and bundles out."""

import asyncio
from pathlib import Path
from typing import Final

from sealine_protocol import log
from sealine_protocol.errors import MqttError
from sealine_protocol.mqtt import Message, MqttConnection, Will
from sealine_protocol.unit import Unit

from sealine_central.answers import Answers
from sealine_central.config import Config
from sealine_central.errors import StoreError
from sealine_central.facilities import FacilityBook, Publication
from sealine_central.ingest import Incoming, Ingest
from sealine_central.metrics import Metrics
from sealine_central.recordings import Recordings
from sealine_central.store import Store

CLIENT_ID: Final = "sealine-central"
SUBSCRIPTIONS: Final = tuple(f"sealine/1/+/+/{leaf}" for leaf in ("records", "chunks", "status"))
REFRESH_S: Final = 2.0  # how soon a new bundle file is published
RETRY_S: Final = 1.0


class Service:
    """Receives, commits, answers; acknowledges to the broker only what is committed and answered."""

    def __init__(self, config: Config) -> None:
        self._config = config
        unit = Unit.load(config.state_path)
        self._metrics = Metrics()
        self._store = Store(config.state_path)
        self._books = open_books(config)
        self._ingest = Ingest(
            self._store,
            Recordings(config.state_path, config.reserve_mb << 20),
            self._books,
            Answers(unit.identity),
            self._metrics,
        )
        # A will on a topic that nobody reads: MqttConnection has one always, central's absence shows as silence.
        will = Will(topic="sealine/1/central", payload=b"")
        self._publish_all = asyncio.Event()
        self._mqtt = MqttConnection(
            config.mqtt, CLIENT_ID, config.state_path, will, SUBSCRIPTIONS, self._publish_all.set
        )

    async def run(self) -> None:
        """Work until cancelled."""
        self._metrics.serve(self._config.metrics)
        for book in self._books.values():
            book.refresh()
        log.event("central is running", count=len(self._books))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._mqtt.run(), name="mqtt")
                group.create_task(self._receive(), name="ingest")
                group.create_task(self._publish_bundles(), name="bundles")
        finally:
            self._store.close()

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
                replies = await asyncio.to_thread(self._ingest.process, incoming)
                break
            except StoreError as error:
                log.warning("nothing stored, trying again", error=error, count=len(batch))
                await asyncio.sleep(RETRY_S)
        try:
            for reply in replies:
                await self._mqtt.publish(f"sealine/1/{reply.facility}/{reply.gateway}/answers", reply.payload)
        except MqttError as error:
            # Not acknowledged: the broker brings the batch again, and it is answered then.
            log.warning("answers not published", error=error)
            return
        for message in batch:
            self._mqtt.acknowledge(message)

    async def _publish_bundles(self) -> None:
        """All that is published at each connection, later what is new."""
        while True:
            fresh = [(book, publication) for book in self._books.values() for publication in book.refresh()]
            if self._publish_all.is_set() and self._mqtt.up.is_set():
                self._publish_all.clear()
                fresh = [(book, item) for book in self._books.values() for item in book.published.values()]
            for book, publication in fresh:
                await self._publish(book, publication)
            await asyncio.sleep(REFRESH_S if not self._publish_all.is_set() else 0.1)

    async def _publish(self, book: FacilityBook, publication: Publication) -> None:
        topic = f"sealine/1/{book.name}/bundle/{publication.kind}"
        try:
            await self._mqtt.publish(topic, publication.payload, retain=True)
            log.event("bundle published", facility=book.name, kind=publication.kind, version=publication.version)
        except MqttError:
            self._publish_all.set()


def open_books(config: Config) -> dict[str, FacilityBook]:
    """The facilities of a configuration."""
    base: Path = config.directory
    return {
        name: FacilityBook(name, base / table.root, base / table.bundles) for name, table in config.facilities.items()
    }
