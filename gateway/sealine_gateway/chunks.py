"""Sealed chunks on disk until central's signed `stored` says that it has the recording.

`chunks/<record id>/terminal` names the owner, `<index>.chunk` is one sealed second. Everything is
synced, file and folder, before `put` returns. Only ciphertext passes here.
"""

import hashlib
import heapq
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from sealine_protocol import durable
from sealine_protocol.hashes import blake2b256

from sealine_gateway import files
from sealine_gateway.errors import ConflictError, StorageError, StorageFullError

MAX_INDEX: Final = 6 * 3600  # six hours of one-second chunks: longer than any call
MAX_OPEN: Final = 512  # recordings of one terminal that central has not stored yet
MAX_TERMINAL_BYTES: Final = 2_000_000_000  # 35 hours of talk that central has not stored yet
MAX_TERMINAL_CHUNKS: Final = 125_000  # the same in files
BLOCK_BYTES: Final = 4096  # what a file takes at least, however short it is
RETRY_FIRST_MS: Final = 60_000
RETRY_MAX_MS: Final = 3_600_000
_OWNER: Final = "terminal"
_T = TypeVar("_T")


@dataclass
class _Recording:
    """What is known of one recording. `hashes` are of the chunks here, `unsent` the indexes to publish."""

    terminal: bytes
    hashes: dict[int, bytes] = field(default_factory=dict)
    unsent: set[int] = field(default_factory=set)
    next_ms: int = 0
    tries: int = 0
    size: int = 0


@dataclass
class _Share:
    """What one terminal has here; its recordings in the order in which they take their turn."""

    recordings: dict[bytes, _Recording] = field(default_factory=dict)
    chunks: int = 0
    size: int = 0

    def add(self, recording: _Recording, size: int) -> None:
        taken = max(BLOCK_BYTES, size)
        recording.size += taken
        self.size += taken
        self.chunks += 1


class ChunkStore:
    """The folder of chunks. Used by one thread."""

    def __init__(self, state_dir: Path, reserve_bytes: int) -> None:
        """`reserve_bytes` of free disk are left for records. Raises StorageError."""
        self._root = state_dir / "chunks"
        self._reserve_bytes = reserve_bytes
        self._recordings: dict[bytes, _Recording] = {}
        self._shares: dict[bytes, _Share] = {}  # in the order in which the terminals take their turn
        try:
            self._root.mkdir(mode=0o700, exist_ok=True)
            for folder in self._root.iterdir():
                self._load(folder)
        except OSError as error:
            raise files.storage_error(error, "chunks") from error

    def put(self, terminal: bytes, record: bytes, index: int, data: bytes) -> None:
        """Make one chunk durable; the same again is no error.

        Raises ConflictError for another terminal's recording, other bytes under this index, an index or a number of
        recordings past the limits; StorageFullError; StorageError.
        """
        if index > MAX_INDEX:
            raise ConflictError("chunk: index past the limit")
        digest = blake2b256(data)
        recording = self._open(terminal, record)
        present = recording.hashes.get(index)
        if present is None:
            self._check_space(terminal, len(data))
            files.write(self._chunk(record, index), data)
            recording.hashes[index] = digest
            recording.unsent.add(index)
            self._shares[terminal].add(recording, len(data))
        elif present != digest:
            raise ConflictError("chunk: other bytes stand under this index")

    def due(self, now_ms: int, limit: int) -> list[tuple[bytes, int]]:
        """Up to `limit` (record id, index) to publish: new ones, and all of a recording that got no answer in time.

        Terminals take turns, and so do the recordings of each: one that is never answered holds no other one up.
        """
        found: list[tuple[bytes, int]] = []
        for terminal, share in list(self._shares.items()):
            turn = _next_due(share, now_ms)
            if turn is None:
                continue
            record, recording = turn
            found += [(record, index) for index in heapq.nsmallest(limit - len(found), recording.unsent)]
            _to_end(share.recordings, record)
            _to_end(self._shares, terminal)
            if len(found) >= limit:
                break
        return found

    def read(self, record: bytes, index: int) -> bytes | None:
        """One chunk's bytes, or None if it is gone by now."""
        try:
            return self._chunk(record, index).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise files.storage_error(error, "chunk") from error

    def sent(self, record: bytes, index: int, now_ms: int) -> None:
        """Note a publish; the whole recording is due again after a wait that doubles."""
        recording = self._recordings.get(record)
        if recording is None:
            return
        recording.unsent.discard(index)
        if not recording.unsent:
            recording.next_ms = now_ms + min(RETRY_MAX_MS, RETRY_FIRST_MS << min(recording.tries, 16))

    def stored(self, record: bytes, digest: bytes) -> bool:
        """Delete a recording if `digest` (central's, verified) is that of the chunks here; False if it is not.

        A recording that was cut by a reset is signed up to its last checkpoint, so the digest may cover a beginning.
        """
        recording = self._recordings.get(record)
        if recording is None:
            return True
        if digest not in _running_digests(recording.hashes):
            return False
        try:
            shutil.rmtree(self._folder(record))
            durable.sync([self._root])
        except OSError as error:
            raise files.storage_error(error, "chunks") from error
        del self._recordings[record]
        share = self._shares[recording.terminal]
        del share.recordings[record]
        share.chunks -= len(recording.hashes)
        share.size -= recording.size
        if not share.recordings:
            del self._shares[recording.terminal]
        return True

    def count(self) -> int:
        """Number of chunks on disk."""
        return sum(len(recording.hashes) for recording in self._recordings.values())

    def _open(self, terminal: bytes, record: bytes) -> _Recording:
        recording = self._recordings.get(record)
        if recording is not None:
            if recording.terminal != terminal:
                raise ConflictError("chunk: the recording belongs to another terminal")
            return recording
        if terminal in self._shares and len(self._shares[terminal].recordings) >= MAX_OPEN:
            raise ConflictError("chunk: too many recordings of this terminal")
        self._check_space(terminal, 0)
        folder = self._folder(record)
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            files.write(folder / _OWNER, terminal)
            durable.sync([self._root])
        except OSError as error:
            raise files.storage_error(error, "chunks") from error
        return self._enter(record, _Recording(terminal))

    def _enter(self, record: bytes, recording: _Recording) -> _Recording:
        self._recordings[record] = recording
        self._shares.setdefault(recording.terminal, _Share()).recordings[record] = recording
        return recording

    def _load(self, folder: Path) -> None:
        """Take up a folder after a restart; one without an owner was cut off while it was made, and is empty."""
        try:
            record = bytes.fromhex(folder.name)
            terminal = (folder / _OWNER).read_bytes()
        except (ValueError, FileNotFoundError):
            return
        recording = self._enter(record, _Recording(terminal))
        for path in folder.glob("*.chunk"):
            if path.stem.isdigit():
                data = path.read_bytes()
                recording.hashes[int(path.stem)] = blake2b256(data)
                self._shares[terminal].add(recording, len(data))
        recording.unsent.update(recording.hashes)

    def _check_space(self, terminal: bytes, size: int) -> None:
        share = self._shares.get(terminal, _Share())
        if share.chunks >= MAX_TERMINAL_CHUNKS or share.size + max(BLOCK_BYTES, size) > MAX_TERMINAL_BYTES:
            raise StorageFullError("chunks: this terminal's share is full")
        try:
            free = shutil.disk_usage(self._root).free
        except OSError as error:
            raise StorageError("chunks: the disk does not answer") from error
        if free - self._reserve_bytes < size:
            raise StorageFullError("chunks: only the reserve for records is left")

    def _folder(self, record: bytes) -> Path:
        return self._root / record.hex()

    def _chunk(self, record: bytes, index: int) -> Path:
        return self._folder(record) / f"{index}.chunk"


def _running_digests(hashes: dict[int, bytes]) -> Iterator[bytes]:
    """BLAKE2b-256 over the first 0, 1, 2, ... chunk hashes, as far as they follow each other from 0.

    None at all is what a recording rests on that a reset cut before its first checkpoint.
    """
    state = hashlib.blake2b(digest_size=32)
    yield state.digest()
    for index in range(len(hashes)):
        if index not in hashes:
            return
        state.update(hashes[index])
        yield state.digest()


def _next_due(share: _Share, now_ms: int) -> tuple[bytes, _Recording] | None:
    """The next recording of a terminal that has something to publish."""
    for record, recording in share.recordings.items():
        if not recording.unsent and recording.next_ms <= now_ms:
            recording.unsent.update(recording.hashes)
            recording.tries += 1
        if recording.unsent:
            return record, recording
    return None


def _to_end(turns: dict[bytes, _T], key: bytes) -> None:
    turns[key] = turns.pop(key)
