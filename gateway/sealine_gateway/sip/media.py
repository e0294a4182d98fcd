"""The sound of one call: a pair of UDP sockets with RTP, telephone-events and RTCP, plain or sealed by SRTP.

Packets count only from the address and port that the peer's session description names (symmetric RTP, RFC 4961).
No audio is kept: a frame goes on as it comes, or is gone.
"""

import asyncio
import contextlib
import random
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from sealine_protocol.mulaw import SILENCE

from sealine_gateway.sip import rtcp
from sealine_gateway.sip.digits import DigitReader
from sealine_gateway.sip.errors import RtpError, SdpError
from sealine_gateway.sip.flow import Flow
from sealine_gateway.sip.rtp import Packet, Sender, Sequencer, Source
from sealine_gateway.sip.rtp import parse as parse_rtp
from sealine_gateway.sip.sdp import PCMU, Audio, Crypto
from sealine_gateway.sip.srtp import Sealer
from sealine_gateway.trunk import FRAME_BYTES

REPORT_S: Final = 5.0  # RFC 3550 section 6.2
MAX_PAYLOAD_BYTES: Final = 800  # 100 ms in one packet; more is no telephone
PORT_TRIES: Final = 64
COMFORT_NOISE: Final = 13  # RFC 3389: a pause, nothing to hear


class Media:
    """One call's sockets, from the INVITE on; nothing is received before `connect`."""

    def __init__(
        self,
        host: str,
        ports: tuple[int, int],
        counts: Counter[str],
        *,
        on_frame: Callable[[bytes], None],
        on_digit: Callable[[str], None],
    ) -> None:
        """Bind an even port and the next one within `ports` of the local address `host`. Raises RtpError."""
        self.counts = counts
        self._on_frame = on_frame
        self._on_digit = on_digit
        self._rtp, self._rtcp, self.port = _bind(host, ports, self._receive, self._receive_report)
        self._cname = secrets.token_hex(8)  # RFC 7022: says nothing about us
        self._sender = Sender()
        self._source = Source()
        self._sequencer = Sequencer(counts)
        self._digits = DigitReader()
        self._reception = rtcp.Reception()
        self._pending = b""
        self._event: int | None = None
        self._sealer: Sealer | None = None
        self._ssrc: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.last_heard_s: float | None = None

    def connect(self, audio: Audio, own: Crypto | None, event: int | None) -> None:
        """Speak to the peer. `own` is our SDES key, `event` the payload type of digits to us. Raises SdpError."""
        try:
            moved = self._rtp.aim(audio.address, audio.port)
            self._rtcp.aim(audio.address, audio.rtcp_port)
        except OSError as error:
            raise SdpError("sdp: an address that cannot be reached from here") from error
        if own is None or audio.crypto is None:
            self._sealer = None
        elif self._sealer is None:
            self._sealer = Sealer(own, audio.crypto)
        else:
            self._sealer.rekey(own, audio.crypto)
        self._event = event
        if moved:
            self._source.forget()
        if self._timer is None:
            self._schedule()

    def send(self, count: int, frame: bytes) -> None:
        """Frame `count` of the terminal."""
        packet = self._sender.packet(count, frame)
        if packet is None:
            return
        with contextlib.suppress(RtpError):
            self._rtp.send(packet if self._sealer is None else self._sealer.seal(packet))

    def close(self) -> None:
        """Say goodbye and let go of the sockets."""
        if self._timer is not None:
            self._timer.cancel()
            self._report(goodbye=True)
        self._rtp.close()
        self._rtcp.close()

    def _receive(self, data: bytes) -> None:
        try:
            packet = parse_rtp(data if self._sealer is None else self._sealer.open(data))
        except RtpError:
            self.counts["bad-rtp"] += 1
            return
        if packet.payload_type not in {PCMU, COMFORT_NOISE, self._event}:
            self.counts["other-codec"] += 1
        elif self._source.accept(packet):
            self._accepted(packet)
        else:
            self.counts["other-source"] += 1

    def _accepted(self, packet: Packet) -> None:
        if packet.ssrc != self._ssrc:
            self._ssrc = packet.ssrc
            self._sequencer = Sequencer(self.counts)
            self._digits.reset()
        self.last_heard_s = asyncio.get_running_loop().time()
        self.counts["received"] += 1
        self._reception.count(packet.ssrc, packet.seq, packet.timestamp, self.last_heard_s)
        if packet.payload_type == self._event:
            self._press(packet)
        for item in self._sequencer.feed(packet):
            if item is None:
                self._on_frame(SILENCE)
            elif item.payload_type == PCMU:
                self._frame(item.payload)

    def _press(self, packet: Packet) -> None:
        try:
            key = self._digits.feed(packet.timestamp, packet.payload)
        except RtpError:
            self.counts["bad-rtp"] += 1
            return
        if key is not None:
            self._on_digit(key)

    def _frame(self, payload: bytes) -> None:
        """Whatever the peer's packet time, 20 ms at a time."""
        if len(payload) > MAX_PAYLOAD_BYTES:
            self.counts["bad-rtp"] += 1
            return
        self._pending += payload
        while len(self._pending) >= FRAME_BYTES:
            frame, self._pending = self._pending[:FRAME_BYTES], self._pending[FRAME_BYTES:]
            self._on_frame(frame)

    def _receive_report(self, data: bytes) -> None:
        try:
            clear = data if self._sealer is None else self._sealer.open_report(data)
            report = rtcp.parse(clear, self._sender.ssrc)
        except RtpError:
            self.counts["bad-rtcp"] += 1
            return
        now = asyncio.get_running_loop().time()
        self.last_heard_s = now
        self.counts["reports"] += 1
        if report.middle is not None and report.ssrc == self._ssrc:
            self._reception.heard_report(report.middle, now)

    def _schedule(self) -> None:
        delay = REPORT_S * (0.5 + random.random())  # noqa: S311 - spreads the load, no secret
        self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._report()
        self._schedule()

    def _report(self, *, goodbye: bool = False) -> None:
        sender = self._sender
        packet = rtcp.build(
            sender.ssrc,
            self._cname,
            self._reception.block(asyncio.get_running_loop().time()),
            sent=(sender.timestamp, sender.packets, sender.octets) if sender.packets else None,
            unix_s=time.time(),
            goodbye=goodbye,
        )
        with contextlib.suppress(RtpError):
            self._rtcp.send(packet if self._sealer is None else self._sealer.seal_report(packet))


def _bind(
    host: str, ports: tuple[int, int], on_rtp: Callable[[bytes], None], on_rtcp: Callable[[bytes], None]
) -> tuple[Flow, Flow, int]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    pairs = (ports[1] - ports[0] + 1) // 2
    first = secrets.randbelow(pairs)
    for step in range(min(pairs, PORT_TRIES)):
        port = ports[0] + ports[0] % 2 + 2 * ((first + step) % pairs)
        try:
            rtp = Flow(family, host, port, on_rtp)
        except OSError:
            continue
        try:
            return rtp, Flow(family, host, port + 1, on_rtcp), port
        except OSError:
            rtp.close()
    raise RtpError("rtp: no free pair of ports")
