"""Durable small files: written beside, synced, renamed, and the folder synced."""

import errno
import os
from pathlib import Path

from sealine_gateway.errors import StorageError, StorageFullError


def write(path: Path, data: bytes) -> None:
    """Put `data` at `path` atomically and durably, mode 0600. Raises StorageError."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
        sync_directory(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise storage_error(error, path.name) from error


def sync_directory(path: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def storage_error(error: OSError, what: str) -> StorageError:
    """The typed error for a failed disk operation on `what`."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StorageFullError(f"{what}: the disk is full")
    return StorageError(f"{what}: {error.strerror}")
