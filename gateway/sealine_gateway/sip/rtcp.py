"""RTCP (RFC 3550 section 6): sender and receiver reports of one stream each way, compound with the CNAME."""

from dataclasses import dataclass
from typing import Final

from sealine_gateway.sip.errors import RtpError

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
DESCRIPTION: Final = 202
GOODBYE: Final = 203
NTP_EPOCH_S: Final = 2_208_988_800  # 1900 to 1970
CLOCK_HZ: Final = 8000


class Reception:
    """What RFC 3550 appendix A.3 and A.8 need to know of the peer's stream."""

    def __init__(self) -> None:
        self.ssrc = 0
        self.received = 0
        self._base: int | None = None
        self._highest = 0
        self._reported = (0, 0)
        self._transit: float | None = None
        self._jitter = 0.0
        self._sender_report = (0, 0.0)

    def count(self, ssrc: int, seq: int, timestamp: int, now_s: float) -> None:
        """One accepted packet."""
        if self._base is None or ssrc != self.ssrc:
            self.__init__()  # type: ignore[misc]  # another stream: from the beginning
            self.ssrc = ssrc
            self._base = self._highest = seq
        ahead = (seq - self._highest) & 0xFFFF
        if ahead < 0x8000:
            self._highest += ahead
        self.received += 1
        transit = (now_s * CLOCK_HZ - timestamp) % 2**32
        if self._transit is not None:
            difference = abs((transit - self._transit + 2**31) % 2**32 - 2**31)
            self._jitter += (difference - self._jitter) / 16
        self._transit = transit

    def heard_report(self, middle: int, now_s: float) -> None:
        """A sender report came; `middle` is the middle of its NTP time."""
        self._sender_report = (middle, now_s)

    @property
    def lost(self) -> int:
        """Packets expected and not received so far; doubled ones count against it."""
        return 0 if self._base is None else self._highest - self._base + 1 - self.received

    def block(self, now_s: float) -> bytes:
        """One report block; empty before the first packet."""
        if self._base is None:
            return b""
        expected = self._highest - self._base + 1
        new_expected, new_received = expected - self._reported[0], self.received - self._reported[1]
        self._reported = (expected, self.received)
        fraction = max(0, new_expected - new_received) * 256 // new_expected if new_expected > 0 else 0
        middle, at = self._sender_report
        delay = int((now_s - at) * 65536) & 0xFFFFFFFF if middle else 0
        return (
            self.ssrc.to_bytes(4, "big")
            + bytes((min(fraction, 255),))
            + (max(min(self.lost, 0x7FFFFF), -0x800000) & 0xFFFFFF).to_bytes(3, "big")
            + (self._highest & 0xFFFFFFFF).to_bytes(4, "big")
            + (int(self._jitter) & 0xFFFFFFFF).to_bytes(4, "big")
            + middle.to_bytes(4, "big")
            + delay.to_bytes(4, "big")
        )


@dataclass(frozen=True)
class Report:
    """What a peer's compound packet says of our stream. `lost` is cumulative; None without a block about us."""

    ssrc: int
    middle: int | None
    lost: int | None
    goodbye: bool


def build(
    ssrc: int, cname: str, reception: bytes, *, sent: tuple[int, int, int] | None, unix_s: float, goodbye: bool = False
) -> bytes:
    """A compound packet. `sent` is (RTP timestamp, packets, octets) of our stream, or None before the first frame."""
    count = 1 if reception else 0
    if sent is None:
        first = _packet(RECEIVER_REPORT, count, ssrc.to_bytes(4, "big") + reception)
    else:
        ntp = int((unix_s + NTP_EPOCH_S) * 2**32) & (2**64 - 1)
        numbers = b"".join((value & 0xFFFFFFFF).to_bytes(4, "big") for value in sent)
        first = _packet(SENDER_REPORT, count, ssrc.to_bytes(4, "big") + ntp.to_bytes(8, "big") + numbers + reception)
    name = cname.encode()[:255]
    item = ssrc.to_bytes(4, "big") + bytes((1, len(name))) + name
    item += bytes(4 - len(item) % 4)
    last = _packet(GOODBYE, 1, ssrc.to_bytes(4, "big")) if goodbye else b""
    return first + _packet(DESCRIPTION, 1, item) + last


def _packet(kind: int, count: int, content: bytes) -> bytes:
    return bytes((0x80 | count, kind)) + (len(content) // 4).to_bytes(2, "big") + content


def parse(data: bytes, own_ssrc: int) -> Report:
    """A compound packet. Raises RtpError."""
    if len(data) > 1500:
        raise RtpError("rtcp: too long")
    ssrc, middle, lost, goodbye, at = None, None, None, False, 0
    while at < len(data):
        if len(data) - at < 8 or data[at] >> 6 != 2:
            raise RtpError("rtcp: no packet of version 2")
        end = at + 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
        kind, count = data[at + 1], data[at] & 0x1F
        if end > len(data) or (at == 0 and kind not in {SENDER_REPORT, RECEIVER_REPORT}):
            raise RtpError("rtcp: not well formed")
        body = data[at + 4 : end]
        if kind in {SENDER_REPORT, RECEIVER_REPORT}:
            blocks = 24 if kind == SENDER_REPORT else 4
            if len(body) < blocks + 24 * count:
                raise RtpError("rtcp: a report is cut")
            ssrc = int.from_bytes(body[:4], "big")
            middle = int.from_bytes(body[6:10], "big") if kind == SENDER_REPORT else middle
            lost = _lost(body[blocks : blocks + 24 * count], own_ssrc, lost)
        goodbye = goodbye or kind == GOODBYE
        at = end
    if ssrc is None:
        raise RtpError("rtcp: empty")
    return Report(ssrc, middle, lost, goodbye)


def _lost(blocks: bytes, own_ssrc: int, before: int | None) -> int | None:
    for start in range(0, len(blocks), 24):
        if int.from_bytes(blocks[start : start + 4], "big") == own_ssrc:
            return int.from_bytes(blocks[start + 5 : start + 8], "big", signed=True)
    return before
