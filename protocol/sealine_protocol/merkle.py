"""Merkle trees with SHA-256 (RFC 9162 section 2.1). The tree is rebuilt from its leaf hashes at each call."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sealine_protocol.errors import ReceiptError


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00, data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01, left, right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The tree's hash over leaf hashes; of no leaf at all the hash of nothing."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = _split(len(leaves))
    return node_hash(root(leaves[:middle]), root(leaves[middle:]))


def inclusion_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The path from leaf `index` to the root, lowest first (RFC 9162 section 2.1.3.1)."""
    if not 0 <= index < len(leaves):
        raise ReceiptError("index: not in the tree")
    if len(leaves) == 1:
        return []
    middle = _split(len(leaves))
    if index < middle:
        return [*inclusion_path(index, leaves[:middle]), root(leaves[middle:])]
    return [*inclusion_path(index - middle, leaves[middle:]), root(leaves[:middle])]


def root_of_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that `path` leads to (RFC 9162 section 2.1.3.2); raises ReceiptError if its length does not fit."""
    if not 0 <= index < size:
        raise ReceiptError("inclusion-proof.index: not in the tree")
    node, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ReceiptError("inclusion-proof.path: too long")
        if node & 1 or node == last:
            value = node_hash(sibling, value)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            value = node_hash(value, sibling)
        node >>= 1
        last >>= 1
    if last:
        raise ReceiptError("inclusion-proof.path: too short")
    return value


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root_hash: bytes) -> None:
    """Raises ReceiptError unless `path` leads from the leaf hash to `root_hash`."""
    if root_of_path(leaf, index, size, path) != root_hash:
        raise ReceiptError("inclusion-proof: leads to another root")


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)
