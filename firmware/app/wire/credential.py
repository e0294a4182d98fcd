"""Credentials (CWT claims in a COSE_Sign1) and the chain from the root to a unit; as `sealine_protocol.credential`."""

from wire import cose
from wire.codec import decode
from wire.errors import WireError
from wire.hashes import key_id

# What an issuer may sign: units of its own facility. Those that the trust bundle names are the root's alone.
ISSUER_ROLES = ("terminal", "gateway", "technician", "requester")

MAX_CHAIN = 3


class Credential:
    """Who holds a key. Times in seconds; valid from `nbf` to before `exp`. True only if `verify_chain` gave it."""

    def __init__(self, claims: dict, raw: bytes) -> None:
        self.sub = claims["sub"]
        self.facility = claims["facility"]
        self.role = claims["role"]
        self.identity_key = claims["cnf"]["cose_key"]["x"]
        self.link_key = claims["link_key"]
        self.iat = claims["iat"]
        self.nbf = claims["nbf"]
        self.exp = claims["exp"]
        self.class_ = claims.get("class")
        self.organisation = claims.get("organisation")
        self.key_id = key_id(self.identity_key)
        self.raw = raw


def read(data: bytes) -> Credential:
    """What a credential says, unverified: for choosing a chain, never for trusting one. Raises WireError."""
    return Credential(decode("credential", cose.parse(data)[2]), data)


def verify_chain(
    credentials: list[bytes], root_key: bytes, *, role: str, facility: str, at: int, revoked: dict[bytes, int]
) -> Credential:
    """The unit's credential, the first of `credentials`, if the chain holds at the time `at` (seconds).

    `revoked` maps a key id to the second since which it is. Raises WireError, whose path names the rule.
    """
    if not 1 <= len(credentials) <= MAX_CHAIN:
        raise WireError("wrong length", "chain")
    unit = read(credentials[0])
    if unit.role != role:
        raise WireError("not the one that is asked for", "credential.role")
    _check(unit, facility, at, revoked)
    signer = cose.parse(credentials[0])[1]
    if signer == key_id(root_key):
        cose.verify(unit.raw, "credential", root_key)
    else:
        cose.verify(unit.raw, "credential", _issuer_key(credentials, signer, unit, root_key, at, revoked))
    return unit


def _check(credential: Credential, facility: str, at: int, revoked: dict[bytes, int]) -> None:
    if credential.facility != facility:
        raise WireError("another facility", "credential.facility")
    _check_time(credential, at)
    since = revoked.get(credential.key_id)
    if since is not None and since <= at:
        raise WireError("revoked", "credential")


def _check_time(credential: Credential, at: int) -> None:
    if at < credential.nbf:
        raise WireError("not valid yet", "credential.nbf")
    if at >= credential.exp:
        raise WireError("expired", "credential.exp")


def _issuer_key(
    credentials: list[bytes], kid: bytes, unit: Credential, root_key: bytes, at: int, revoked: dict[bytes, int]
) -> bytes:
    if unit.role not in ISSUER_ROLES:
        raise WireError("only the root signs it", "credential.role")
    for i in range(1, len(credentials)):
        issuer = read(credentials[i])
        if issuer.key_id != kid:
            continue
        if issuer.role != "issuer":
            raise WireError("not an issuer", "issuer.role")
        _check(issuer, unit.facility, at, revoked)
        _check_time(issuer, unit.iat)
        cose.verify(issuer.raw, "credential", root_key)
        return issuer.identity_key
    raise WireError("signed by nobody in the chain", "credential")
