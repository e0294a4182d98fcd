"""RTP (RFC 3550 section 5): packets, our outgoing stream, and the peer's stream put back in order."""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sealine_gateway.sip.errors import RtpError
from sealine_gateway.trunk import FRAME_BYTES

HEADER_BYTES: Final = 12
MAX_PACKET_BYTES: Final = 1500
HOLD: Final = 2  # packets that wait for a missing one: 40 ms, which the terminal's jitter buffer covers
MAX_FILL: Final = 5  # lost frames that are made up for by silence; more is a pause
MAX_JUMP: Final = 100  # RFC 3550 appendix A.1: further off, two in a row must say so
NEW_SOURCE: Final = 10  # packets in a row from another SSRC before it is believed (200 ms)
MAX_GAP: Final = 250  # 5 s: a longer jump of the terminal's count is a new beginning


@dataclass(frozen=True)
class Packet:
    """One RTP packet without its padding and extension."""

    payload_type: int
    marker: bool
    seq: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(data: bytes) -> Packet:
    """One packet. Raises RtpError."""
    if not HEADER_BYTES <= len(data) <= MAX_PACKET_BYTES or data[0] >> 6 != 2:
        raise RtpError("rtp: no packet of version 2")
    start = HEADER_BYTES + 4 * (data[0] & 0x0F)
    if data[0] & 0x10:
        if len(data) < start + 4:
            raise RtpError("rtp: the extension is cut")
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data)
    if data[0] & 0x20:
        end -= data[-1]
        if data[-1] == 0:
            raise RtpError("rtp: padding of no length")
    if start > end:
        raise RtpError("rtp: header and padding are longer than the packet")
    return Packet(
        data[1] & 0x7F,
        bool(data[1] & 0x80),
        int.from_bytes(data[2:4], "big"),
        int.from_bytes(data[4:8], "big"),
        int.from_bytes(data[8:12], "big"),
        data[start:end],
    )


def build(packet: Packet) -> bytes:
    """The bytes of a packet without padding, extension and contributing sources."""
    second = packet.payload_type | (0x80 if packet.marker else 0)
    return (
        bytes((0x80, second))
        + packet.seq.to_bytes(2, "big")
        + packet.timestamp.to_bytes(4, "big")
        + packet.ssrc.to_bytes(4, "big")
        + packet.payload
    )


class Sender:
    """Our stream: the terminal's frame count becomes sequence and timestamp, so that a lost frame is heard as one."""

    def __init__(self) -> None:
        self.ssrc = secrets.randbits(32)
        self.packets = 0
        self.octets = 0
        self.timestamp = secrets.randbits(32)
        self._seq = secrets.randbits(16)
        self._last: int | None = None

    def packet(self, count: int, frame: bytes) -> bytes | None:
        """The packet of frame `count` (16 bits); None for one that comes too late."""
        steps = 1 if self._last is None else (count - self._last) & 0xFFFF
        fresh = self._last is None or MAX_GAP < steps < 0x10000 - MAX_GAP
        if not fresh and (steps == 0 or steps > MAX_GAP):
            return None
        steps = 1 if fresh else steps
        self._last = count
        self._seq = (self._seq + steps) & 0xFFFF
        self.timestamp = (self.timestamp + steps * FRAME_BYTES) & 0xFFFFFFFF
        self.packets += 1
        self.octets += len(frame)
        return build(Packet(0, fresh, self._seq, self.timestamp, self.ssrc, frame))


class Source:
    """Which SSRC is the peer's. Another one must send NEW_SOURCE packets in a row before it takes over."""

    def __init__(self) -> None:
        self.ssrc: int | None = None
        self._other: tuple[int, int, int] = (0, 0, 0)  # ssrc, next sequence number, packets in a row

    def accept(self, packet: Packet) -> bool:
        """True if the packet belongs to the stream; `ssrc` changes when the stream does."""
        if self.ssrc is None or packet.ssrc == self.ssrc:
            self.ssrc = packet.ssrc
            self._other = (0, 0, 0)
            return True
        ssrc, expected, count = self._other
        count = count + 1 if (ssrc, expected) == (packet.ssrc, packet.seq) else 1
        self._other = (packet.ssrc, (packet.seq + 1) & 0xFFFF, count)
        if count < NEW_SOURCE:
            return False
        self.ssrc = packet.ssrc
        return True

    def forget(self) -> None:
        """The peer has described a new stream."""
        self.ssrc = None


class Sequencer:
    """Puts packets back in order, drops late and doubled ones, and tells lost ones (None) from pauses."""

    def __init__(self, counts: Counter[str]) -> None:
        """`counts` gets lost, late and jump."""
        self._counts = counts
        self._expected: int | None = None
        self._jump: int | None = None
        self._held: dict[int, Packet] = {}

    def feed(self, packet: Packet) -> Sequence[Packet | None]:
        """What can go on now, in order; None stands for a lost packet."""
        if self._expected is None:
            self._expected = packet.seq
        ahead = (packet.seq - self._expected) & 0xFFFF
        if MAX_JUMP <= ahead <= 0x10000 - MAX_JUMP:
            return self._far(packet)
        self._jump = None
        if ahead > 0x8000 or packet.seq in self._held:
            self._counts["late"] += 1
            return ()
        self._held[packet.seq] = packet
        if ahead == 0 or len(self._held) > HOLD:
            return self._release()
        return ()

    def _far(self, packet: Packet) -> Sequence[Packet | None]:
        if self._jump != packet.seq:
            self._jump = (packet.seq + 1) & 0xFFFF
            self._counts["jump"] += 1
            return ()
        self._held.clear()
        self._jump = None
        self._expected = (packet.seq + 1) & 0xFFFF
        return (packet,)

    def _release(self) -> list[Packet | None]:
        expected = self._expected or 0
        out: list[Packet | None] = []
        nearest = min(self._held, key=lambda seq: (seq - expected) & 0xFFFF)
        missing = (nearest - expected) & 0xFFFF
        self._counts["lost"] += missing
        out += [None] * min(missing, MAX_FILL)
        seq = nearest
        while (packet := self._held.pop(seq, None)) is not None:
            out.append(packet)
            seq = (seq + 1) & 0xFFFF
        self._expected = seq
        return out
