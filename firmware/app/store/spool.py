"""Sealed chunks on their way to the gateway: one in memory, the others in pre-erased flash slots. Ciphertext only.

A chunk leaves when the gateway has synced it. Slots are used in turn and erased only by `prepare`, when no call is up.
"""

import binascii
import struct

from board import Flash
from micropython import const
from wire import cbor

from store import SpoolError

MAX_CHUNK_BYTES = const(16016)  # one second of both legs and its tag (protocol/sealine.cddl)
SLOT_BYTES = const(16384)
_SECTOR_BYTES = const(4096)
_MAGIC = const(0x31535353)  # "SSS1"
_HEADER = const(64)  # magic, serial, index, size, CRC of data, record id, CRC of all that; mark; done
_CRC_AT = const(36)
_MARK_AT = const(40)
_DONE_AT = const(41)
_HEAD_ROOM = const(40)  # for the CBOR in front of the data in a bulk-chunk message
_DONE = b"\x00"
_FREE = const(0)
_FULL = const(1)
_USED = const(2)  # delivered, or a torn write: to be erased


class Spool:
    """Chunks in order of arrival. The chunk in the memory slot is the one offered to the link."""

    def __init__(self, flash: Flash, reserved_sectors: int) -> None:
        """Use a raw partition up to its last `reserved_sectors` sectors."""
        self._flash = flash
        slots = (flash.size() - reserved_sectors * _SECTOR_BYTES) // SLOT_BYTES
        self._state = bytearray(slots)
        self._queue: list[tuple[int, int, bytes, int]] = []  # serial, slot, record id, index
        self._serial = 0
        self._buffer = bytearray(_HEAD_ROOM + MAX_CHUNK_BYTES)
        self._ready: tuple[bytes, int, int] | None = None  # record id, index, size of what is in the buffer
        self._ready_slot = -1  # its flash slot, if it has one
        self._start = 0  # where the message begins in the buffer

    def mount(self) -> None:
        """Find the chunks that wait on flash; torn and delivered ones are marked for erasing."""
        self._queue = []
        raw = bytearray(_HEADER)
        for slot in range(len(self._state)):
            self._flash.read_into(slot * SLOT_BYTES, raw)
            magic, serial, index, _, _ = struct.unpack_from("<IIIII", raw)
            if raw == b"\xff" * _HEADER:
                self._state[slot] = _FREE if self._is_blank(slot) else _USED
            elif (
                magic == _MAGIC
                and raw[_MARK_AT] == 0
                and raw[_DONE_AT] == 0xFF
                and struct.unpack_from("<I", raw, _CRC_AT)[0] == binascii.crc32(memoryview(raw)[:_CRC_AT])
            ):
                self._state[slot] = _FULL
                self._queue.append((serial, slot, bytes(raw[20:36]), index))
                self._serial = max(self._serial, serial)
            else:
                self._state[slot] = _USED
        self._queue.sort()
        self._load()

    # ------------------------------------------------------------ filling

    def put(self, record_id: bytes, index: int, data: memoryview) -> bool:
        """Take a sealed chunk; False if there is no room. Without a backlog it stays in memory only."""
        if len(data) > MAX_CHUNK_BYTES:
            raise SpoolError("spool: chunk is too long")
        if self._ready is None:
            self._set_ready(record_id, index, data, -1)
            return True
        return self._store(record_id, index, data)

    def persist(self) -> bool:
        """Make the chunk in memory durable too, before a record that counts it is signed; False if no room."""
        if self._ready is None or self._ready_slot >= 0:
            return True
        record_id, index, size = self._ready
        data = memoryview(self._buffer)[_HEAD_ROOM : _HEAD_ROOM + size]
        slot = self._write(record_id, index, data)
        self._ready_slot = slot
        return slot >= 0

    # ------------------------------------------------------------ emptying

    def outgoing(self) -> tuple[bytes, int, memoryview] | None:
        """Return (record id, index, bulk-chunk message) of the oldest chunk; the view holds until it is confirmed."""
        if self._ready is None:
            return None
        record_id, index, size = self._ready
        return record_id, index, memoryview(self._buffer)[self._start : _HEAD_ROOM + size]

    def confirmed(self, record_id: bytes, index: int) -> bool:
        """Let go of the outgoing chunk, which the gateway has synced; False if another one is outgoing."""
        if self._ready is None or self._ready[:2] != (record_id, index):
            return False
        if self._ready_slot >= 0:
            self._finish(self._ready_slot)
        self._ready = None
        self._ready_slot = -1
        self._load()
        return True

    def drop(self, record_id: bytes) -> None:
        """Forget a recording's chunks: after a reset its record rests on a checkpoint, that counts confirmed ones."""
        for entry in [entry for entry in self._queue if entry[2] == record_id]:
            self._queue.remove(entry)
            self._finish(entry[1])
        if self._ready is not None and self._ready[0] == record_id:
            self.confirmed(record_id, self._ready[1])

    def backlog(self) -> int:
        """Return how many chunks wait."""
        return len(self._queue) + (self._ready is not None)

    def free(self) -> int:
        """Return how many chunks fit on flash before `prepare` is needed."""
        return sum(1 for state in self._state if state == _FREE)

    def prepare(self) -> bool:
        """Erase one used slot; True if there may be more. Only when no call is up."""
        for slot in range(len(self._state)):
            if self._state[slot] == _USED:
                for sector in range(SLOT_BYTES // _SECTOR_BYTES):
                    self._flash.erase(slot * SLOT_BYTES + sector * _SECTOR_BYTES)
                self._state[slot] = _FREE
                return True
        return False

    # ------------------------------------------------------------ inside

    def _store(self, record_id: bytes, index: int, data: memoryview) -> bool:
        slot = self._write(record_id, index, data)
        if slot < 0:
            return False
        self._queue.append((self._serial, slot, record_id, index))
        return True

    def _write(self, record_id: bytes, index: int, data: memoryview) -> int:
        slot = self._free_slot()
        if slot < 0:
            return -1
        self._serial += 1
        header = bytearray(_MARK_AT)
        struct.pack_into("<IIIII", header, 0, _MAGIC, self._serial, index, len(data), binascii.crc32(data))
        header[20:36] = record_id
        struct.pack_into("<I", header, _CRC_AT, binascii.crc32(memoryview(header)[:_CRC_AT]))
        self._state[slot] = _USED
        try:
            self._flash.program(slot * SLOT_BYTES, header)
            self._flash.program(slot * SLOT_BYTES + _HEADER, data)
            self._flash.program(slot * SLOT_BYTES + _MARK_AT, _DONE)
        except OSError:
            raise SpoolError("spool: flash fault")
        self._state[slot] = _FULL
        return slot

    def _free_slot(self) -> int:
        for slot, state in enumerate(self._state):
            if state == _FREE:
                return slot
        return -1

    def _finish(self, slot: int) -> None:
        self._flash.program(slot * SLOT_BYTES + _DONE_AT, _DONE)
        self._state[slot] = _USED

    def _load(self) -> None:
        """Bring the oldest chunk on flash into memory; one that does not read back is left out, and so named lost."""
        header = bytearray(_HEADER)
        while self._ready is None and self._queue:
            _, slot, record_id, index = self._queue.pop(0)
            self._flash.read_into(slot * SLOT_BYTES, header)
            _, _, _, size, crc = struct.unpack_from("<IIIII", header)
            view = memoryview(self._buffer)[_HEAD_ROOM : _HEAD_ROOM + min(size, MAX_CHUNK_BYTES)]
            self._flash.read_into(slot * SLOT_BYTES + _HEADER, view)
            if len(view) == size and binascii.crc32(view) == crc:
                self._set_ready(record_id, index, None, slot, size)
            else:
                self._finish(slot)

    def _set_ready(self, record_id: bytes, index: int, data: "memoryview | None", slot: int, size: int = 0) -> None:
        if data is not None:
            size = len(data)
            self._buffer[_HEAD_ROOM : _HEAD_ROOM + size] = data
        head = bulk_chunk_head(record_id, index, size)
        self._start = _HEAD_ROOM - len(head)
        self._buffer[self._start : _HEAD_ROOM] = head
        self._ready = (record_id, index, size)
        self._ready_slot = slot

    def _is_blank(self, slot: int) -> bool:
        piece = bytearray(256)
        for at in range(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES, 256):
            self._flash.read_into(at, piece)
            if piece != b"\xff" * 256:
                return False
        return True


def bulk_chunk_head(record_id: bytes, index: int, size: int) -> bytes:
    """Return the CBOR of a `bulk-chunk` up to its data: it stands before the data, so that no 16 KB are copied."""
    out = bytearray(b"\xa4\x00\x65chunk\x01\x50")
    out.extend(record_id)
    out.append(2)
    cbor.write_integer(out, index)
    out.append(3)
    cbor.write_head(out, cbor.BYTES, size)
    return bytes(out)
