"""Sealed chunks and envelopes as files: `recordings/<record id>/<index>.chunk`, `envelopes/<record id>/<kind>-<index>`.

Central cannot open any of it. A chunk is synced before it is acknowledged; it may come before its record.
"""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sealine_protocol import recording

from sealine_central.errors import StoreError

MAX_CHUNKS = 4 * 3600
"""A call of four hours, one chunk a second; no policy allows longer ones."""


@dataclass(frozen=True, slots=True)
class Recordings:
    """The blob directories below the state directory."""

    directory: Path
    reserve_bytes: int

    def add_chunk(self, record_id: bytes, index: int, data: bytes) -> None:
        """Write and sync one chunk; the newest bytes win until the recording is whole. Raises StoreError."""
        if index >= MAX_CHUNKS:
            raise StoreError(f"chunk: index of {MAX_CHUNKS} or more")
        if shutil.disk_usage(self.directory).free < self.reserve_bytes:
            raise StoreError("chunk: the disk is nearly full, chunks wait at the gateways")
        _write(self.directory / "recordings" / record_id.hex() / f"{index}.chunk", data)

    def add_envelopes(self, record_id: bytes, envelopes: Iterable[tuple[str, int, bytes]]) -> None:
        """Write and sync a record's envelopes. Raises StoreError."""
        for kind, index, data in envelopes:
            _write(self.directory / "envelopes" / record_id.hex() / f"{kind}-{index}", data)

    def indices(self, record_id: bytes) -> list[int]:
        """The chunks that are here, in order."""
        folder = self.directory / "recordings" / record_id.hex()
        return sorted(int(path.stem) for path in folder.glob("*.chunk"))

    def is_whole(self, record_id: bytes, chunks: int, digest: bytes) -> bool:
        """Whether the first `chunks` chunks are here and hash to the record's digest."""
        folder = self.directory / "recordings" / record_id.hex()
        paths = [folder / f"{index}.chunk" for index in range(chunks)]
        if not all(path.exists() for path in paths):
            return False
        return recording.digest(recording.chunk_hash(path.read_bytes()) for path in paths) == digest


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_name(path.name + ".new")
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        for folder in (path.parent, path.parent.parent):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise StoreError(f"{path.parent.parent.name}: {error.strerror}") from error
