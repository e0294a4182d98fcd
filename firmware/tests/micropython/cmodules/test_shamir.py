# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""The module shamir. Its arithmetic is tested in C; here: parsing, errors, randomness."""

import check
import shamir
import sodium


def test_any_quorum_opens() -> None:
    secret = sodium.random(32)
    for k, n in ((2, 2), (2, 3), (3, 5), (16, 16)):
        shares = shamir.split(secret, k, n)
        check.equal([share[0] for share in shares], list(range(1, n + 1)))
        check.equal([len(share) for share in shares], [33] * n)
        check.equal(shamir.combine(shares[:k]), secret)
        check.equal(shamir.combine(shares[n - k :]), secret)
        check.equal(shamir.combine(tuple(bytes(share) for share in reversed(shares))), secret)
    check.equal(shamir.combine(shamir.split(secret, 3, 5)[:2]) == secret, False)


def test_splits_differ() -> None:
    secret = bytes(32)
    first = shamir.split(secret, 2, 3)
    second = shamir.split(secret, 2, 3)
    check.equal(first == second, False)
    check.equal(len({bytes(share[1:]) for share in first + second}), 6)


def test_split_into_given_memory() -> None:
    secret = sodium.random(32)
    shares = [bytearray(33) for _ in range(3)]
    check.equal(shamir.split_into(memoryview(secret), 2, shares), None)
    check.equal(shamir.combine(shares[1:]), secret)
    memory = bytearray(99)
    parts = [memoryview(memory)[at : at + 33] for at in (0, 33, 66)]
    shamir.split_into(secret, 3, parts)
    check.equal(shamir.combine(parts), secret)


def test_bad_quorums_are_refused() -> None:
    secret = bytes(32)
    for k, n in ((0, 3), (1, 3), (1, 1), (4, 3), (2, 0), (2, 1)):
        check.raises(ValueError, "k must be 2 to n", shamir.split, secret, k, n)
    check.raises(ValueError, "at most 16", shamir.split, secret, 2, 17)
    check.raises(ValueError, "at most 16", shamir.split, secret, 2, 32767)
    check.raises(ValueError, "", shamir.split, secret, 2, 1 << 29)
    check.raises(ValueError, "", shamir.split, secret, -1, 3)
    check.raises(TypeError, "", shamir.split, secret, "2", 3)
    check.raises(ValueError, "k must be 2 to n", shamir.split_into, secret, 2, [])
    check.raises(ValueError, "at most 16", shamir.split_into, secret, 2, [bytearray(33)] * 17)


def test_bad_sizes_are_refused() -> None:
    for length in (0, 31, 33):
        check.raises(ValueError, "secret must be 32", shamir.split, bytes(length), 2, 3)
    for length in (0, 32, 34):
        shares = [bytearray(33), bytearray(length)]
        check.raises(ValueError, "share must be 33", shamir.split_into, bytes(32), 2, shares)
        check.raises(ValueError, "share must be 33", shamir.combine, shares)
    check.raises(TypeError, "", shamir.split_into, bytes(32), 2, [bytes(33), bytes(33)])
    check.raises(TypeError, "", shamir.combine, None)
    check.raises(TypeError, "", shamir.combine, [1, 2])


def test_bad_shares_are_refused() -> None:
    shares = shamir.split(bytes(32), 2, 3)
    check.raises(ValueError, "two shares", shamir.combine, [shares[0], shares[0]])
    check.raises(ValueError, "two shares", shamir.combine, [shares[0], shares[1], bytes(shares[0])])
    check.raises(ValueError, "k must be 2", shamir.combine, [shares[0]])
    check.raises(ValueError, "k must be 2", shamir.combine, [])
    check.raises(ValueError, "at most 16", shamir.combine, [shares[0]] * 17)
    for index in (0, 17, 255):
        check.raises(ValueError, "index", shamir.combine, [shares[0], bytes([index]) + shares[1][1:]])


def test_overlapping_memory_is_refused() -> None:
    one = bytearray(33)
    check.raises(ValueError, "overlap", shamir.split_into, bytes(32), 2, [one, one])
    memory = memoryview(bytearray(100))
    check.raises(ValueError, "overlap", shamir.split_into, bytes(32), 2, [memory[:33], memory[32:65]])
    check.raises(ValueError, "overlap", shamir.split_into, memory[33:65], 2, [memory[:33], memory[64:97]])


check.run(globals())
