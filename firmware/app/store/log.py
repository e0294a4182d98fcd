"""Append log of typed entries on raw NOR flash: a ring of pre-erased 4096-byte sectors.

A sector starts with magic, generation (one more than the sector before), CRC-32 and a dead mark. An entry is one or
more fragments, each in one sector: kind, flags, length, seq, check, mark, data, CRC-32. The mark is programmed last, in
an operation of its own: a fragment without it was never written. After a torn write the log goes on in the next sector.
"""

import binascii
import struct

from board import Flash
from micropython import const

from store import JournalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SECTOR_BYTES = const(4096)
MAX_ENTRY_BYTES = const(16384)  # as large as a signed object may be (protocol/sealine.cddl)
_MAGIC = const(0x314A4C53)  # "SLJ1"
_SECTOR_HEADER = const(16)
_DEAD_AT = const(12)
_FRAGMENT_HEADER = const(12)
_MARK_AT = const(10)
_OVERHEAD = const(16)  # fragment header and CRC-32
SECTOR_DATA_BYTES = const(4064)  # of one fragment that fills a sector: less both headers
_FIRST = const(1)
_LAST = const(2)
_FREE = const(0)
_USED = const(1)
_UNKNOWN = const(2)  # neither blank nor readable: left alone, for someone to look at
_DEAD = const(3)
_DONE = b"\x00"


_BLANK = memoryview(b"\xff" * 256)


def _is_blank(view: memoryview) -> bool:
    for start in range(0, len(view), 256):
        piece = view[start : start + 256]
        if piece != _BLANK[: len(piece)]:
            return False
    return True


class Log:
    """The ring. `mount` first; nothing here erases, save `mount` (what a power cut left) and `drop_oldest`."""

    def __init__(self, flash: Flash) -> None:
        """Use a whole raw partition whose sectors are 4096 bytes."""
        self._flash = flash
        self._state = bytearray(flash.size() // SECTOR_BYTES)
        self._chain: list[int] = []  # sectors in use, oldest first
        self._generation = 0
        self._offset = SECTOR_BYTES  # where the next fragment goes in the newest sector
        self._page = bytearray(SECTOR_BYTES)
        self.damaged = 0  # fragments that were written whole and do not read back
        self.damaged_seq = -1  # the highest number among them
        self.free_sectors = 0

    def mount(self, visit: "Callable[[int, int, int, int], None]") -> None:
        """Find all entries and call visit(kind, seq, address, bytes) for each, oldest first; heal the torn tail."""
        self._find_sectors()
        self._erase_leftovers()
        self.free_sectors = sum(1 for state in self._state if state == _FREE)
        whole = None
        for sector in self._chain:
            fragments = self._scan(sector)
            for offset, kind, flags, length, seq, good in fragments:
                if not good:
                    whole = None
                    continue
                if flags & _FIRST:
                    whole = (kind, seq, sector * SECTOR_BYTES + offset, 0)
                if whole is None or whole[:2] != (kind, seq):
                    whole = None
                    continue
                whole = whole[:3] + (whole[3] + length,)
                if flags & _LAST:
                    visit(*whole)
                    whole = None

    def append(self, kind: int, seq: int, data: bytes, keep_free: int = 0) -> int:
        """Write an entry, durable on return; give its address. JournalError if it cannot leave `keep_free` sectors."""
        if len(data) > MAX_ENTRY_BYTES:
            raise JournalError("log: entry is too long")
        self._reserve(len(data), keep_free)
        try:
            return self._append(kind, seq, memoryview(data))
        except OSError:
            self._offset = SECTOR_BYTES  # never program twice over what may be half there
            raise JournalError("log: flash fault")

    def read(self, address: int) -> bytes:
        """Return the data of the entry at `address`; JournalError if it does not read back as it was written."""
        parts = []
        sector, offset = divmod(address, SECTOR_BYTES)
        while True:
            header = bytearray(_FRAGMENT_HEADER)
            self._flash.read_into(sector * SECTOR_BYTES + offset, header)
            _, flags, length, _ = struct.unpack_from("<BBHI", header)
            if length > SECTOR_BYTES - offset - _OVERHEAD or bool(flags & _FIRST) == bool(parts):
                raise JournalError("log: entry is damaged")
            body = bytearray(length + 4)
            self._flash.read_into(sector * SECTOR_BYTES + offset + _FRAGMENT_HEADER, body)
            if not _holds(header, memoryview(body)):
                raise JournalError("log: entry is damaged")
            parts.append(bytes(memoryview(body)[:length]))
            if flags & _LAST:
                return parts[0] if len(parts) == 1 else b"".join(parts)
            sector, offset = self._after(sector), _SECTOR_HEADER

    def used_sectors(self) -> int:
        """Return how many sectors hold entries, dead ones included."""
        return len(self._chain)

    def oldest(self) -> list[tuple[int, int, int]]:
        """Return (kind, seq, address) of each entry that starts in the oldest sector, which is never the newest."""
        if len(self._chain) < 2:
            return []
        sector = self._chain[0]
        return [
            (kind, seq, sector * SECTOR_BYTES + offset)
            for offset, kind, flags, _, seq, good in self._scan(sector)
            if good and flags & _FIRST
        ]

    def drop_oldest(self) -> None:
        """Erase the oldest sector. The caller has copied what still counts; the newest sector is never dropped."""
        if len(self._chain) < 2:
            raise JournalError("log: the newest sector cannot go")
        sector = self._chain[0]
        try:
            # Marked first: half an erase may leave any bits, and they must not read as damaged entries.
            self._flash.program(sector * SECTOR_BYTES + _DEAD_AT, _DONE)
            self._flash.erase(sector * SECTOR_BYTES)
        except OSError:
            raise JournalError("log: flash fault")
        self._chain.pop(0)
        self._state[sector] = _FREE
        self.free_sectors += 1

    # ------------------------------------------------------------ mounting

    def _find_sectors(self) -> None:
        found = []
        header = bytearray(_SECTOR_HEADER)
        for sector in range(len(self._state)):
            self._flash.read_into(sector * SECTOR_BYTES, header)
            magic, generation, crc = struct.unpack_from("<III", header)
            if magic == _MAGIC and crc == binascii.crc32(memoryview(header)[:8]):
                if header[_DEAD_AT] == 0xFF:
                    found.append((generation, sector))
                    self._state[sector] = _USED
                else:
                    self._state[sector] = _DEAD
            else:
                self._flash.read_into(sector * SECTOR_BYTES, self._page)
                self._state[sector] = _FREE if _is_blank(memoryview(self._page)) else _UNKNOWN
        found.sort()
        self._chain = [sector for _, sector in found]
        self._generation = found[-1][0] if found else 0

    def _erase_leftovers(self) -> None:
        """Erase what a cut leaves: sectors marked dead, a half-erased one before all others, a torn one after them."""
        count = len(self._state)
        near = range(count)  # no entry was ever committed here
        if self._chain:
            after = (self._chain[-1] + 1) % count
            while self._state[after] == _USED and after != self._chain[-1]:
                after = (after + 1) % count
            near = ((self._chain[0] - 1) % count, after)
        for sector in range(count):
            if self._state[sector] == _DEAD or (self._state[sector] == _UNKNOWN and sector in near):
                self._flash.erase(sector * SECTOR_BYTES)
                self._state[sector] = _FREE
            elif self._state[sector] == _UNKNOWN:
                for _, _, _, _, seq, _ in self._scan(sector):
                    self._note_damage(seq)

    def _scan(self, sector: int) -> list[tuple[int, int, int, int, int, bool]]:
        """Return (offset, kind, flags, length, seq, good) of a sector's fragments; set the end if it is the newest."""
        page = self._page
        self._flash.read_into(sector * SECTOR_BYTES, page)
        view = memoryview(page)
        found = []
        offset = _SECTOR_HEADER
        torn = False
        while offset + _OVERHEAD <= SECTOR_BYTES and not _is_blank(view[offset : offset + _FRAGMENT_HEADER]):
            kind, flags, length, seq = struct.unpack_from("<BBHI", page, offset)
            end = offset + _OVERHEAD + length
            if not _header_holds(view[offset : offset + _FRAGMENT_HEADER]) or end > SECTOR_BYTES:
                torn = True
                break
            good = _holds(view[offset : offset + _FRAGMENT_HEADER], view[offset + _FRAGMENT_HEADER : end])
            if not good:
                torn = True
                if page[offset + _MARK_AT] == 0:
                    self._note_damage(seq)
            found.append((offset, kind, flags, length, seq, good))
            offset = end
        if self._chain and sector == self._chain[-1]:
            clean = not torn and _is_blank(view[offset:])
            self._offset = offset if clean else SECTOR_BYTES
        return found

    def _note_damage(self, seq: int) -> None:
        self.damaged += 1
        self.damaged_seq = max(self.damaged_seq, seq)

    # ------------------------------------------------------------ writing

    def _reserve(self, length: int, keep_free: int) -> None:
        room = SECTOR_BYTES - self._offset - _OVERHEAD
        more = length - room if room > 0 else length + 1
        sectors = -(-more // SECTOR_DATA_BYTES) if more > 0 else 0
        if self.free_sectors - sectors < keep_free:
            raise JournalError("log: full")

    def _append(self, kind: int, seq: int, data: memoryview) -> int:
        address = -1
        done = 0
        while True:
            room = SECTOR_BYTES - self._offset - _OVERHEAD
            if room <= 0:
                self._enter_next()
                continue
            length = min(len(data) - done, room)
            flags = (_FIRST if done == 0 else 0) | (_LAST if done + length == len(data) else 0)
            at = self._chain[-1] * SECTOR_BYTES + self._offset
            if done == 0:
                address = at
            self._offset += _OVERHEAD + length
            self._write_fragment(at, kind, flags, seq, data[done : done + length])
            done += length
            if flags & _LAST:
                return address

    def _write_fragment(self, at: int, kind: int, flags: int, seq: int, data: memoryview) -> None:
        length = len(data)
        view = memoryview(self._page)[: _OVERHEAD + length]
        struct.pack_into("<BBHI", view, 0, kind, flags, length, seq)
        struct.pack_into("<HH", view, 8, binascii.crc32(view[:8]) & 0xFFFF, 0xFFFF)
        view[_FRAGMENT_HEADER : _FRAGMENT_HEADER + length] = data
        crc = binascii.crc32(view[_FRAGMENT_HEADER : _FRAGMENT_HEADER + length], binascii.crc32(view[:8]))
        struct.pack_into("<I", view, _FRAGMENT_HEADER + length, crc)
        self._flash.program(at, view)
        self._flash.program(at + _MARK_AT, _DONE)

    def _enter_next(self) -> None:
        sector = self._next_free(self._chain[-1] if self._chain else -1)
        if sector < 0:
            raise JournalError("log: full")
        header = bytearray(_DEAD_AT)
        struct.pack_into("<II", header, 0, _MAGIC, self._generation + 1)
        struct.pack_into("<I", header, 8, binascii.crc32(memoryview(header)[:8]))
        self._state[sector] = _UNKNOWN
        self.free_sectors -= 1
        self._flash.program(sector * SECTOR_BYTES, header)
        self._state[sector] = _USED
        self._generation += 1
        self._chain.append(sector)
        self._offset = _SECTOR_HEADER

    def _next_free(self, after: int) -> int:
        count = len(self._state)
        for step in range(1, count + 1):
            if self._state[(after + step) % count] == _FREE:
                return (after + step) % count
        return -1

    def _after(self, sector: int) -> int:
        place = self._chain.index(sector) + 1
        if place == len(self._chain):
            raise JournalError("log: entry is damaged")
        return self._chain[place]


def erase_all(flash: Flash) -> None:
    """Make a partition blank; sectors that are so already are not worn."""
    page = bytearray(SECTOR_BYTES)
    for offset in range(0, flash.size(), SECTOR_BYTES):
        flash.read_into(offset, page)
        if not _is_blank(memoryview(page)):
            flash.erase(offset)


def _header_holds(header: bytearray | memoryview) -> bool:
    return struct.unpack_from("<H", header, 8)[0] == binascii.crc32(header[:8]) & 0xFFFF


def _holds(header: bytearray | memoryview, body: memoryview) -> bool:
    """Whether a fragment is marked as written and reads back: `body` is its data and CRC-32."""
    if header[_MARK_AT] != 0 or not _header_holds(header):
        return False
    crc = binascii.crc32(body[:-4], binascii.crc32(header[:8]))
    return crc == struct.unpack_from("<I", body, len(body) - 4)[0]
