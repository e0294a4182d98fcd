"""The trust bundle as a checked view: who may sign what at this facility."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sealine_protocol import bundle, credential
from sealine_protocol.codec import decode
from sealine_protocol.credential import Credential
from sealine_protocol.errors import BundleError, CredentialError, ProtocolError
from sealine_protocol.hashes import key_id

_OWNED_KINDS = frozenset(bundle.KINDS) - {"trust", "revocations"}


@dataclass(frozen=True, slots=True)
class Trust:
    """What a verified trust bundle says. `revoked` maps key ids to the second since which they are.

    Credentials in it were signed by the root; each use judges time and revocation again.
    """

    header: bundle.Header
    root_key: bytes
    facility: str
    issuers: tuple[Credential, ...]
    centrals: tuple[Credential, ...]
    signers: tuple[Credential, ...]
    custodians: tuple[Credential, ...]
    k: int
    n: int
    billing_key: bytes
    revoked: Mapping[bytes, int] = field(default_factory=dict)

    def verify_chain(self, credentials: Sequence[bytes], role: str, at: int) -> Credential:
        """A unit's credential of this facility, valid at `at` (seconds); raises CredentialError."""
        return credential.verify_chain(
            credentials, self.root_key, role=role, facility=self.facility, at=at, revoked=self.revoked
        )

    def log_key(self, kid: bytes, at: int) -> bytes:
        """The key of the central with this key id; raises CredentialError."""
        for central in self.centrals:
            if central.key_id == kid:
                return self.verify_chain([central.raw], "central", at).identity_key
        raise CredentialError("central: not in the trust bundle")

    def bundle_signers(self, kind: str, at: int) -> dict[bytes, bytes]:
        """Key ids and keys that may sign a bundle of this kind at the time `at`."""
        root = {key_id(self.root_key): self.root_key}
        if kind == "trust":
            return root
        if kind == "revocations":
            return root | self._valid(self.issuers, "issuer", at)
        return self._valid(self.signers, kind, at) if kind in _OWNED_KINDS else {}

    def _valid(self, holders: Sequence[Credential], role: str, at: int) -> dict[bytes, bytes]:
        keys = {}
        for holder in holders:
            if holder.role == role:
                try:
                    self.verify_chain([holder.raw], role, at)
                except CredentialError:
                    continue
                keys[holder.key_id] = holder.identity_key
        return keys


def read_trust(
    header: bytes,
    body: bytes,
    root_key: bytes,
    *,
    facility: str,
    now: int,
    installed_version: int = 0,
    revoked: Mapping[bytes, int] | None = None,
) -> Trust:
    """The view of a trust bundle that the root signed; raises BundleError, CredentialError, SignatureError, WireError.

    A custodian set that is unfit for recording (k, n, equal organisations) is the terminals' to judge: it stays
    readable here. Each credential is checked against the root at its own first valid second.
    """
    signers = {key_id(root_key): root_key}
    checked = bundle.verify_header(
        header, signers, kind="trust", facility=facility, installed_version=installed_version, now=now
    )
    bundle.check_body(checked, body)
    fields = decode("trust-body", body)
    if fields["facility"] != facility or fields["root_key"] != root_key:
        raise BundleError("trust-body: of another facility or root")

    def holders(raw: Sequence[bytes], *roles: str) -> tuple[Credential, ...]:
        return tuple(_rooted(data, roles, root_key, facility) for data in raw)

    return Trust(
        header=checked,
        root_key=root_key,
        facility=facility,
        issuers=holders(fields["issuers"], "issuer"),
        centrals=holders(fields["centrals"], "central"),
        signers=holders(fields["signers"], *_OWNED_KINDS),
        custodians=holders(fields["custodians"]["credentials"], "custodian"),
        k=fields["custodians"]["k"],
        n=fields["custodians"]["n"],
        billing_key=fields["billing_key"],
        revoked=dict(revoked or {}),
    )


def read_revocations(body: bytes, facility: str) -> dict[bytes, int]:
    """The revoked key ids of a checked revocations body; raises WireError or BundleError."""
    fields = decode("revocations-body", body)
    if fields["facility"] != facility:
        raise BundleError("revocations-body.facility: another facility")
    ids = [entry["key_id"] for entry in fields["revoked"]]
    if sorted(set(ids)) != ids:
        raise BundleError("revocations-body.revoked: not sorted")
    return {entry["key_id"]: entry["since"] for entry in fields["revoked"]}


def _rooted(data: bytes, roles: Sequence[str], root_key: bytes, facility: str) -> Credential:
    """A credential in the bundle: any of `roles`, signed by the root itself."""
    try:
        claim = credential.read(data)
    except ProtocolError as error:
        raise CredentialError(str(error)) from None
    if claim.role not in roles:
        raise CredentialError("credential.role: not one that stands here")
    return credential.verify_chain([data], root_key, role=claim.role, facility=facility, at=claim.nbf, revoked={})
