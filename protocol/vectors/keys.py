"""The fixed keys of the vectors. They protect nothing."""

from __future__ import annotations

import hashlib

from nacl.public import PrivateKey
from nacl.signing import SigningKey


def seed(name: str) -> bytes:
    """32 bytes that follow from a name."""
    return hashlib.sha256(b"sealine vectors " + name.encode()).digest()


def signer(name: str) -> SigningKey:
    """The Ed25519 key of this name."""
    return SigningKey(seed(name))


def identity(name: str) -> bytes:
    """Its public half."""
    return bytes(signer(name).verify_key)


def link(name: str) -> bytes:
    """The public X25519 key of this name."""
    return bytes(PrivateKey(seed("link " + name)).public_key)
