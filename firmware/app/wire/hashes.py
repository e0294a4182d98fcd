"""BLAKE2b (RFC 7693) as this protocol uses it; the same names as in `sealine_protocol.hashes`."""

import sodium


def blake2b256(*parts: bytes | bytearray | memoryview) -> bytes:
    """BLAKE2b-256 of the parts, one behind the other."""
    state = sodium.Hash(32)
    for part in parts:
        state.update(part)
    return state.digest()


def key_id(public_key: bytes) -> bytes:
    """BLAKE2b-128 of a raw 32-byte public key."""
    return sodium.hash(public_key, 16)


def person_token(token_key: bytes, person: str) -> bytes:
    """The 16 bytes that stand for a person in this terminal's records."""
    return sodium.hash(b"sealine person" + person.encode(), 16, token_key)


def number_token(token_key: bytes, number: str) -> bytes:
    """The 16 bytes that stand for a canonical number in this terminal's records."""
    return sodium.hash(b"sealine number" + number.encode(), 16, token_key)


def directory_entry(directory_key: bytes, number: str) -> bytes:
    """The 8 bytes of a canonical number in a directory's body."""
    return sodium.hash(b"sealine number" + number.encode(), 8, directory_key)


def directory_key_check(directory_key: bytes) -> bytes:
    """What a directory's header says of its key."""
    return blake2b256(b"sealine directory key", directory_key)


def share_hash(record: bytes, index: int, share: bytes | bytearray | memoryview) -> bytes:
    """What a record says of one share of its content key; index from 1."""
    return _hash_secret(b"sealine share" + record + bytes([index]), share)


def key_commitment(record: bytes, content_key: bytes | bytearray | memoryview) -> bytes:
    """What a record says of its content key."""
    return _hash_secret(b"sealine key" + record, content_key)


def _hash_secret(head: bytes, secret: bytes | bytearray | memoryview) -> bytes:
    """BLAKE2b-256 of both, through one wiped buffer: a `sodium.Hash` would keep the secret's bytes on the heap."""
    buffer = bytearray(len(head) + len(secret))
    try:
        buffer[: len(head)] = head
        buffer[len(head) :] = secret
        return sodium.hash(buffer, 32)
    finally:
        sodium.memzero(buffer)
