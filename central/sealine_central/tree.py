"""The append-only log: an RFC 9162 SHA-256 tree whose leaves are signed objects, kept in the store's database.

Every complete subtree's hash is a row (level, index), so an append and a proof touch O(log n) rows, however long the
log is. The functions work inside the caller's transaction: a record and its leaf are committed together.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from sealine_protocol import merkle

from sealine_central.errors import LogError

SCHEMA = """
CREATE TABLE IF NOT EXISTS node (
    level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, idx)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """An inclusion proof of one leaf in the tree of `size` leaves with this root."""

    index: int
    size: int
    path: list[bytes]
    root: bytes


def size(db: sqlite3.Connection) -> int:
    """Leaves in the log."""
    last = db.execute("SELECT max(idx) FROM node WHERE level = 0").fetchone()[0]
    return 0 if last is None else int(last) + 1


def append(db: sqlite3.Connection, objects: Sequence[bytes]) -> int:
    """Append signed objects; returns the index of the first. The caller holds the write lock and commits."""
    first = size(db)
    fresh: dict[tuple[int, int], bytes] = {}
    for index, data in enumerate(objects, start=first):
        value, level, place = merkle.leaf_hash(data), 0, index
        fresh[level, place] = value
        while place & 1:
            left = fresh.get((level, place - 1)) or _node(db, level, place - 1)
            value = merkle.node_hash(left, value)
            level, place = level + 1, place >> 1
            fresh[level, place] = value
    db.executemany("INSERT INTO node VALUES (?, ?, ?)", [(*where, value) for where, value in fresh.items()])
    return first


def root(db: sqlite3.Connection, tree_size: int) -> bytes:
    """The root of the first `tree_size` leaves."""
    return _range(db, 0, tree_size) if tree_size else merkle.root([])


def prove(db: sqlite3.Connection, index: int, tree_size: int) -> Proof:
    """The proof that leaf `index` is in the tree of `tree_size` leaves; raises LogError."""
    if not 0 <= index < tree_size:
        raise LogError(f"leaf {index}: not in a tree of {tree_size}")
    path: list[bytes] = []
    low, high = 0, tree_size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range(db, middle, high))
            high = middle
        else:
            path.append(_range(db, low, middle))
            low = middle
    path.reverse()
    return Proof(index, tree_size, path, root(db, tree_size))


def _range(db: sqlite3.Connection, low: int, high: int) -> bytes:
    """The hash over leaves low to high; `low` is a multiple of the largest power of two in the range's size."""
    width = high - low
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return _node(db, level, low >> level)
    middle = low + _split(width)
    return merkle.node_hash(_range(db, low, middle), _range(db, middle, high))


def _node(db: sqlite3.Connection, level: int, idx: int) -> bytes:
    row = db.execute("SELECT hash FROM node WHERE level = ? AND idx = ?", (level, idx)).fetchone()
    if row is None:
        raise LogError(f"node {level}/{idx}: missing, the log is damaged")
    return bytes(row[0])


def _split(width: int) -> int:
    return 1 << ((width - 1).bit_length() - 1)
