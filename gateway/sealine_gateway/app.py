"""The gateway as one process: parts made and joined, tasks started, and an orderly end."""

import asyncio
import contextlib
import signal
from typing import Any

from sealine_protocol import log
from sealine_protocol.codec import encode
from sealine_protocol.errors import ProtocolError, SettingsError
from sealine_protocol.settings import address
from sealine_protocol.unit import Enrolled, Unit

from sealine_gateway import loopback
from sealine_gateway.answers import Answers
from sealine_gateway.bundles import Bundles
from sealine_gateway.call import CallControl
from sealine_gateway.chunks import ChunkStore
from sealine_gateway.config import Config
from sealine_gateway.errors import StorageError
from sealine_gateway.intake import Intake
from sealine_gateway.metrics import Metrics
from sealine_gateway.one_thread import OneThread
from sealine_gateway.outbox import HELD, QUARANTINED, RECEIPTED, WAITING, Outbox
from sealine_gateway.roster import Roster
from sealine_gateway.server import LinkServer
from sealine_gateway.session import Services
from sealine_gateway.sip.trunk import SipTrunk
from sealine_gateway.trunk import Trunk
from sealine_gateway.uplink import Uplink
from sealine_gateway.vault import Vault

GAUGE_S = 5.0  # how often what is on disk is counted


class Gateway:
    """All parts of one gateway. Make it inside the event loop; `run` works until it is told to stop."""

    def __init__(self, settings: Config, secret: bytes, trunk: Trunk | None = None) -> None:
        """Open everything on disk. `trunk` replaces the configured one. Raises GatewayError."""
        self._settings = settings
        state_dir = settings.state_path
        unit, enrolled = _enrolled(settings)
        vault = Vault.load(state_dir, secret)
        self.trunk = _trunk(settings) if trunk is None else trunk
        self.metrics = Metrics()
        self.outbox = Outbox(state_dir)
        self.chunks = OneThread("chunks", lambda: ChunkStore(state_dir, settings.reserve_mb * 1_000_000))
        self.bundles = Bundles(state_dir, enrolled)
        self.uplink = Uplink(
            settings,
            self.outbox,
            self.chunks,
            self.metrics,
            on_answer=self._on_answer,
            on_bundle=self._on_bundle,
        )
        self.calls = CallControl(self.trunk, self.metrics, self.bundles.ring_timeout_s, self.bundles.is_protected)
        self.server = LinkServer(
            Services(
                vault=vault,
                roster=Roster(vault),
                bundles=self.bundles,
                calls=self.calls,
                intake=Intake(self.outbox, self.chunks, self.metrics, self.uplink.chunk_added.set),
                uplink=self.uplink,
                metrics=self.metrics,
            ),
            facility=settings.facility,
            link_key=unit.link,
            chain=enrolled.chain,
            max_terminals=settings.max_terminals,
        )
        self._answers = Answers(self.outbox, self.chunks, self.bundles, self.metrics, self.server.deliver)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then end in order: links, calls, the word to central, the files."""
        settings = self._settings
        if settings.metrics:
            self.metrics.serve(settings.metrics)
        listener = await self.server.listen(*address(settings.listen)) if settings.listen else None
        log.event("gateway ready", facility=settings.facility, name=settings.name, address=settings.listen)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self.uplink.run(), name="uplink"),
                    group.create_task(self._measure(), name="measure"),
                    *(
                        group.create_task(self.server.serve_serial(url, settings.baud), name="serial")
                        for url in settings.serial
                    ),
                ]
                await stop.wait()
                if listener is not None:
                    listener.close()
                await self.server.close()
                await self.uplink.stop()
                for task in tasks:
                    task.cancel()
        finally:
            if listener is not None:
                listener.close()
            await self._close()
            log.event("gateway stopped", name=settings.name)

    async def _close(self) -> None:
        await self.server.close()
        await self.trunk.close()
        await self.outbox.close()
        self.chunks.close()
        self.metrics.close()

    async def _on_answer(self, answer: dict[str, Any]) -> None:
        await self._answers.apply(answer, encode("answer", answer))

    async def _on_bundle(self, published: dict[str, Any]) -> None:
        kind = self.bundles.install(published)
        if kind is not None:
            log.event("bundle installed", kind=kind)
            self.server.on_bundle(kind)

    async def _measure(self) -> None:
        names = {WAITING: "waiting", RECEIPTED: "receipted", QUARANTINED: "quarantined", HELD: "held"}
        while True:
            with contextlib.suppress(StorageError):  # the figures of five seconds ago stay
                counts = await self.outbox.run(lambda store: store.count())
                for state, name in names.items():
                    self.metrics.outbox.labels(name).set(counts.get(state, 0))
            self.metrics.chunks.set(await self.chunks.run(lambda store: store.count()))
            await asyncio.sleep(GAUGE_S)


async def serve(settings: Config, secret: bytes) -> None:
    """Run a gateway until SIGTERM or SIGINT."""
    gateway = Gateway(settings, secret)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await gateway.run(stop)


def _trunk(settings: Config) -> Trunk:
    """The configured adapter. Raises SettingsError."""
    trunk = settings.trunk
    if trunk.kind == "loopback":
        return loopback.load(settings.script_path)
    ports = (trunk.first_port, trunk.last_port)
    return SipTrunk(trunk.peer, settings.directory, bind=trunk.bind, ports=ports)


def _enrolled(settings: Config) -> tuple[Unit, Enrolled]:
    """The gateway's own unit. Raises SettingsError if it is not enrolled as the gateway that the file names."""
    try:
        unit = Unit.load(settings.state_path)
        enrolled = unit.enrolled()
    except ProtocolError as error:
        raise SettingsError(f"state_dir: {error}") from error
    if (enrolled.credential.facility, enrolled.credential.sub) != (settings.facility, settings.name):
        raise SettingsError("facility, name: not those of the credential in state_dir")
    return unit, enrolled
