"""Frames on a byte stream: consistent overhead byte stuffing (COBS, Cheshire and Baker 1999), delimited by 0x00.

A frame that is broken or too long is dropped and counted; the decoder is in step again at the next delimiter.
"""

MAX_BODY_BYTES = 1200  # under one Ethernet MTU with TCP/IP headers; a link fragment of 512 bytes fits twice
_FULL_GROUP = 254  # longest run without a zero that one COBS code byte (0xff) announces
MAX_STUFFED_BYTES = MAX_BODY_BYTES + MAX_BODY_BYTES // _FULL_GROUP + 1  # without the delimiter
_DELIMITER = 0


def encode(body: bytes) -> bytes:
    """Return the frame that carries `body`, delimiter included. ValueError if it is empty or over MAX_BODY_BYTES."""
    if not 0 < len(body) <= MAX_BODY_BYTES:
        message = f"frame: a body has 1 to {MAX_BODY_BYTES} bytes"
        raise ValueError(message)
    out = bytearray()
    runs = body.split(b"\0")
    for index, run in enumerate(runs):
        start = 0
        while len(run) - start >= _FULL_GROUP:
            out.append(_FULL_GROUP + 1)
            out += run[start : start + _FULL_GROUP]
            start += _FULL_GROUP
        # a full group at the very end says all; before a zero it needs the empty group that stands for it
        if start == 0 or start < len(run) or index < len(runs) - 1:
            out.append(len(run) - start + 1)
            out += run[start:]
    out.append(_DELIMITER)
    return bytes(out)


def _unstuff(stuffed: bytes) -> bytes | None:
    """Return the body, or None where a code byte points past the end."""
    out = bytearray()
    position = 0
    while position < len(stuffed):
        code = stuffed[position]
        end = position + code
        if end > len(stuffed):
            return None
        out += stuffed[position + 1 : end]
        position = end
        if code <= _FULL_GROUP and position < len(stuffed):
            out.append(0)
    return bytes(out)


class FrameDecoder:
    """Cuts a byte stream, in pieces of any size, into frame bodies. Holds at most MAX_STUFFED_BYTES."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._draining = False
        self.oversized = 0
        self.broken = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the bodies that they complete."""
        bodies: list[bytes] = []
        start = 0
        while (end := data.find(_DELIMITER, start)) >= 0:
            self._keep(data[start:end])
            start = end + 1
            if self._draining:
                self._draining = False
            elif self._pending:
                self._finish(bodies)
            self._pending.clear()
        self._keep(data[start:])
        return bodies

    def _keep(self, piece: bytes) -> None:
        if self._draining:
            return
        if len(piece) > MAX_STUFFED_BYTES - len(self._pending):
            self.oversized += 1
            self._draining = True
            self._pending.clear()
            return
        self._pending += piece

    def _finish(self, bodies: list[bytes]) -> None:
        body = _unstuff(bytes(self._pending))
        if body is None or not body:
            self.broken += 1
        elif len(body) > MAX_BODY_BYTES:
            self.oversized += 1
        else:
            bodies.append(body)
