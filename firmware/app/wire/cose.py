"""COSE_Sign1 (RFC 9052 section 4.2), tagged, EdDSA over Ed25519, as `protocol/sealine.cddl` narrows it."""

import sodium

from wire import cbor
from wire.codec import content_name, content_type, decode, encode
from wire.errors import WireError
from wire.hashes import key_id

# the bounds of rule `signed`: the longest kind that a terminal reads or makes
MIN_SIGNED = 80
MAX_SIGNED = 8192

_START = b"\xd2\x84"  # tag 18, array of 4
_CONTEXT = b"\x84\x6aSignature1"


def sign(content: str, payload: bytes, sk64: bytes, kid: bytes) -> bytes:
    """A signed object of `content` (a short name such as `record`)."""
    return assemble(content, kid, payload, sodium.sign(sk64, tbs(content, kid, payload)))


def tbs(content: str, kid: bytes, payload: bytes) -> bytes:
    """The bytes that the signature covers: Sig_structure (RFC 9052 section 4.4) with empty external data."""
    return to_be_signed(_protected(content, kid), payload)


def assemble(content: str, kid: bytes, payload: bytes, sig: bytes) -> bytes:
    """The whole object of parts that `tbs` was made from; raises WireError if it gets too long."""
    out = bytearray(_START)
    write_bytes(out, _protected(content, kid))
    out.append(0xA0)
    write_bytes(out, payload)
    write_bytes(out, sig)
    if len(out) > MAX_SIGNED:
        raise WireError("wrong size", content)
    return bytes(out)


def parse(data: bytes) -> tuple[str, bytes, bytes, bytes, bytes]:
    """(content, kid, payload, to_be_signed, sig) of a signed object; raises WireError if its form does not hold.

    The signature is not looked at: nothing of it is true before `verify`.
    """
    if not MIN_SIGNED <= len(data) <= MAX_SIGNED:
        raise WireError("wrong size", "signed")
    try:
        protected, payload, sig = _members(data)
    except WireError as error:
        raise error.inside("signed")
    header = decode("protected-header", protected)
    content = content_name(header["content_type"])
    return content, header["kid"], payload, to_be_signed(protected, payload), sig


def verify(data: bytes, content: str, public_key: bytes) -> bytes:
    """The payload, if this key signed `data` as this content; raises WireError."""
    found, kid, payload, covered, sig = parse(data)
    if found != content:
        raise WireError("wrong content type", content)
    if kid != key_id(public_key):
        raise WireError("signed by another key", content)
    check_signature(public_key, covered, sig, content)
    return payload


def check_signature(public_key: bytes, covered: bytes, sig: bytes, what: str) -> None:
    """Raise WireError unless the Ed25519 signature over `covered` holds."""
    try:
        sodium.verify(public_key, covered, sig)
    except (sodium.Error, ValueError):
        raise WireError("signature does not hold", what)


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """As `tbs`, of an encoded protected header."""
    out = bytearray(_CONTEXT)
    write_bytes(out, protected)
    out.append(0x40)
    write_bytes(out, payload)
    return bytes(out)


def write_bytes(out: bytearray, data: bytes) -> None:
    """Append a byte string."""
    cbor.write_head(out, cbor.BYTES, len(data))
    out.extend(data)


def read_bytes(reader: cbor.Reader) -> bytes:
    """Read a byte string."""
    if reader.head() != cbor.BYTES:
        raise WireError("not a byte string")
    return bytes(reader.take())


def _protected(content: str, kid: bytes) -> bytes:
    return encode("protected-header", {"alg": -8, "content_type": content_type(content), "kid": kid})


def _members(data: bytes) -> tuple[bytes, bytes, bytes]:
    if bytes(data[:2]) != _START:
        raise WireError("not a COSE_Sign1")
    reader = cbor.Reader(data)
    reader.at = 2
    protected = read_bytes(reader)
    if reader.head() != cbor.MAP or reader.arg:
        raise WireError("not empty", "unprotected")
    payload = read_bytes(reader)
    sig = read_bytes(reader)
    reader.done()
    if len(sig) != 64:
        raise WireError("wrong size", "signature")
    return protected, payload, sig
