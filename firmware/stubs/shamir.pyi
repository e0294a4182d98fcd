# Made by firmware/stubs/generate.py from the `///` lines in the C sources: do not edit.
"""Shamir's secret sharing of a 32-byte key over GF(2^8) with the polynomial of AES.

A share is 33 bytes: its index (1 to N), then the values. K is 2 to N, N at most 16.
"""

from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview
MutableBuffer: TypeAlias = bytearray | memoryview

def split(secret: Buffer, k: int, n: int, /) -> list[bytearray]:
    """n shares of 33 bytes, any k of which give the 32-byte secret back."""

def split_into(secret: Buffer, k: int, shares: list[bytearray], /) -> None:
    """As split(), into one bytearray(33) for each share."""

def combine(shares: list[bytearray] | list[bytes], /) -> bytearray:
    """The secret of all given shares (2 to 16). Too few or wrong ones give a wrong secret:
    compare with the key commitment."""
