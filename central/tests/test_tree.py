"""The stored tree against the naive one of RFC 9162's own recursion, and its proofs against the verifier."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealine_central import tree
from sealine_central.errors import LogError
from sealine_protocol import merkle


def open_log() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.executescript(tree.SCHEMA)
    return db


@given(st.lists(st.integers(0, 9), max_size=12))
def test_batches_give_the_naive_trees_root_and_paths(batches: list[int]) -> None:
    db, leaves = open_log(), []
    for size in batches:
        objects = [b"object %d" % (len(leaves) + i) for i in range(size)]
        assert tree.append(db, objects) == len(leaves)
        leaves += [merkle.leaf_hash(data) for data in objects]
    assert tree.size(db) == len(leaves)
    assert tree.root(db, len(leaves)) == merkle.root(leaves)
    for index in range(len(leaves)):
        proof = tree.prove(db, index, len(leaves))
        assert proof.path == merkle.inclusion_path(index, leaves)
        merkle.verify_inclusion(leaves[index], index, len(leaves), proof.path, proof.root)


def test_older_trees_stay_provable() -> None:
    db = open_log()
    tree.append(db, [b"%d" % i for i in range(100)])
    leaves = [merkle.leaf_hash(b"%d" % i) for i in range(37)]
    assert tree.root(db, 37) == merkle.root(leaves)
    assert tree.prove(db, 20, 37).path == merkle.inclusion_path(20, leaves)


def test_a_leaf_beyond_the_tree_is_refused() -> None:
    db = open_log()
    tree.append(db, [b"a"])
    with pytest.raises(LogError, match="leaf 1"):
        tree.prove(db, 1, 1)


def test_a_damaged_log_is_named_not_papered_over() -> None:
    db = open_log()
    tree.append(db, [b"a", b"b", b"c"])
    db.execute("DELETE FROM node WHERE level = 1 AND idx = 0")
    with pytest.raises(LogError, match="damaged"):
        tree.root(db, 3)
