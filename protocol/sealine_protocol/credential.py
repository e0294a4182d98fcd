"""Credentials: CWT claims (RFC 8392) with a cnf key (RFC 8747) in a COSE_Sign1, and the chain from the root to a unit.

The root signs any credential; an issuer, itself signed by the root, signs the roles in ISSUER_ROLES for its facility.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nacl.signing import SigningKey

from sealine_protocol import cose
from sealine_protocol.codec import decode, encode
from sealine_protocol.errors import CredentialError, SignatureError, WireError
from sealine_protocol.hashes import key_id

ISSUER_ROLES = frozenset({"terminal", "gateway", "technician", "requester"})
"""What an issuer may sign: the units of its own facility. Those that the trust bundle names are the root's alone."""

MAX_CHAIN = 3
"""Credentials in one chain, from the CDDL."""


@dataclass(frozen=True, slots=True)
class Credential:
    """Who holds a key, by `verify_chain`. Times in seconds of unix time; valid from `nbf` to before `exp`."""

    sub: str
    facility: str
    role: str
    identity_key: bytes
    link_key: bytes
    iat: int
    nbf: int
    exp: int
    class_: str | None
    organisation: str | None
    key_id: bytes
    raw: bytes


def issue(  # noqa: PLR0913 - one parameter for each claim
    sub: str,
    facility: str,
    role: str,
    identity_key: bytes,
    link_key: bytes,
    *,
    iat: int,
    exp: int,
    signer: SigningKey,
    nbf: int | None = None,
    class_: str | None = None,
    organisation: str | None = None,
) -> bytes:
    """A signed credential; `nbf` is `iat` if not given. Raises WireError for what the CDDL does not allow."""
    claims: dict[str, Any] = {
        "sub": sub,
        "exp": exp,
        "nbf": iat if nbf is None else nbf,
        "iat": iat,
        "cnf": {"cose_key": {"kty": 1, "crv": 6, "x": identity_key}},
        "facility": facility,
        "role": role,
        "link_key": link_key,
    }
    if class_ is not None:
        claims["class"] = class_
    if organisation is not None:
        claims["organisation"] = organisation
    return cose.sign("credential", encode("credential", claims), signer)


def read(data: bytes) -> Credential:
    """What a credential says, unverified: for choosing a chain, never for trusting one. Raises WireError."""
    signed = cose.parse(data)
    claims = decode("credential", signed.payload)
    key = claims["cnf"]["cose_key"]["x"]
    return Credential(
        sub=claims["sub"],
        facility=claims["facility"],
        role=claims["role"],
        identity_key=key,
        link_key=claims["link_key"],
        iat=claims["iat"],
        nbf=claims["nbf"],
        exp=claims["exp"],
        class_=claims.get("class"),
        organisation=claims.get("organisation"),
        key_id=key_id(key),
        raw=data,
    )


def verify_chain(
    credentials: Sequence[bytes],
    root_key: bytes,
    *,
    role: str,
    facility: str,
    at: int,
    revoked: Mapping[bytes, int],
) -> Credential:
    """The unit's credential, the first of `credentials`, if the chain holds at the time `at` (seconds).

    `revoked` maps a key id to the second since which it is. Raises CredentialError, whose message names the rule.
    """
    if not 1 <= len(credentials) <= MAX_CHAIN:
        raise CredentialError("chain: wrong length")
    try:
        return _verify_chain(credentials, root_key, role, facility, at, revoked)
    except (WireError, SignatureError) as error:
        raise CredentialError(str(error)) from None


def check_request(data: bytes, challenge: bytes | None = None) -> dict[str, Any]:
    """The content of a signing request that is signed by the key it asks for and holds `challenge` (if given).

    Raises WireError, SignatureError or CredentialError.
    """
    signed = cose.parse(data)
    request: dict[str, Any] = decode("signing-request", signed.payload)
    cose.verify(signed, request["identity_key"], "signing-request")
    if challenge is not None and request["challenge"] != challenge:
        raise CredentialError("signing-request.challenge: not the one that was given")
    return request


def _verify_chain(
    credentials: Sequence[bytes], root_key: bytes, role: str, facility: str, at: int, revoked: Mapping[bytes, int]
) -> Credential:
    unit = read(credentials[0])
    if unit.role != role:
        raise CredentialError("credential.role: not the one that is asked for")
    _check(unit, facility, at, revoked)
    signer = cose.parse(credentials[0]).kid
    if signer == key_id(root_key):
        _verify(unit, root_key)
    else:
        _verify(unit, _issuer_key(credentials[1:], signer, unit, root_key, at, revoked))
    return unit


def _verify(credential: Credential, public_key: bytes) -> None:
    cose.verify(cose.parse(credential.raw), public_key, "credential")


def _check(credential: Credential, facility: str, at: int, revoked: Mapping[bytes, int]) -> None:
    if credential.facility != facility:
        raise CredentialError("credential.facility: another facility")
    _check_time(credential, at)
    since = revoked.get(credential.key_id)
    if since is not None and since <= at:
        raise CredentialError("credential: revoked")


def _check_time(credential: Credential, at: int) -> None:
    if at < credential.nbf:
        raise CredentialError("credential.nbf: not valid yet")
    if at >= credential.exp:
        raise CredentialError("credential.exp: expired")


def _issuer_key(
    candidates: Sequence[bytes],
    kid: bytes,
    unit: Credential,
    root_key: bytes,
    at: int,
    revoked: Mapping[bytes, int],
) -> bytes:
    """The key of the issuer `kid` that signed `unit`."""
    if unit.role not in ISSUER_ROLES:
        raise CredentialError("credential.role: only the root signs it")
    for data in candidates:
        issuer = read(data)
        if issuer.key_id != kid:
            continue
        if issuer.role != "issuer":
            raise CredentialError("issuer.role: not an issuer")
        _check(issuer, unit.facility, at, revoked)
        _check_time(issuer, unit.iat)
        _verify(issuer, root_key)
        return issuer.identity_key
    raise SignatureError("credential: signed by nobody in the chain")
