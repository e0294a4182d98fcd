"""Sealed chunks and envelopes as files: `recordings/<record id>/<index>.chunk`, `envelopes/<record id>/<kind>-<index>`.

Central cannot open any of it. What is written is synced, file and folder, before it is acknowledged.
"""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from sealine_protocol import durable, recording

from sealine_central.errors import StoreError

MAX_CHUNKS: Final = 6 * 3600 + 1
"""Six hours of one-second chunks, as many as a gateway takes: longer than any call."""


class Recordings:
    """The blob directories below the state directory. Used by one thread."""

    def __init__(self, directory: Path, reserve_bytes: int) -> None:
        self._directory = directory
        self._reserve_bytes = reserve_bytes
        self._found_wanting: set[tuple[bytes, bytes]] = set()

    def is_disk_low(self) -> bool:
        """Whether only the reserve, which is for records, is left. Raises StoreError."""
        try:
            return shutil.disk_usage(self._directory).free < self._reserve_bytes
        except OSError as error:
            raise StoreError(f"disk: {error.strerror}") from error

    def add_chunks(self, record_id: bytes, chunks: Mapping[int, bytes]) -> None:
        """Write and sync chunks of one recording; the newest bytes win. Raises StoreError, some may be there then."""
        folder = self._directory / "recordings" / record_id.hex()
        if _write_all({folder / f"{index}.chunk": data for index, data in chunks.items()}):
            self._found_wanting = {pair for pair in self._found_wanting if pair[0] != record_id}

    def add_envelopes(self, records: Mapping[str, Iterable[tuple[str, int, bytes]]]) -> None:
        """Write and sync the envelopes (kind, index, bytes) of a batch of records, by folder. Raises StoreError."""
        top = self._directory / "envelopes"
        _write_all(
            {
                top / folder / f"{kind}-{index}": data
                for folder, envelopes in records.items()
                for kind, index, data in envelopes
            }
        )

    def is_whole(self, record_id: bytes, chunks: int, digest: bytes) -> bool:
        """Whether the first `chunks` chunks are here and hash to the record's digest. Raises StoreError.

        A cut recording is signed up to its last checkpoint: chunks behind that are kept, the digest does not say them.
        A recording that was found wanting is looked at again when a chunk of it has changed.
        """
        if (record_id, digest) in self._found_wanting:
            return False
        folder = self._directory / "recordings" / record_id.hex()
        try:
            present = {path.name for path in folder.iterdir()} if folder.exists() else set()
            names = [f"{index}.chunk" for index in range(chunks)]
            whole = present.issuperset(names) and digest == recording.digest(
                recording.chunk_hash((folder / name).read_bytes()) for name in names
            )
        except OSError as error:
            raise StoreError(f"recordings: {error.strerror}") from error
        if not whole:
            self._found_wanting.add((record_id, digest))
        return whole


def _write_all(files: Mapping[Path, bytes]) -> bool:
    """Write what is not there in these very bytes, and sync it; False if all was there. Raises StoreError."""
    try:
        fresh = {path: data for path, data in files.items() if not _holds(path, data)}
        if not fresh:
            return False
        folders = {path.parent for path in fresh}
        above = {up for folder in folders if not folder.exists() for up in (folder.parent, folder.parent.parent)}
        for folder in folders:
            folder.parent.mkdir(exist_ok=True, mode=0o700)
            folder.mkdir(exist_ok=True, mode=0o700)
        durable.write_all(fresh)
        durable.sync(above)
    except OSError as error:
        raise StoreError(f"{next(iter(files)).parent.parent.name}: {error.strerror}") from error
    return True


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False
