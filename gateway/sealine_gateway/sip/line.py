"""One trunk line: the connection to one peer, kept up, and asked from time to time whether it still answers."""

import asyncio
import contextlib
import random
import ssl
from collections import Counter
from pathlib import Path
from typing import Final

from sealine_protocol import log
from sealine_protocol.errors import SettingsError

from sealine_gateway.sip.agent import Agent
from sealine_gateway.sip.channel import SocketChannel
from sealine_gateway.sip.errors import ChannelError
from sealine_gateway.sip.settings import PeerConfig

FIRST_WAIT_S: Final = 1.0
MAX_WAIT_S: Final = 30.0


class Line:
    """One peer. `up` says whether its last answer was one; a line that was never asked counts as up."""

    def __init__(self, index: int, config: PeerConfig, directory: Path, bind: str) -> None:
        """Inside the event loop. `index` is the line's name in the log. Raises SettingsError."""
        self.index = index
        self.up = True
        self.counts: Counter[str] = Counter()
        self._ping_s = config.ping_s
        context = _tls(config, directory) if config.transport == "tls" else None
        protocol: Final = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}
        self.channel = SocketChannel(
            protocol[config.transport],  # type: ignore[arg-type]
            config.address,
            bind,
            self._receive,
            context,
        )
        self.agent = Agent(config.account(directory), self.channel, asyncio.get_running_loop(), self.counts)
        self._task = asyncio.create_task(self._keep(), name=f"sip line {index}")

    @property
    def usable(self) -> bool:
        """Connected and answering."""
        return self.up and self.channel.connected

    async def close(self) -> None:
        """Let go of the connection."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self.channel.close()

    def heard(self, *, alive: bool) -> None:
        """What a ping or a call shows about the peer."""
        if alive != self.up:
            self.up = alive
            log.event("trunk line changed", count=self.index, state="up" if alive else "down")

    def _receive(self, data: bytes) -> None:
        self.agent.receive(data)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        wait_s = FIRST_WAIT_S
        while True:
            start = loop.time()
            try:
                await self.channel.connect()
                await self._ping_while_connected()
                reason = "connection lost"
            except ChannelError as error:
                reason = str(error)
            self.heard(alive=False)
            if loop.time() - start > MAX_WAIT_S:  # it was there: try again soon
                wait_s = FIRST_WAIT_S
            log.warning("trunk line not connected", count=self.index, error=reason, wait_s=round(wait_s, 1))
            await asyncio.sleep(wait_s * (0.5 + random.random() / 2))  # noqa: S311 - spreads load, no secret
            wait_s = min(2 * wait_s, MAX_WAIT_S)

    async def _ping_while_connected(self) -> None:
        while self.channel.connected:
            if self._ping_s:
                self.agent.ping(lambda alive: self.heard(alive=alive))
            else:
                self.heard(alive=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._ping_s or None):
                    await self.channel.lost.wait()


def _tls(config: PeerConfig, directory: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(directory / config.ca_file) if config.ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError("trunk.peer.ca_file: cannot be read as PEM") from error
