"""A recording's chunks: XChaCha20-Poly1305-IETF, one per second of call, each bound to its record, place and end.

Plaintext of a chunk: the near leg's mu-law samples, then as many of the far leg.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from sealine_protocol.errors import RecordingError
from sealine_protocol.hashes import blake2b256

SAMPLES_A_CHUNK = 8000
"""Samples of each leg in a chunk that is not the final one: a second of G.711."""

TAG_SIZE = 16


def nonce(index: int) -> bytes:
    """16 zero bytes, then the chunk's index as 64 bits."""
    return bytes(16) + index.to_bytes(8, "big")


def additional_data(record: bytes, index: int, *, final: bool) -> bytes:
    """Record id, index, final flag."""
    return record + index.to_bytes(8, "big") + bytes([final])


def seal_chunk(key: bytes, record: bytes, index: int, plain: bytes, *, final: bool) -> bytes:
    """The ciphertext of one chunk, as a terminal makes it. For tests and vectors: no program on a host seals."""
    return crypto_aead_xchacha20poly1305_ietf_encrypt(
        plain, additional_data(record, index, final=final), nonce(index), key
    )


def open_chunk(key: bytes, record: bytes, index: int, data: bytes, *, final: bool) -> bytes:
    """The plaintext of one chunk; raises RecordingError naming the chunk."""
    try:
        plain = crypto_aead_xchacha20poly1305_ietf_decrypt(
            data, additional_data(record, index, final=final), nonce(index), key
        )
    except (CryptoError, ValueError):
        raise RecordingError(f"chunk {index}: does not open") from None
    if len(plain) % 2 or len(plain) > 2 * SAMPLES_A_CHUNK or (not final and len(plain) != 2 * SAMPLES_A_CHUNK):
        raise RecordingError(f"chunk {index}: wrong size")
    return plain


def chunk_hash(data: bytes) -> bytes:
    """BLAKE2b-256 of a chunk as it is stored."""
    return blake2b256(data)


def digest(hashes: Iterable[bytes]) -> bytes:
    """The record's `digest` over the chunk hashes in order."""
    state = hashlib.blake2b(digest_size=32)
    for value in hashes:
        state.update(value)
    return state.digest()
