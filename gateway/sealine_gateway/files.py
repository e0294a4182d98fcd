"""Durable small files, with the gateway's own errors."""

import errno
from pathlib import Path

from sealine_protocol import durable

from sealine_gateway.errors import StorageError, StorageFullError


def write(path: Path, data: bytes) -> None:
    """Put `data` at `path` atomically and durably, mode 0600. Raises StorageError."""
    try:
        durable.write(path, data)
    except OSError as error:
        raise storage_error(error, path.name) from error


def storage_error(error: OSError, what: str) -> StorageError:
    """The typed error for a failed disk operation on `what`."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StorageFullError(f"{what}: the disk is full")
    return StorageError(f"{what}: {error.strerror}")
