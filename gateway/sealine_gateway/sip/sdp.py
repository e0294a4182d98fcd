"""Session descriptions (RFC 8866) and offer/answer (RFC 3264): PCMU and telephone-event, plain or SDES (RFC 4568)."""

import base64
import binascii
import ipaddress
import re
import secrets
from dataclasses import dataclass
from typing import Final

from sealine_gateway.sip.errors import SdpError

PCMU: Final = 0  # RFC 3551
EVENT: Final = 101  # our own choice of a dynamic payload type for telephone-event
MAX_LINES: Final = 256
MAX_MEDIA: Final = 8
SUITES: Final = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")  # RFC 4568 section 6.2
KEY_BYTES: Final = 30  # master key 16, master salt 14

_MEDIA: Final = re.compile(r"([a-z]+) (\d{1,5})(?:/\d+)? ([A-Za-z0-9/]+) ([\x21-\x7e]+(?: [\x21-\x7e]+)*)")
_CONNECTION: Final = re.compile(r"IN (IP4|IP6) ([0-9A-Fa-f.:]{2,45})")
_CRYPTO: Final = re.compile(r"crypto:(\d{1,9}) (\S+) inline:([A-Za-z0-9+/=]{40})(?:\|2\^\d+|\|\d+)?$")
_EVENT: Final = re.compile(r"rtpmap:(\d{1,3}) telephone-event/8000(?:/1)?", re.IGNORECASE)
_DIRECTIONS: Final = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


@dataclass(frozen=True)
class Crypto:
    """One SDES line; `key` is master key and salt."""

    tag: int
    suite: str
    key: bytes

    def __repr__(self) -> str:
        return f"Crypto({self.tag}, {self.suite})"


@dataclass(frozen=True)
class Audio:
    """A media line that we can speak: where the peer listens, and how. `event` is None without telephone-event; an
    empty `address` is the older way to put a call on hold.
    """

    index: int
    address: str
    port: int
    rtcp_port: int
    event: int | None
    direction: str
    crypto: Crypto | None


@dataclass(frozen=True)
class Session:
    """A parsed description: the media lines as they stand, and the one that we use."""

    media: tuple[str, ...]
    audio: Audio


def new_crypto(tag: int = 1, suite: str = SUITES[0]) -> Crypto:
    """A fresh key of our own."""
    return Crypto(tag, suite, secrets.token_bytes(KEY_BYTES))


def parse(data: bytes, *, answer_to: Crypto | None = None) -> Session:
    """The first audio line with PCMU. With `answer_to` a crypto line must have its tag and suite. Raises SdpError."""
    session, blocks = _blocks(data)
    for index, block in enumerate(blocks):
        audio = _audio(index, block, session, answer_to)
        if audio is not None:
            return Session(tuple(block[0][2:] for block in blocks), audio)
    raise SdpError("sdp: no audio that we can speak")


def _blocks(data: bytes) -> tuple[list[str], list[list[str]]]:
    text = data.decode("utf-8", "replace")
    lines = [line for line in re.split(r"\r?\n", text) if line]
    if len(lines) > MAX_LINES or not lines or lines[0] != "v=0":
        raise SdpError("sdp: not a description of version 0, or too long")
    if any(len(line) < 2 or line[1] != "=" for line in lines):
        raise SdpError("sdp: a line that is not well formed")
    starts = [index for index, line in enumerate(lines) if line.startswith("m=")]
    if not 1 <= len(starts) <= MAX_MEDIA:
        raise SdpError("sdp: no media, or too many")
    if any(_MEDIA.fullmatch(lines[index][2:]) is None for index in starts):
        raise SdpError("sdp: a media line that is not well formed")
    ends = [*starts[1:], len(lines)]
    return lines[: starts[0]], [lines[start:end] for start, end in zip(starts, ends, strict=True)]


def _audio(index: int, block: list[str], session: list[str], answer_to: Crypto | None) -> Audio | None:
    match = _MEDIA.fullmatch(block[0][2:])
    if match is None:
        return None
    port = int(match[2])
    formats = match[4].split()
    if match[1] != "audio" or match[3] not in {"RTP/AVP", "RTP/SAVP"} or not port or str(PCMU) not in formats:
        return None
    if port > 65534:
        raise SdpError("sdp: port out of range")
    attributes = [line[2:] for line in block if line.startswith("a=")]
    crypto = None
    if match[3] == "RTP/SAVP":
        crypto = _crypto(attributes, answer_to)
        if crypto is None:
            return None
    return Audio(
        index,
        _address(block, session),
        port,
        _rtcp_port(attributes, port),
        _event(attributes, formats),
        _direction([*(line[2:] for line in session if line.startswith("a=")), *attributes]),
        crypto,
    )


def _address(block: list[str], session: list[str]) -> str:
    lines = [line for line in block if line.startswith("c=")] or [line for line in session if line.startswith("c=")]
    match = _CONNECTION.fullmatch(lines[0][2:]) if lines else None
    try:
        address = ipaddress.ip_address(match[2] if match is not None else "")
    except ValueError as error:
        raise SdpError("sdp: no usable connection address") from error
    if address.is_multicast:
        raise SdpError("sdp: a group is no telephone")
    return "" if address.is_unspecified else str(address)


def _rtcp_port(attributes: list[str], port: int) -> int:
    """RFC 3605, else the next port."""
    for line in attributes:
        match = re.match(r"rtcp:(\d{1,5})\b", line)
        if match is not None and 0 < int(match[1]) <= 65535:
            return int(match[1])
    return port + 1


def _event(attributes: list[str], formats: list[str]) -> int | None:
    for line in attributes:
        match = _EVENT.fullmatch(line.strip())
        if match is not None and match[1] in formats and int(match[1]) < 128:
            return int(match[1])
    return None


def _direction(attributes: list[str]) -> str:
    found = [line for line in attributes if line in _DIRECTIONS]
    return found[-1] if found else "sendrecv"


def _crypto(attributes: list[str], answer_to: Crypto | None) -> Crypto | None:
    for line in attributes:
        match = _CRYPTO.match(line.strip())
        if match is None or match[2] not in SUITES:
            continue
        try:
            key = base64.b64decode(match[3], validate=True)
        except binascii.Error as error:
            raise SdpError("sdp: a key that is not base64") from error
        if len(key) != KEY_BYTES:
            raise SdpError("sdp: a key of the wrong length")
        if answer_to is None or (int(match[1]), match[2]) == (answer_to.tag, answer_to.suite):
            return Crypto(int(match[1]), match[2], key)
    return None


def reverse(direction: str) -> str:
    """What the answer says to this direction of an offer (RFC 3264 section 6.1)."""
    return _DIRECTIONS[direction]


def build(
    address: str,
    port: int,
    *,
    version: tuple[int, int],
    crypto: Crypto | None,
    event: int | None = EVENT,
    direction: str = "sendrecv",
    answer_to: Session | None = None,
) -> bytes:
    """Our description. `version` is session id and version; with `answer_to` every other media line is refused."""
    family = "IP6" if ":" in address else "IP4"
    lines = [
        "v=0",
        f"o=- {version[0]} {version[1]} IN {family} {address}",
        "s=-",
        f"c=IN {family} {address}",
        "t=0 0",
    ]
    own = _own(port, crypto, event, direction)
    if answer_to is None:
        lines += own
    else:
        for index, media in enumerate(answer_to.media):
            if index == answer_to.audio.index:
                lines += own
            else:
                kind, _, rest = media.split(" ", 2)
                lines.append(f"m={kind} 0 {rest}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def _own(port: int, crypto: Crypto | None, event: int | None, direction: str) -> list[str]:
    formats = f"{PCMU}" if event is None else f"{PCMU} {event}"
    lines = [f"m=audio {port} {'RTP/AVP' if crypto is None else 'RTP/SAVP'} {formats}", "a=rtpmap:0 PCMU/8000"]
    if event is not None:
        lines += [f"a=rtpmap:{event} telephone-event/8000", f"a=fmtp:{event} 0-15"]
    if crypto is not None:
        key = base64.b64encode(crypto.key).decode()
        lines.append(f"a=crypto:{crypto.tag} {crypto.suite} inline:{key}")
    return [*lines, "a=ptime:20", f"a={direction}"]
