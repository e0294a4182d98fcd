"""The SIP trunk adapter: several lines in the order of the configuration, the ones that answer first."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sealine_gateway.errors import TrunkError
from sealine_gateway.sip.errors import SipError
from sealine_gateway.sip.leg import SipLeg
from sealine_gateway.sip.line import Line
from sealine_gateway.sip.settings import PeerConfig
from sealine_gateway.trunk import Leg, Listener, Trunk

GOODBYE_S: Final = 0.2  # for the BYEs of `close` to leave and be answered


class SipTrunk(Trunk):
    """See trunk.Trunk. Make it inside the event loop."""

    def __init__(
        self,
        peers: Sequence[PeerConfig],
        directory: Path,
        *,
        bind: str,
        ports: tuple[int, int],
    ) -> None:
        """`bind` is our address; `ports` are the voice's first and last port. Raises SettingsError."""
        self.lines = [Line(index, peer, directory, bind) for index, peer in enumerate(peers, 1)]
        self._ports = ports
        self._legs: set[SipLeg] = set()

    def dial(self, number: str, listener: Listener) -> Leg:
        """See Trunk. Lines that do not answer are tried last, lines without connection not at all."""
        lines = sorted((line for line in self.lines if line.channel.connected), key=lambda line: not line.usable)
        if not lines:
            raise TrunkError("sip: no line is connected")
        self._legs = {leg for leg in self._legs if not leg.over}
        try:
            leg = SipLeg(number, lines, listener, self._ports)
        except SipError as error:
            raise TrunkError("sip: the call cannot be made") from error
        self._legs.add(leg)
        return leg

    async def close(self) -> None:
        """See Trunk."""
        legs = [leg for leg in self._legs if not leg.over]
        for leg in legs:
            leg.hang_up()
        if legs:
            await asyncio.sleep(GOODBYE_S)
        for line in self.lines:
            await line.close()
