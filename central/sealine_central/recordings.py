"""Sealed chunks and envelopes as files: `recordings/<record id>/<index>.chunk`, `envelopes/<record id>/<kind>-<index>`.

Central cannot open any of it. What is written is synced, file and folder, before it is acknowledged.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sealine_protocol import durable, recording

from sealine_central.errors import StoreError


class Recordings:
    """The blob directories below the state directory. Used by one thread."""

    def __init__(self, directory: Path, reserve_bytes: int) -> None:
        self._directory = directory
        self._reserve_bytes = reserve_bytes

    def is_disk_low(self) -> bool:
        """Whether only the reserve, which is for records, is left. Raises StoreError."""
        try:
            return shutil.disk_usage(self._directory).free < self._reserve_bytes
        except OSError as error:
            raise StoreError(f"disk: {error.strerror}") from error

    def add_chunks(self, record_id: bytes, chunks: Mapping[int, bytes]) -> None:
        """Write and sync chunks of one recording; the newest bytes win. Raises StoreError, some may be there then."""
        folder = self._folder(record_id)
        _write_all({folder / f"{index}.chunk": data for index, data in chunks.items()})

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

    def damaged(self, record_id: bytes, hashes: Sequence[bytes]) -> list[int]:
        """The indices of chunks that are not here in the bytes with these hashes. Raises StoreError."""
        folder = self._folder(record_id)
        return [index for index, value in enumerate(hashes) if _hash(folder / f"{index}.chunk") != value]

    def remove(self, record_id: bytes) -> None:
        """Delete a recording's chunks. Raises StoreError."""
        try:
            shutil.rmtree(self._folder(record_id))
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"recordings: {error.strerror}") from error

    def _folder(self, record_id: bytes) -> Path:
        return self._directory / "recordings" / record_id.hex()


def _hash(path: Path) -> bytes | None:
    try:
        return recording.chunk_hash(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"recordings: {error.strerror}") from error


def _write_all(files: Mapping[Path, bytes]) -> None:
    """Write what is not there in these very bytes, and sync it. Raises StoreError."""
    try:
        fresh = {path: data for path, data in files.items() if not _holds(path, data)}
        if not fresh:
            return
        folders = {path.parent for path in fresh}
        above = {up for folder in folders if not folder.exists() for up in (folder.parent, folder.parent.parent)}
        for folder in folders:
            folder.parent.mkdir(exist_ok=True, mode=0o700)
            folder.mkdir(exist_ok=True, mode=0o700)
        durable.write_all(fresh)
        durable.sync(above)
    except OSError as error:
        raise StoreError(f"{next(iter(files)).parent.parent.name}: {error.strerror}") from error


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False
