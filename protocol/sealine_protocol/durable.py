"""Small files that are whole or not there: written beside, synced, renamed, and their folder synced; mode 0600."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

SUFFIX: Final = ".new"
"""Of a file that is being written: one that a crash left behind is nobody's."""

_SYNCS_AT_ONCE: Final = 16  # a file system commits those that wait together in one write of its log


def write(path: Path, data: bytes) -> None:
    """Put `data` at `path`; returns when it is durable. Raises OSError, then the old file stays."""
    write_all({path: data})


def write_all(files: Mapping[Path, bytes]) -> None:
    """Put several files in existing folders; returns when all are durable. Raises OSError, some may be there then."""
    temporary = {path: path.with_name(path.name + SUFFIX) for path in files}
    try:
        for path, data in files.items():
            _create(temporary[path], data)
        sync(temporary.values())
        for path, written in temporary.items():
            written.replace(path)
    except OSError:
        for written in temporary.values():
            written.unlink(missing_ok=True)
        raise
    sync({path.parent for path in files})


def sync(paths: Iterable[Path]) -> None:
    """Make the content of files, the names in folders durable. Raises OSError."""
    waiting = list(paths)
    if len(waiting) < 2:
        for path in waiting:
            _sync(path)
        return
    with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
        list(pool.map(_sync, waiting))


def _create(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)  # an old one may have another mode
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
