"""NOR flash in memory: programming only clears bits; the power can be cut at any operation, half done in five ways."""

SECTOR = 4096
CUT_MODES = ("before", "first half", "second half", "random bits", "after")


class PowerCut(Exception):  # noqa: N818 -- it is no error of the program
    """The power fails here; the flash keeps what was done."""


class Nor:
    """Has the methods of board.Flash for a raw partition."""

    def __init__(self, sectors, seed=1, *, strict=True):
        self.data = bytearray(sectors * SECTOR)
        blank = b"\xff" * SECTOR
        for offset in range(0, len(self.data), SECTOR):  # piecewise: a second copy of it all would not fit
            self.data[offset : offset + SECTOR] = blank
        self.operations = 0
        self.erases = 0
        self.cut_at = None
        self.mode = "before"
        self._random = seed
        self._strict = strict  # whether programming a cleared bit to 1 is a fault of the caller

    def size(self):
        return len(self.data)

    def sector(self):
        return SECTOR

    def read_into(self, offset, buf):
        self._check(offset, len(buf))
        buf[:] = memoryview(self.data)[offset : offset + len(buf)]

    def program(self, offset, buf):
        self._check(offset, len(buf))
        old = int.from_bytes(self.data[offset : offset + len(buf)], "big")
        new = int.from_bytes(bytes(buf), "big")
        if self._strict and old & new != new:
            raise AssertionError("a cleared bit is programmed to 1")
        self._operate(offset, old & new, len(buf))

    def erase(self, offset):
        if offset % SECTOR:
            raise OSError(22)
        self.erases += 1
        self._operate(offset, (1 << (8 * SECTOR)) - 1, SECTOR)

    def cut(self, at, mode):
        """Cut the power at the at-th operation from now on (1 is the next)."""
        self.cut_at = self.operations + at
        self.mode = mode

    def _operate(self, offset, new, size):
        self.operations += 1
        old = self.data[offset : offset + size]
        done = new.to_bytes(size, "big")
        if self.operations != self.cut_at:
            self.data[offset : offset + size] = done
            return
        half = size // 2
        if self.mode == "first half":
            done = done[:half] + old[half:]
        elif self.mode == "second half":
            done = old[:half] + done[half:]
        elif self.mode == "random bits":
            was, mask = int.from_bytes(old, "big"), self._bits(size)
            done = ((was & ~mask) | (new & mask)).to_bytes(size, "big")
        elif self.mode == "before":
            done = old
        self.data[offset : offset + size] = done
        raise PowerCut

    def _bits(self, size):
        out = bytearray(size)
        for at in range(size):
            self._random = (self._random * 1103515245 + 12345) & 0x7FFFFFFF
            out[at] = self._random >> 16 & 0xFF
        return int.from_bytes(out, "big")

    def _check(self, offset, size):
        if offset < 0 or size > len(self.data) - offset:
            raise OSError(22)
