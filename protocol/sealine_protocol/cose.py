"""COSE_Sign1 (RFC 9052 section 4.2), tagged, EdDSA over Ed25519 (RFC 9053), as `protocol/sealine.cddl` narrows it.

Read by hand, since there is one way only to write it: tag 18, four members, every length in the shortest form.
"""

from __future__ import annotations

from dataclasses import dataclass

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from sealine_protocol.codec import content_name, content_type, decode, encode
from sealine_protocol.errors import SignatureError, WireError
from sealine_protocol.hashes import key_id

MIN_SIGNED = 80
MAX_SIGNED = 16384
"""Bytes of a signed object of any kind; the longest is an opening that misses 2048 chunks. Messages narrow it."""

_START = b"\xd2\x84"  # tag 18, array of 4
_EMPTY_MAP = b"\xa0"
_SIGNATURE_SIZE = 64


@dataclass(frozen=True, slots=True)
class Signed:
    """A parsed COSE_Sign1. Nothing of it is true before `verify`. `raw` is the whole as it came."""

    content: str
    kid: bytes
    payload: bytes
    signature: bytes
    raw: bytes
    protected: bytes


def sign(content: str, payload: bytes, key: SigningKey) -> bytes:
    """A signed object of `content` (a short name such as `record`); raises WireError if it gets too long."""
    protected = encode(
        "protected-header",
        {"alg": -8, "content_type": content_type(content), "kid": key_id(bytes(key.verify_key))},
    )
    signature = key.sign(to_be_signed(protected, payload)).signature
    data = _START + write_bytes(protected) + _EMPTY_MAP + write_bytes(payload) + write_bytes(signature)
    if len(data) > MAX_SIGNED:
        raise WireError("wrong size", content)
    return data


def parse(data: bytes) -> Signed:
    """Take a signed object apart; raises WireError if its form does not hold. The signature is not looked at."""
    if not MIN_SIGNED <= len(data) <= MAX_SIGNED:
        raise WireError("wrong size", "signed")
    if data[:2] != _START:
        raise WireError("not a COSE_Sign1", "signed")
    protected, at = read_bytes(data, 2)
    if data[at : at + 1] != _EMPTY_MAP:
        raise WireError("not empty", "signed.unprotected")
    payload, at = read_bytes(data, at + 1)
    signature, at = read_bytes(data, at)
    if at != len(data):
        raise WireError("trailing bytes", "signed")
    if len(signature) != _SIGNATURE_SIZE:
        raise WireError("wrong size", "signed.signature")
    header = decode("protected-header", protected)
    content = content_name(header["content_type"])
    return Signed(content, header["kid"], payload, signature, data, protected)


def verify(signed: Signed, public_key: bytes, content: str) -> bytes:
    """The payload, if this key signed it as this content; raises SignatureError."""
    if signed.content != content:
        raise SignatureError(f"{content}: wrong content type")
    if signed.kid != key_id(public_key):
        raise SignatureError(f"{content}: signed by another key")
    check_signature(to_be_signed(signed.protected, signed.payload), signed.signature, public_key, content)
    return signed.payload


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """The Sig_structure (RFC 9052 section 4.4) with empty external data."""
    return b"\x84\x6aSignature1" + write_bytes(protected) + b"\x40" + write_bytes(payload)


def check_signature(message: bytes, signature: bytes, public_key: bytes, what: str) -> None:
    """Raises SignatureError unless the Ed25519 signature holds."""
    try:
        VerifyKey(public_key).verify(message, signature)
    except (BadSignatureError, ValueError, TypeError):
        raise SignatureError(f"{what}: signature does not hold") from None


def write_bytes(data: bytes) -> bytes:
    """A CBOR byte string."""
    size = len(data)
    if size < 24:
        return bytes([0x40 | size]) + data
    if size < 0x100:
        return bytes([0x58, size]) + data
    return b"\x59" + size.to_bytes(2, "big") + data


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """A CBOR byte string of less than 64 KiB at `at` and the position behind it; raises WireError."""
    first = data[at] if at < len(data) else 0
    width = {0x58: 1, 0x59: 2}.get(first, 0)
    size = int.from_bytes(data[at + 1 : at + 1 + width], "big") if width else first & 31
    if first >> 5 != 2 or (not width and size > 23):
        raise WireError("not a byte string", "signed")
    start = at + 1 + width
    if size > len(data) - start:
        raise WireError("truncated", "signed")
    if (width == 1 and size < 24) or (width == 2 and size < 0x100):
        raise WireError("not the shortest form", "signed")
    return data[start : start + size], start + size
