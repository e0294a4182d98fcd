"""Frames on a byte stream, stuffed and unstuffed in place (COBS, Cheshire and Baker 1999), delimited by 0x00.

A broken or oversized frame is dropped and counted; the decoder is in step again at the next delimiter.
"""

from micropython import const

MAX_BODY_BYTES = const(1200)  # as the host's cobs.py
_FULL_RUN = const(254)  # longest run without a zero that one code byte (0xff) announces
MAX_FRAME_BYTES = const(1206)  # code bytes and delimiter included
BODY = const(1)  # where the body stands in a buffer: the first code byte is in front of it


def stuff(buffer: bytearray, body_bytes: int) -> int:
    """Make buffer[1:1 + body_bytes] a frame that begins at buffer[0]; return its length, delimiter included.

    Takes no memory where the body has no run of 254 bytes without a zero, which holds for voice.
    """
    end = BODY + body_bytes
    code = 0
    while True:
        zero = buffer.find(b"\0", code + 1, end)
        run = (zero if zero >= 0 else end) - code - 1
        if run < _FULL_RUN:
            buffer[code] = run + 1
            if zero < 0:
                break
            code = zero
            continue
        buffer[code] = _FULL_RUN + 1
        if zero < 0 and run == _FULL_RUN:
            break
        code += _FULL_RUN + 1
        buffer[code + 1 : end + 1] = buffer[code:end]  # room for the next code byte
        end += 1
    buffer[end] = 0
    return end + 1


def unstuff(buffer: bytearray, stuffed_bytes: int) -> int:
    """Undo `stuff` for the bytes in front of the delimiter; return the body's length, or -1 if they are no frame."""
    end = stuffed_bytes
    position = 0
    code = buffer[0]
    while True:
        position += code
        if code == 0 or position > end:
            return -1
        if position == end:
            return end - BODY
        following = buffer[position]
        if code > _FULL_RUN:
            buffer[position : end - 1] = buffer[position + 1 : end]
            end -= 1
            position -= 1
        else:
            buffer[position] = 0
        code = following


class Decoder:
    """Collects one frame at a time into its own buffer."""

    def __init__(self) -> None:
        self.frame = bytearray(MAX_FRAME_BYTES)
        self._view = memoryview(self.frame)
        self._filled = 0
        self._draining = False
        self.body_bytes = 0  # of the frame that the last `push` completed, else 0
        self.oversized = 0
        self.broken = 0

    def push(self, data: bytearray, start: int, end: int) -> int:
        """Take data[start:end] up to its first delimiter; return where it stopped.

        If `body_bytes` is not 0 then the body stands at frame[BODY:] until the next call.
        """
        self.body_bytes = 0
        zero = data.find(b"\0", start, end)
        stop = zero if zero >= 0 else end
        self._keep(data, start, stop)
        if zero < 0:
            return end
        if self._draining:
            self._draining = False
        elif self._filled:
            self._finish()
        self._filled = 0
        return zero + 1

    def _keep(self, data: bytearray, start: int, stop: int) -> None:
        count = stop - start
        if self._draining or count == 0:
            return
        if count > MAX_FRAME_BYTES - 1 - self._filled:
            self.oversized += 1
            self._draining = True
            self._filled = 0
            return
        self._view[self._filled : self._filled + count] = memoryview(data)[start:stop]
        self._filled += count

    def _finish(self) -> None:
        size = unstuff(self.frame, self._filled)
        if size <= 0:
            self.broken += 1
        elif size > MAX_BODY_BYTES:
            self.oversized += 1
        else:
            self.body_bytes = size
