"""BLAKE2b (RFC 7693) as this protocol uses it: hashes, key ids, and the tokens that stand for persons and numbers."""

from __future__ import annotations

import hashlib


def blake2b256(*parts: bytes) -> bytes:
    """BLAKE2b-256 of the parts, one behind the other."""
    state = hashlib.blake2b(digest_size=32)
    for part in parts:
        state.update(part)
    return state.digest()


def key_id(public_key: bytes) -> bytes:
    """BLAKE2b-128 of a raw 32-byte public key."""
    return hashlib.blake2b(public_key, digest_size=16).digest()


def terminal_token_key(facility_token_key: bytes, terminal: bytes) -> bytes:
    """The token key of one terminal (its key id), derived from the facility's."""
    return hashlib.blake2b(b"sealine token key" + terminal, key=facility_token_key, digest_size=32).digest()


def person_token(token_key: bytes, person: str) -> bytes:
    """The 16 bytes that stand for a person in the records of one terminal."""
    return hashlib.blake2b(b"sealine person" + person.encode(), key=token_key, digest_size=16).digest()


def number_token(token_key: bytes, number: str) -> bytes:
    """The 16 bytes that stand for a canonical number in the records of one terminal."""
    return hashlib.blake2b(b"sealine number" + number.encode(), key=token_key, digest_size=16).digest()


def directory_entry(directory_key: bytes, number: str) -> bytes:
    """The 8 bytes of a canonical number in a directory's body."""
    return hashlib.blake2b(b"sealine number" + number.encode(), key=directory_key, digest_size=8).digest()


def directory_key_check(directory_key: bytes) -> bytes:
    """What a directory's header says of its key."""
    return blake2b256(b"sealine directory key", directory_key)


def share_hash(record: bytes, index: int, share: bytes) -> bytes:
    """What a record says of one share of its content key; index from 1."""
    return blake2b256(b"sealine share", record, bytes([index]), share)


def key_commitment(record: bytes, content_key: bytes) -> bytes:
    """What a record says of its content key."""
    return blake2b256(b"sealine key", record, content_key)
