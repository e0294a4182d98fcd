"""Journal of call records: numbers them, chains them, signs them, and keeps each until central's receipt.

What is durable before what: OPEN entry, ACCEPT, checkpoints, the final payload's bytes, the signature over exactly
these bytes, then (once receipted) the head, and only then the removal mark. One record is open at a time; none expires.
"""

import struct

from board import Flash
from micropython import const
from wire import codec, cose
from wire.hashes import blake2b256

from store import JournalError
from store.identity import Identity
from store.log import SECTOR_BYTES, SECTOR_DATA_BYTES, Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_RECORDS = const(400)  # twice the reserve of 200 records; bounds the index in memory to about 40 KB
_RECORD_BYTES = const(4096)  # a recorded call with five envelopes takes about 2.7 KB, its checkpoints the rest
_COMPACT_KEEP = const(6)  # sectors that only compaction may take: the longest entry spans five
_CLOSE_KEEP = const(14)  # sectors kept for the end of a call that has been opened
_ENTRY_COST = const(16)

_OPEN = const(1)
_ACCEPT = const(2)
_CHECKPOINT = const(3)
_PAYLOAD = const(4)
_SIGNATURE = const(5)
_QUARANTINE = const(6)
_HEAD = const(7)
_REMOVE = const(8)
_HALT = const(9)
_SIZE = const(0)  # place in a record's row: bytes of its live entries; the kinds 1 to 6 hold addresses


class Journal:
    """The records of one identity key. `identity` gives genesis (hash of the credential), key_id and signature()."""

    def __init__(self, flash: Flash, identity: Identity) -> None:
        """Use a whole raw partition; call `mount` before anything else."""
        self._identity = identity
        self._log = Log(flash)
        self._rows: dict[int, list[int]] = {}
        self._head: tuple[int, bytes] | None = None
        self._stored_head = (-1, 0)  # seq and address of the newest HEAD entry
        self._halt = 0
        self._live = 0
        self._open: tuple[int, bytes] | None = None  # seq and id of the record that is open

    # ------------------------------------------------------------ boot

    def mount(self) -> None:
        """Read the flash, heal what a power cut left, and finish the signature of a payload that has none."""
        self._log.mount(self._visit)
        for seq, row in self._rows.items():
            if row[_SIGNATURE]:
                self._raise_head(seq, self._log.read(row[_SIGNATURE])[64:])
        for seq in sorted(self._rows):
            if not self._rows[seq][_SIGNATURE]:
                self._mount_unsigned(seq, self._rows[seq])

    def _mount_unsigned(self, seq: int, row: list[int]) -> None:
        if row[_PAYLOAD] and row[_OPEN]:
            # Ed25519 has no randomness: the same payload can only give the same signature again.
            if not self._halt:
                self._sign(seq, self._log.read(row[_PAYLOAD]))
        elif row[_OPEN] and seq > (self._head[0] if self._head else -1):
            self._open = (seq, self._draft(seq)["id"])
        else:
            self._live -= self._rows.pop(seq)[_SIZE]  # only bit rot does it: a gap, that central will name

    def recover(self) -> dict | None:
        """Return the record that a reset left open, None if there is none.

        Keys: record (as drafted), envelopes, accepted (accepted_at, answered) or None, checkpoint (signed) or None.
        The caller closes it with `close_record`; its content key is gone.
        """
        if self._open is None:
            return None
        row = self._rows[self._open[0]]
        parts = _unpack(self._log.read(row[_OPEN]))
        return {
            "record": codec.decode("record", parts[0]),
            "envelopes": parts[1:],
            "accepted": struct.unpack("<QQ", self._log.read(row[_ACCEPT])) if row[_ACCEPT] else None,
            "checkpoint": self._log.read(row[_CHECKPOINT]) if row[_CHECKPOINT] else None,
        }

    # ------------------------------------------------------------ one call

    def next(self) -> tuple[int, bytes]:
        """Return seq and prev of the next record; JournalError if none may be signed."""
        self._may_sign()
        if self._open is not None:
            raise JournalError("journal: a record is open")
        if self._head is None:
            return 0, self._identity.genesis
        return self._head[0] + 1, self._head[1]

    def open_record(self, entry: dict) -> None:
        """Keep `record` (as it would be after a reset now) and `envelopes` (bytes); from here a frame may be sealed."""
        record = entry["record"]
        if (record["seq"], record["prev"]) != self.next():
            raise JournalError("journal: record.seq or record.prev is not the next")
        if len(self._rows) >= MAX_RECORDS:
            raise JournalError("journal: full")
        seq = record["seq"]
        self._put(_OPEN, seq, _pack([codec.encode("record", record)] + list(entry["envelopes"])), _CLOSE_KEEP)
        self._open = (seq, record["id"])

    def accepted(self, record_id: bytes, accepted_at: int, answered: int) -> None:
        """Keep the fact and the times (unix ms) of the called party's acceptance."""
        self._put(_ACCEPT, self._opened(record_id), struct.pack("<QQ", accepted_at, answered), _COMPACT_KEEP)

    def checkpoint(self, record_id: bytes, signed: bytes) -> bool:
        """Keep a signed checkpoint; False when the room left is needed for the end of the call."""
        seq = self._opened(record_id)
        if self._log.free_sectors <= _CLOSE_KEEP:
            return False
        self._put(_CHECKPOINT, seq, signed, _CLOSE_KEEP)
        return True

    def close_record(self, payload: bytes) -> bytes:
        """Keep the final payload, then the signature over exactly these bytes; return the signed record."""
        record = codec.decode("record", payload)
        seq = self._opened(record["id"])
        draft = self._draft(seq)
        if (record["seq"], record["prev"]) != (seq, draft["prev"]):
            raise JournalError("journal: record.seq or record.prev is not the opened one")
        self._may_sign()
        self._put(_PAYLOAD, seq, payload, _COMPACT_KEEP)
        return self._sign(seq, payload)

    # ------------------------------------------------------------ delivery

    def pending(self, *, refused: bool = False) -> "Iterator[tuple[bytes, bytes, list[bytes]]]":
        """Yield (hash, signed, envelopes) of each record that waits for its receipt, in order of seq.

        Those in quarantine are left out; with `refused` they are what is yielded.
        """
        for seq in sorted(self._rows):
            row = self._rows.get(seq)
            if row and row[_SIGNATURE] and row[_PAYLOAD] and row[_OPEN] and bool(row[_QUARANTINE]) is refused:
                signature = self._log.read(row[_SIGNATURE])
                yield signature[64:], self._signed(seq, signature[:64]), _unpack(self._log.read(row[_OPEN]))[1:]

    def signed(self, record_hash: bytes) -> bytes | None:
        """Return the signed record with this hash, None if it is not here."""
        seq = self._find(record_hash)
        return None if seq is None else self._signed(seq, self._log.read(self._rows[seq][_SIGNATURE])[:64])

    def receipted(self, record_hash: bytes, issued: int, receipt_hash: bytes) -> bool:
        """Remove a record whose receipt (issued unix s, hash of its bytes) verified; False if it is not here.

        The head is durable before the removal, so that no number and no prev is ever lost with a record.
        """
        seq = self._find(record_hash)
        if seq is None or self._head is None:
            return False
        if self._stored_head[0] < self._head[0]:
            self._store_head(self._head, issued, receipt_hash)
        self._log.append(_REMOVE, seq, receipt_hash, _COMPACT_KEEP)
        self._live -= self._rows.pop(seq)[_SIZE]
        return True

    def quarantine(self, record_hash: bytes, statement: bytes) -> bool:
        """Take a refused record out of `pending`, kept whole with central's statement; False if it is not here."""
        seq = self._find(record_hash)
        if seq is None or self._rows[seq][_QUARANTINE]:
            return False
        self._put(_QUARANTINE, seq, statement, _COMPACT_KEEP)
        return True

    def halt(self) -> None:
        """Sign nothing any more, for good: the flash was restored or cloned. Only a new enrolment ends it."""
        if not self._halt:
            self._halt = self._log.append(_HALT, 0, b"", 0)

    def agrees(self, head: dict | None) -> bool:
        """Whether central's head of our chain can be true of this flash; if not, it was restored or cloned."""
        if head is None:
            return True
        if self._head is None or head["seq"] > self._head[0]:
            return False
        if head["seq"] == self._head[0]:
            return head["hash"] == self._head[1]
        row = self._rows.get(head["seq"])
        return not row or not row[_SIGNATURE] or self._log.read(row[_SIGNATURE])[64:] == head["hash"]

    # ------------------------------------------------------------ state

    def head(self) -> tuple[int, bytes] | None:
        """Return (seq, hash) of the last signed record."""
        return self._head

    def counts(self) -> tuple[int, int]:
        """Return how many records wait for a receipt, and how many are in quarantine."""
        held = sum(1 for row in self._rows.values() if row[_QUARANTINE])
        signed = sum(1 for row in self._rows.values() if row[_SIGNATURE])
        return signed - held, held

    def unsafe(self) -> bool:
        """Whether an entry above the head does not read back: its number may have been used, so none may be signed."""
        return self._log.damaged_seq > (self._head[0] if self._head else -1)

    def halted(self) -> bool:
        """Whether `halt` was called on this flash."""
        return self._halt != 0

    def is_open(self) -> bool:
        """Whether a record is open that can still be signed."""
        return self._open is not None and not self.halted() and not self.unsafe()

    def free_records(self) -> int:
        """Return for how many more records there is room; chargeable calls stop at the reserve of 200."""
        room = (self._log.free_sectors - _CLOSE_KEEP) * SECTOR_BYTES // _RECORD_BYTES
        return max(0, min(room, MAX_RECORDS - len(self._rows)))

    def compact(self) -> bool:
        """Give one sector back; True if there may be more to do. Erases flash: only when no call is up.

        A journal that may sign no more is left as it is: what it holds of damage must be found again at each boot.
        """
        if self._open is not None or self.unsafe() or self._log.used_sectors() < 2:
            return False
        moving = [entry for entry in self._log.oldest() if self._is_live(*entry)]
        garbage = self._log.used_sectors() * SECTOR_DATA_BYTES - self._live
        if moving and garbage < 4 * SECTOR_BYTES:
            return False
        for kind, seq, address in moving:
            self._place(kind, seq, self._log.append(kind, seq, self._log.read(address)), 0)
        self._log.drop_oldest()
        return True

    # ------------------------------------------------------------ inside

    def _visit(self, kind: int, seq: int, address: int, size: int) -> None:
        if kind == _REMOVE:
            row = self._rows.pop(seq, None)
            self._live -= row[_SIZE] if row else 0
        else:
            self._place(kind, seq, address, size + _ENTRY_COST)

    def _place(self, kind: int, seq: int, address: int, size: int) -> None:
        if kind == _HALT:
            self._halt = address
        elif kind == _HEAD:
            head = self._log.read(address)
            self._stored_head = (seq, address)
            self._raise_head(seq, head[:32])
        else:
            row = self._rows.setdefault(seq, [0] * 7)
            row[kind] = address
            row[_SIZE] += size
            self._live += size

    def _put(self, kind: int, seq: int, data: bytes, keep_free: int) -> None:
        self._place(kind, seq, self._log.append(kind, seq, data, keep_free), len(data) + _ENTRY_COST)

    def _is_live(self, kind: int, seq: int, address: int) -> bool:
        if kind == _HALT:
            return address == self._halt
        if kind == _HEAD:
            return address == self._stored_head[1]
        row = self._rows.get(seq)
        return kind != _REMOVE and row is not None and row[kind] == address

    def _opened(self, record_id: bytes) -> int:
        if self._open is None or self._open[1] != record_id:
            raise JournalError("journal: that record is not open")
        return self._open[0]

    def _draft(self, seq: int) -> dict:
        return codec.decode("record", _unpack(self._log.read(self._rows[seq][_OPEN]))[0])

    def _may_sign(self) -> None:
        if self._halt:
            raise JournalError("journal: halted, the terminal must be enrolled again")
        if self.unsafe():
            raise JournalError("journal: damaged, a number could be used twice")

    def _sign(self, seq: int, payload: bytes) -> bytes:
        signature = self._identity.signature("record", payload)
        signed = cose.assemble("record", self._identity.key_id, payload, signature)
        record_hash = blake2b256(signed)
        self._put(_SIGNATURE, seq, signature + record_hash, 0)
        self._open = None
        self._raise_head(seq, record_hash)
        return signed

    def _signed(self, seq: int, signature: bytes) -> bytes:
        payload = self._log.read(self._rows[seq][_PAYLOAD])
        return cose.assemble("record", self._identity.key_id, payload, signature)

    def _raise_head(self, seq: int, record_hash: bytes) -> None:
        if self._head is None or seq > self._head[0]:
            self._head = (seq, record_hash)

    def _store_head(self, head: tuple[int, bytes], issued: int, receipt_hash: bytes) -> None:
        seq, record_hash = head
        address = self._log.append(_HEAD, seq, record_hash + receipt_hash + struct.pack("<Q", issued), _COMPACT_KEEP)
        self._stored_head = (seq, address)

    def _find(self, record_hash: bytes) -> int | None:
        for seq, row in self._rows.items():
            if row[_SIGNATURE] and self._log.read(row[_SIGNATURE])[64:] == record_hash:
                return seq
        return None


def _pack(parts: list[bytes]) -> bytes:
    return b"".join([struct.pack("<H", len(part)) + part for part in parts])


def _unpack(data: bytes) -> list[bytes]:
    parts = []
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from("<H", data, at)
        parts.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    return parts
