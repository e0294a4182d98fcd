"""Shamir's secret sharing over GF(2^8) with the AES polynomial 0x11b, for custodians' tools and tests.

A share is its index (1 to 16) as one byte and one byte of polynomial value per byte of the secret. The terminal's own
is constant time, in C; this one is for machines that a custodian runs alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sealine_protocol.errors import ShareError

SECRET_SIZE = 32
MAX_SHARES = 16


def split(secret: bytes, k: int, n: int) -> list[bytes]:
    """`n` shares of 33 bytes, any `k` of which give the secret; raises ShareError for k < 2, n < k, n > 16."""
    if len(secret) != SECRET_SIZE:
        raise ShareError("secret: wrong size")
    if not 2 <= k <= n <= MAX_SHARES:
        raise ShareError("k of n: out of range")
    coefficients = [secret, *(secrets.token_bytes(SECRET_SIZE) for _ in range(k - 1))]
    return [bytes([x]) + _evaluate(coefficients, x) for x in range(1, n + 1)]


def combine(shares: Sequence[bytes]) -> bytes:
    """The secret that goes through all of these shares; raises ShareError. Too few or wrong ones give a wrong one."""
    indices = [share[0] for share in shares if len(share) == SECRET_SIZE + 1]
    if not 2 <= len(shares) <= MAX_SHARES or len(indices) != len(shares):
        raise ShareError("shares: wrong number or size")
    if len(set(indices)) != len(indices) or not all(1 <= x <= MAX_SHARES for x in indices):
        raise ShareError("shares: index twice or out of range")
    secret = bytearray(SECRET_SIZE)
    for share in shares:
        factor = 1
        for x in indices:
            if x != share[0]:
                factor = _multiply(factor, _multiply(x, _inverse(x ^ share[0])))
        for i in range(SECRET_SIZE):
            secret[i] ^= _multiply(factor, share[1 + i])
    return bytes(secret)


def _evaluate(coefficients: Sequence[bytes], x: int) -> bytes:
    """The polynomials' values at `x`, by Horner's rule."""
    value = bytes(SECRET_SIZE)
    for coefficient in reversed(coefficients):
        value = bytes(_multiply(old, x) ^ new for old, new in zip(value, coefficient, strict=True))
    return value


def _multiply(a: int, b: int) -> int:
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def _inverse(a: int) -> int:
    """a^254, since a^255 = 1 for all but 0."""
    result = 1
    for _ in range(254):
        result = _multiply(result, a)
    return result
