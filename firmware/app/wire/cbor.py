"""Deterministic CBOR heads and strings (RFC 8949 section 4.2.1): what the codec needs and no more.

Lengths are checked against the bytes that are there before memory is taken.
"""

from wire.errors import WireError

UINT = 0
NINT = 1
BYTES = 2
TEXT = 3
ARRAY = 4
MAP = 5
SIMPLE = 7

FALSE = 20
TRUE = 21
NULL = 22


class Reader:
    """A cursor over one message. `head()` returns the major type and leaves the argument in `arg`."""

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self.data = memoryview(data)
        self.end = len(data)
        self.at = 0
        self.arg = 0

    def head(self) -> int:
        """Read one head: the major type; raises WireError for an incomplete, longer than shortest or indefinite one."""
        at = self.at
        if at >= self.end:
            raise WireError("truncated")
        first = self.data[at]
        low = first & 31
        at += 1
        if low < 24:
            self.arg = low
        elif low < 28:
            at = self._argument(at, 1 << (low - 24))
        elif low == 31:
            raise WireError("indefinite length")
        else:
            raise WireError("not CBOR")
        self.at = at
        return first >> 5

    def _argument(self, at: int, width: int) -> int:
        if width > self.end - at:
            raise WireError("truncated")
        data = self.data
        value = 0
        for i in range(at, at + width):
            value = value << 8 | data[i]
        # the shortest form: 24 and up in one byte, else a bit set in the upper half
        if value < 24 or (width > 1 and not value >> (width * 4)):
            raise WireError("not the shortest form")
        self.arg = value
        return at + width

    def integer(self) -> int:
        """Read an integer of either sign."""
        major = self.head()
        if major == UINT:
            return self.arg
        if major == NINT:
            return -1 - self.arg
        raise WireError("wrong type")

    def take(self) -> memoryview:
        """The bytes of the string whose head was just read, as a view; the caller has checked the size."""
        at = self.at
        if self.arg > self.end - at:
            raise WireError("truncated")
        self.at = at + self.arg
        return self.data[at : self.at]

    def done(self) -> None:
        """Raise WireError if anything is left."""
        if self.at != self.end:
            raise WireError("trailing bytes")


def write_head(out: bytearray, major: int, value: int) -> None:
    """Append the head of an item to the bytearray `out`."""
    major <<= 5
    if value < 24:
        out.append(major | value)
    elif value < 0x100:
        out.append(major | 24)
        out.append(value)
    elif value < 0x10000:
        out.append(major | 25)
        out.extend(value.to_bytes(2, "big"))
    elif not value >> 32:
        out.append(major | 26)
        out.extend(value.to_bytes(4, "big"))
    else:
        out.append(major | 27)
        out.extend(value.to_bytes(8, "big"))


def write_integer(out: bytearray, value: int) -> None:
    """Append an integer of either sign, of at most 64 bits."""
    if value < 0:
        write_head(out, NINT, -1 - value)
    else:
        write_head(out, UINT, value)


def valid_utf8(data: bytes) -> bool:
    """Whether `data` is UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF."""
    at = 0
    end = len(data)
    while at < end:
        first = data[at]
        at += 1
        if first < 0x80:
            continue
        if not 0xC2 <= first <= 0xF4:
            return False
        more = 1 if first < 0xE0 else 2 if first < 0xF0 else 3
        if more > end - at:
            return False
        second = data[at]
        low = {0xE0: 0xA0, 0xF0: 0x90}.get(first, 0x80)
        high = {0xED: 0x9F, 0xF4: 0x8F}.get(first, 0xBF)
        if not low <= second <= high:
            return False
        for i in range(at + 1, at + more):
            if data[i] & 0xC0 != 0x80:
                return False
        at += more
    return True
