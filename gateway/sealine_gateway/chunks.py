"""Sealed chunks on disk until central's signed `stored` says that it has the recording.

`chunks/<record id>/terminal` names the owner, `<index>.chunk` is one sealed second. Everything is
synced, file and folder, before `put` returns. Only ciphertext passes here.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sealine_protocol import durable
from sealine_protocol.hashes import blake2b256

from sealine_gateway import files
from sealine_gateway.errors import ConflictError, StorageError, StorageFullError

MAX_INDEX: Final = 6 * 3600  # six hours of one-second chunks: longer than any call
MAX_OPEN: Final = 512  # recordings of one terminal that central has not stored yet
MAX_TERMINAL_BYTES: Final = 2_000_000_000  # 35 hours of talk that central has not stored yet
RETRY_FIRST_MS: Final = 60_000
RETRY_MAX_MS: Final = 3_600_000
_OWNER: Final = "terminal"


@dataclass
class _Recording:
    """What is known of one recording. `hashes` are of the chunks here, `unsent` the indexes to publish."""

    terminal: bytes
    hashes: dict[int, bytes] = field(default_factory=dict)
    unsent: set[int] = field(default_factory=set)
    size: int = 0
    next_ms: int = 0
    tries: int = 0


class ChunkStore:
    """The folder of chunks. Used by one thread."""

    def __init__(self, state_dir: Path, reserve_bytes: int) -> None:
        """`reserve_bytes` of free disk are left for records. Raises StorageError."""
        self._root = state_dir / "chunks"
        self._reserve_bytes = reserve_bytes
        self._recordings: dict[bytes, _Recording] = {}
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
            recording.size += len(data)
        elif present != digest:
            raise ConflictError("chunk: other bytes stand under this index")

    def due(self, now_ms: int, limit: int) -> list[tuple[bytes, int]]:
        """Up to `limit` (record id, index) to publish: new ones, and all of a recording that got no answer in time."""
        found: list[tuple[bytes, int]] = []
        for record, recording in self._recordings.items():
            if not recording.unsent and recording.next_ms <= now_ms:
                recording.unsent.update(recording.hashes)
                recording.tries += 1
            found += [(record, index) for index in sorted(recording.unsent)[: limit - len(found)]]
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
        if sum(item.terminal == terminal for item in self._recordings.values()) >= MAX_OPEN:
            raise ConflictError("chunk: too many recordings of this terminal")
        self._check_space(terminal, 0)
        folder = self._folder(record)
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            files.write(folder / _OWNER, terminal)
            durable.sync([self._root])
        except OSError as error:
            raise files.storage_error(error, "chunks") from error
        return self._recordings.setdefault(record, _Recording(terminal))

    def _load(self, folder: Path) -> None:
        """Take up a folder after a restart; one without an owner was cut off while it was made, and is empty."""
        try:
            record = bytes.fromhex(folder.name)
            terminal = (folder / _OWNER).read_bytes()
        except (ValueError, FileNotFoundError):
            return
        recording = _Recording(terminal)
        for path in folder.glob("*.chunk"):
            if path.stem.isdigit():
                data = path.read_bytes()
                recording.hashes[int(path.stem)] = blake2b256(data)
                recording.size += len(data)
        recording.unsent.update(recording.hashes)
        self._recordings[record] = recording

    def _check_space(self, terminal: bytes, size: int) -> None:
        share = sum(item.size for item in self._recordings.values() if item.terminal == terminal)
        if share + size > MAX_TERMINAL_BYTES:
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
    joined = b""
    yield blake2b256(joined)
    for index in range(len(hashes)):
        if index not in hashes:
            return
        joined += hashes[index]
        yield blake2b256(joined)
