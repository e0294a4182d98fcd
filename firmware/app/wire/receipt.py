"""COSE receipts of inclusion (RFC 9942) in an RFC 9162 SHA-256 tree, as central signs them for our records."""

import sodium

from wire import cbor, cose
from wire.codec import decode
from wire.errors import WireError

# rule `statement`
MAX_RECEIPT = 4096

_START = b"\xd2\x84"  # tag 18, array of 4
# unprotected { 396 (vdp): { -1 (inclusion proofs): [ one, as a byte string ] } }
_UNPROTECTED = b"\xa1\x19\x01\x8c\xa1\x20\x81"
_DETACHED = 0xF6


def verify(data: bytes, object_bytes: bytes | bytearray | memoryview, public_key: bytes, kid: bytes) -> int:
    """When (seconds) the log with this key and id vouched for exactly `object_bytes`; raises WireError.

    The caller gives the bytes of its own journal, and the key of a central that its trust bundle names.
    """
    if len(data) > MAX_RECEIPT:
        raise WireError("wrong size", "receipt")
    try:
        protected, proof, sig = _members(data)
    except WireError as error:
        raise error.inside("receipt")
    header = decode("receipt-protected", protected)
    if header["kid"] != kid:
        raise WireError("of another log", "receipt.kid")
    inclusion = decode("inclusion-proof", proof)
    leaf = sodium.Sha256()
    leaf.update(b"\x00")
    leaf.update(object_bytes)
    root = root_of_path(leaf.digest(), inclusion["index"], inclusion["size"], inclusion["path"])
    cose.check_signature(public_key, cose.to_be_signed(protected, root), sig, "receipt")
    return header["claims"]["iat"]


def log_id(data: bytes) -> bytes:
    """The key id of the log that a receipt names, unverified: for choosing the key. Raises WireError."""
    if len(data) > MAX_RECEIPT:
        raise WireError("wrong size", "receipt")
    return decode("receipt-protected", _members(data)[0])["kid"]


def root_of_path(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a path leads to (RFC 9162 section 2.1.3.2); raises WireError if its length does not fit."""
    if not 0 <= index < size:
        raise WireError("not in the tree", "inclusion-proof.index")
    node, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise WireError("too long", "inclusion-proof.path")
        if node & 1 or node == last:
            value = sodium.sha256(b"\x01" + sibling + value)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            value = sodium.sha256(b"\x01" + value + sibling)
        node >>= 1
        last >>= 1
    if last:
        raise WireError("too short", "inclusion-proof.path")
    return value


def _members(data: bytes) -> tuple[bytes, bytes, bytes]:
    if bytes(data[:2]) != _START:
        raise WireError("not a COSE_Sign1")
    reader = cbor.Reader(data)
    reader.at = 2
    protected = cose.read_bytes(reader)
    at = reader.at
    reader.at += len(_UNPROTECTED)
    if bytes(data[at : reader.at]) != _UNPROTECTED:
        raise WireError("not one inclusion proof", "unprotected")
    proof = cose.read_bytes(reader)
    if reader.at >= reader.end or data[reader.at] != _DETACHED:
        raise WireError("not detached", "payload")
    reader.at += 1
    sig = cose.read_bytes(reader)
    reader.done()
    if len(sig) != 64:
        raise WireError("wrong size", "signature")
    return protected, proof, sig
