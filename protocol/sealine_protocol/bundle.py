"""Bundles: a small signed header and a body that hashes to what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nacl.signing import SigningKey

from sealine_protocol import cose, schema
from sealine_protocol.codec import decode, encode
from sealine_protocol.errors import BundleError
from sealine_protocol.hashes import blake2b256, directory_entry, directory_key_check

MAX_BODY = 1 << 20
"""Bytes of a body: 131072 directory entries."""

DIRECTORY_ENTRY_SIZE = 8

KINDS: Final[tuple[str, ...]] = tuple(name for _, name in schema.RULES[schema.NAMES.index("bundle-kind")][1])
"""In the order in which they are read: each is judged by those before it."""


@dataclass(frozen=True, slots=True)
class Header:
    """A bundle's header. Times in seconds; `directory` is set exactly for that kind."""

    kind: str
    facility: str
    version: int
    issued: int
    expires: int
    length: int
    hash: bytes
    directory: dict[str, Any] | None
    raw: bytes


def make_header(
    kind: str,
    facility: str,
    version: int,
    issued: int,
    expires: int,
    body: bytes,
    signer: SigningKey,
    directory: dict[str, Any] | None = None,
) -> bytes:
    """The signed header of `body`; `directory` is from `directory_header`. Raises BundleError or WireError."""
    if len(body) > MAX_BODY:
        raise BundleError("bundle: body too long")
    header: dict[str, Any] = {
        "kind": kind,
        "facility": facility,
        "version": version,
        "issued": issued,
        "expires": expires,
        "length": len(body),
        "hash": blake2b256(body),
    }
    if directory is not None:
        header["directory"] = directory
    payload = encode("bundle-header", header)
    _check_shape(read_payload(payload, b""))
    return cose.sign("bundle", payload, signer)


def read_payload(payload: bytes, raw: bytes) -> Header:
    """The fields of a header's payload; raises WireError."""
    fields = decode("bundle-header", payload)
    return Header(directory=fields.pop("directory", None), raw=raw, **fields)


def read_header(data: bytes) -> tuple[Header, bytes]:
    """What a header says and the key id of who signed it, unverified: for choosing, never for trusting."""
    signed = cose.parse(data)
    if signed.content != "bundle":
        raise BundleError("bundle: wrong content type")
    return read_payload(signed.payload, data), signed.kid


def verify_header(
    data: bytes,
    signers: Mapping[bytes, bytes],
    *,
    kind: str,
    facility: str,
    installed_version: int,
    now: int,
) -> Header:
    """The header, if it is of this kind and facility, newer than the installed version (0: none) and not expired.

    `signers` maps key ids to the public keys that may sign this kind. Raises BundleError, WireError, SignatureError.
    """
    header, kid = read_header(data)
    if kid not in signers:
        raise BundleError("bundle: signed by a key that may not")
    cose.verify(cose.parse(data), signers[kid], "bundle")
    if header.kind != kind:
        raise BundleError("bundle.kind: another kind")
    if header.facility != facility:
        raise BundleError("bundle.facility: another facility")
    _check_shape(header)
    if header.version <= installed_version:
        raise BundleError("bundle.version: not newer than the installed one")
    if header.expires <= now:
        raise BundleError("bundle.expires: expired")
    return header


def check_body(header: Header, body: bytes) -> None:
    """Raises BundleError unless `body` is the one of `header`."""
    if len(body) != header.length:
        raise BundleError("bundle.length: another length")
    if blake2b256(body) != header.hash:
        raise BundleError("bundle.hash: another body")


def directory_body(numbers: Iterable[str], key: bytes) -> bytes:
    """The body of a directory: the entries of these canonical numbers, sorted, each once."""
    return b"".join(sorted({directory_entry(key, number) for number in numbers}))


def directory_header(body: bytes, key: bytes, max_age_s: int) -> dict[str, Any]:
    """The part of a directory's header that only it has."""
    return {
        "entries": len(body) // DIRECTORY_ENTRY_SIZE,
        "max_age_s": max_age_s,
        "key_check": directory_key_check(key),
    }


def _check_shape(header: Header) -> None:
    if header.version < 1:
        raise BundleError("bundle.version: starts at 1")
    if header.expires <= header.issued:
        raise BundleError("bundle.expires: before it is issued")
    if header.length > MAX_BODY:
        raise BundleError("bundle.length: too long")
    if (header.directory is not None) != (header.kind == "directory"):
        raise BundleError("bundle.directory: in a directory's header and there only")
    if header.directory and header.directory["entries"] * DIRECTORY_ENTRY_SIZE != header.length:
        raise BundleError("bundle.directory.entries: does not fit the length")
