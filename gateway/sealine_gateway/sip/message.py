"""SIP messages (RFC 3261 section 7) to and from bytes, and their frames on a stream (section 18.3).

Incoming ones are checked whole before anything looks at them: limits first, then the lines, then every field that
routing needs. Nothing is repaired. Bytes that are not UTF-8 survive as surrogates.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sealine_gateway.sip.errors import MessageError
from sealine_gateway.sip.header import (
    CSeq,
    NameAddr,
    Uri,
    Via,
    parse_cseq,
    parse_name_addr,
    parse_uri,
    parse_via,
    split,
)

MAX_HEAD_BYTES: Final = 16_384  # RFC 4475's longest message has 3.5 kB; a trunk's have one
MAX_BODY_BYTES: Final = 16_384  # a session description has some hundred bytes
MAX_HEADERS: Final = 128

_COMPACT: Final = {
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "s": "subject",
    "t": "to",
    "v": "via",
}  # section 7.3.3
_LISTS: Final = frozenset({"via", "route", "record-route", "contact", "require", "allow"})
_SINGLE: Final = ("from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type")
_REQUEST: Final = re.compile(r"([A-Za-z0-9.!%*_+`'~-]+) ([^\s<>]+) SIP/2\.0", re.IGNORECASE)
_STATUS: Final = re.compile(r"SIP/2\.0 ([1-6]\d\d)(?: (.*))?", re.IGNORECASE | re.DOTALL)
_FIELD: Final = re.compile(r"([A-Za-z0-9.!%*_+`'~-]+)[ \t]*:(.*)", re.DOTALL)
_FOLD: Final = re.compile(r"\r\n[ \t]+")
_CALL_ID: Final = re.compile(r"[^\s,;@]+(?:@[^\s,;@]+)?")

Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Message:
    """What requests and responses share. Field names are in lower case and long form, in their order."""

    fields: Fields
    body: bytes
    vias: tuple[Via, ...]
    sender: NameAddr
    recipient: NameAddr
    call_id: str
    cseq: CSeq

    def all(self, name: str) -> list[str]:
        """All values of a field, comma-separated ones apart."""
        values = [value for key, value in self.fields if key == name]
        return [part for value in values for part in split(value)] if name in _LISTS else values

    def get(self, name: str) -> str:
        """The first value of a field, or an empty text."""
        return next((value for key, value in self.fields if key == name), "")

    def addresses(self, name: str) -> list[NameAddr]:
        """All values of a field as addresses. Raises MessageError."""
        return [parse_name_addr(value) for value in self.all(name)]


@dataclass(frozen=True)
class Request(Message):
    """An incoming request."""

    method: str = ""
    uri: Uri = field(default_factory=lambda: Uri("", ""))


@dataclass(frozen=True)
class Response(Message):
    """An incoming response."""

    status: int = 0


def build(start: str, fields: Fields, body: bytes = b"") -> bytes:
    """An outgoing message; Content-Length is added. Raises MessageError for a line break in a field."""
    lines = [start, *(f"{name}: {value}" for name, value in fields), f"Content-Length: {len(body)}"]
    if any("\r" in line or "\n" in line for line in lines):
        raise MessageError("field: a line break")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


def parse(data: bytes) -> Request | Response:
    """One whole message, a datagram or a frame of a stream. Raises MessageError."""
    head, blank, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")  # section 7.5: leading empty lines are skipped
    if not blank:
        head, body = head.removesuffix(b"\r\n"), b""
    if len(head) > MAX_HEAD_BYTES or len(body) > MAX_BODY_BYTES:
        raise MessageError("message: too long")
    start, fields = _lines(head)
    _check_single(fields)
    length = _length(fields)
    if length is not None:
        if length > len(body):
            raise MessageError("content-length: larger than the message")
        body = body[:length]  # section 18.3: what follows is discarded
    return _message(start, fields, body)


def _lines(head: bytes) -> tuple[str, Fields]:
    text = head.decode("utf-8", "surrogateescape")
    start, _, rest = text.partition("\r\n")
    lines = _FOLD.sub(" ", "\r\n" + rest)[2:].split("\r\n") if rest else []
    if len(lines) > MAX_HEADERS:
        raise MessageError("message: too many fields")
    fields = []
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None or "\n" in line or "\r" in line:
            raise MessageError("message: a field that is not well formed")
        name = match[1].lower()
        fields.append((_COMPACT.get(name, name), match[2].strip()))
    return start, fields


def _check_single(fields: Fields) -> None:
    names = [name for name, _ in fields]
    for name in _SINGLE:
        if names.count(name) > 1:
            raise MessageError(f"{name}: more than once")
    for name in ("via", "from", "to", "call-id", "cseq"):
        if name not in names:
            raise MessageError(f"{name}: missing")


def _length(fields: Fields) -> int | None:
    value = next((value for name, value in fields if name == "content-length"), None)
    return None if value is None else _number("content-length", value, 2**31)


def _number(name: str, value: str, limit: int) -> int:
    if not (value.isascii() and value.isdigit()) or len(value) > 12 or int(value) > limit:
        raise MessageError(f"{name}: not a number in range")
    return int(value)


def _message(start: str, fields: Fields, body: bytes) -> Request | Response:
    single = dict(fields)
    if _CALL_ID.fullmatch(single["call-id"]) is None:
        raise MessageError("call-id: not well formed")
    vias = tuple(parse_via(part) for name, value in fields if name == "via" for part in split(value))
    sender, recipient = parse_name_addr(single["from"]), parse_name_addr(single["to"])
    shared = (fields, body, vias, sender, recipient, single["call-id"], parse_cseq(single["cseq"]))
    status = _STATUS.fullmatch(start)
    if status is not None:
        return Response(*shared, status=int(status[1]))
    request = _REQUEST.fullmatch(start)
    if request is None:
        raise MessageError("message: neither a request nor a response of version 2.0")
    if request[1] != shared[-1].method:
        raise MessageError("cseq: another method than the request's")
    if "max-forwards" in single:
        _number("max-forwards", single["max-forwards"], 255)
    return Request(*shared, method=request[1], uri=parse_uri(request[2]))


_STREAM_LENGTH: Final = re.compile(rb"\r\n(?:content-length|l)[ \t]*:\s*(\d{1,6})[ \t]*(?=\r\n)", re.IGNORECASE)


class Framer:
    """Cuts a TCP or TLS stream into messages by their Content-Length."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now. Raises MessageError when the stream is out of step: close it."""
        self._buffer += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        while self._buffer[:2] == b"\r\n":  # RFC 5626 section 3.5.1: a keepalive
            del self._buffer[:2]
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise MessageError("stream: a head without an end")
            return None
        lengths = _STREAM_LENGTH.findall(bytes(self._buffer[: end + 2]))
        if len(lengths) != 1 or int(lengths[0]) > MAX_BODY_BYTES or end > MAX_HEAD_BYTES:
            raise MessageError("stream: no usable content-length")
        total = end + 4 + int(lengths[0])
        if len(self._buffer) < total:
            return None
        message = bytes(self._buffer[:total])
        del self._buffer[:total]
        return message
