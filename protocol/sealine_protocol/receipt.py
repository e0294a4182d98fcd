"""COSE receipts of inclusion (RFC 9942) in an RFC 9162 SHA-256 tree: central's word that its log holds these bytes.

A COSE_Sign1 whose payload, the tree's root, is detached: who verifies computes it from the object and the path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nacl.signing import SigningKey

from sealine_protocol import cose, merkle
from sealine_protocol.codec import decode, encode
from sealine_protocol.errors import ReceiptError, WireError
from sealine_protocol.hashes import key_id

MAX_RECEIPT = 4096
"""Bytes of a receipt, from rule `statement`; a path of 64 hashes has 2.2 KB."""

_START = b"\xd2\x84"  # tag 18, array of 4
# unprotected { 396 (vdp): { -1 (inclusion proofs): [ one, as a byte string ] } }
_UNPROTECTED = b"\xa1\x19\x01\x8c\xa1\x20\x81"
_DETACHED = b"\xf6"
_VDS_RFC9162_SHA256 = 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """A parsed receipt; nothing of it is true before `verify`."""

    kid: bytes
    iat: int
    size: int
    index: int
    path: list[bytes]
    signature: bytes
    protected: bytes


def make(leaf_index: int, size: int, path: Sequence[bytes], root: bytes, log_key: SigningKey, iat: int) -> bytes:
    """The receipt for one leaf of the tree with this size and root; `iat` in seconds."""
    kid = key_id(bytes(log_key.verify_key))
    protected = encode("receipt-protected", {"alg": -8, "kid": kid, "claims": {"iat": iat}, "vds": _VDS_RFC9162_SHA256})
    proof = encode("inclusion-proof", {"size": size, "index": leaf_index, "path": list(path)})
    signature = log_key.sign(cose.to_be_signed(protected, root)).signature
    return (
        _START
        + cose.write_bytes(protected)
        + _UNPROTECTED
        + cose.write_bytes(proof)
        + _DETACHED
        + cose.write_bytes(signature)
    )


def parse(data: bytes) -> Receipt:
    """Take a receipt apart; raises WireError if its form does not hold."""
    if len(data) > MAX_RECEIPT:
        raise WireError("wrong size", "receipt")
    if data[:2] != _START:
        raise WireError("not a COSE_Sign1", "receipt")
    protected, at = cose.read_bytes(data, 2)
    if data[at : at + len(_UNPROTECTED)] != _UNPROTECTED:
        raise WireError("not one inclusion proof", "receipt.unprotected")
    proof, at = cose.read_bytes(data, at + len(_UNPROTECTED))
    if data[at : at + 1] != _DETACHED:
        raise WireError("not detached", "receipt.payload")
    signature, at = cose.read_bytes(data, at + 1)
    if at != len(data):
        raise WireError("trailing bytes", "receipt")
    if len(signature) != 64:
        raise WireError("wrong size", "receipt.signature")
    header = decode("receipt-protected", protected)
    inclusion = decode("inclusion-proof", proof)
    return Receipt(
        kid=header["kid"],
        iat=header["claims"]["iat"],
        size=inclusion["size"],
        index=inclusion["index"],
        path=inclusion["path"],
        signature=signature,
        protected=protected,
    )


def verify(data: bytes, object_bytes: bytes, log_key: bytes) -> int:
    """When (seconds) the log with this public key vouched for exactly `object_bytes`.

    Raises WireError, ReceiptError or SignatureError.
    """
    receipt = parse(data)
    if receipt.kid != key_id(log_key):
        raise ReceiptError("receipt: of another log")
    root = merkle.root_of_path(merkle.leaf_hash(object_bytes), receipt.index, receipt.size, receipt.path)
    cose.check_signature(cose.to_be_signed(receipt.protected, root), receipt.signature, log_key, "receipt")
    return receipt.iat
