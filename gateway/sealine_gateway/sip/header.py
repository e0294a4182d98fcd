"""Header field values of RFC 3261 section 25.1: URIs, name-addr, Via, CSeq. Strict, and only what a trunk needs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from sealine_gateway.sip.errors import MessageError

MAX_CSEQ: Final = 2**31 - 1  # section 8.1.1.5
MAX_PARAMETERS: Final = 32  # a trunk's own headers have three or four

Parameters = Mapping[str, str]

_WORD: Final = r"[A-Za-z0-9.!%*_+`'~-]+"
_HOST: Final = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)"
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_PARAMETER: Final = re.compile(rf"\s*;\s*({_WORD})(?:\s*=\s*({_QUOTED}|\[[0-9A-Fa-f:.]+\]|{_WORD}))?\s*", re.DOTALL)
_SIP_URI: Final = re.compile(
    rf"(sips?):(?:([^@<>\s]*)@)?({_HOST})(?::(\d{{1,5}}))?((?:;[^\s<>?;]+)*)(\?[^\s<>]+)?", re.IGNORECASE
)
_OTHER_URI: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):([^\s<>]+)")
_NAME: Final = re.compile(rf"\s*(?:({_QUOTED})|((?:{_WORD}\s+)*(?:{_WORD})?))\s*<", re.DOTALL)
_VIA: Final = re.compile(rf"\s*SIP\s*/\s*2\.0\s*/\s*({_WORD})\s+({_HOST})\s*(?::\s*(\d{{1,5}}))?", re.IGNORECASE)
_CSEQ: Final = re.compile(rf"(\d{{1,10}})\s+({_WORD})")


@dataclass(frozen=True)
class Uri:
    """One URI. `text` is the whole of it as received; `user`, `host`, `port` are of sip and sips only."""

    text: str
    scheme: str
    user: str = ""
    host: str = ""
    port: int | None = None


@dataclass(frozen=True)
class NameAddr:
    """A From, To, Contact, Route or Record-Route value without its display name."""

    uri: Uri
    parameters: Parameters = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """The tag, empty where there is none."""
        return self.parameters.get("tag", "")


@dataclass(frozen=True)
class Via:
    """One hop of a Via header."""

    protocol: str
    host: str
    port: int | None
    parameters: Parameters

    @property
    def branch(self) -> str:
        """The branch, empty where there is none."""
        return self.parameters.get("branch", "")


@dataclass(frozen=True)
class CSeq:
    """Number and method."""

    number: int
    method: str


def split(value: str) -> list[str]:
    """The parts of a comma-separated value; commas in quotes and angle brackets do not count. Raises MessageError."""
    parts, start, quoted, angle, skip = [], 0, False, False, False
    for index, char in enumerate(value):
        if skip:
            skip = False
        elif quoted:
            skip, quoted = char == "\\", char != '"'
        elif char == '"':
            quoted = True
        elif char in "<>":
            angle = char == "<"
        elif char == "," and not angle:
            parts.append(value[start:index].strip())
            start = index + 1
    parts.append(value[start:].strip())
    if quoted or angle or not all(parts):
        raise MessageError("header: a list that is not well formed")
    return parts


def parse_parameters(text: str) -> Parameters:
    """`;name=value` pairs up to the end of the text; names in lower case, quotes taken off. Raises MessageError."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _PARAMETER.match(text, at)
        if match is None or len(found) >= MAX_PARAMETERS:
            raise MessageError("header: parameters that are not well formed, or too many")
        name, value = match[1].lower(), match[2] or ""
        if name in found:  # section 7.3.1
            raise MessageError("header: a parameter that comes twice")
        found[name] = unquote(value) if value.startswith('"') else value
        at = match.end()
    return MappingProxyType(found)


def unquote(value: str) -> str:
    """The text of a quoted-string."""
    return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)


def parse_uri(text: str) -> Uri:
    """A URI of any scheme. Raises MessageError."""
    match = _SIP_URI.fullmatch(text)
    if match is not None:
        port = int(match[4]) if match[4] else None
        if port is not None and port > 65535:
            raise MessageError("uri: port out of range")
        return Uri(text, match[1].lower(), match[2] or "", match[3], port)
    match = _OTHER_URI.fullmatch(text)
    if match is None or match[1].lower() in {"sip", "sips"}:
        raise MessageError("uri: not well formed")
    return Uri(text, match[1].lower())


def parse_name_addr(value: str) -> NameAddr:
    """`"Name" <uri>;parameters` or `uri;parameters`. Raises MessageError."""
    match = _NAME.match(value)
    if match is None:
        bare, semicolon, rest = value.strip().partition(";")
        if "?" in bare or "," in bare:  # section 20: such a URI must be in angle brackets
            raise MessageError("address: must be in angle brackets")
        return NameAddr(parse_uri(bare.rstrip()), parse_parameters(semicolon + rest))
    uri, bracket, rest = value[match.end() :].partition(">")
    if not bracket:
        raise MessageError("address: no closing bracket")
    return NameAddr(parse_uri(uri), parse_parameters(rest.strip()))


def parse_via(value: str) -> Via:
    """One Via value. Raises MessageError."""
    match = _VIA.match(value)
    if match is None:
        raise MessageError("via: not well formed")
    port = int(match[3]) if match[3] else None
    if port is not None and port > 65535:
        raise MessageError("via: port out of range")
    return Via(match[1].upper(), match[2], port, parse_parameters(value[match.end() :]))


def parse_cseq(value: str) -> CSeq:
    """A CSeq value. Raises MessageError."""
    match = _CSEQ.fullmatch(value)
    if match is None or int(match[1]) > MAX_CSEQ:
        raise MessageError("cseq: not well formed, or too large")
    return CSeq(int(match[1]), match[2])
