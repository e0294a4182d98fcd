"""Signed bundles: trust, revocations, directory, policy, tariff, in the form in which they are published."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacl.public import PublicKey, SealedBox
from nacl.signing import SigningKey
from sealine_protocol import bundle, codec, credential, number

from sealine_provisioning.authority import Authority
from sealine_provisioning.errors import ProvisioningError

DAY_S = 86_400
DEFAULT_MAX_AGE_S = 72 * 3600
"""How old a terminal's last beacon may be before it stops recording (its owner's choice)."""

_SEPARATORS = str.maketrans("", "", " \t().-")


@dataclass(frozen=True)
class Published:
    """A bundle ready to be published."""

    kind: str
    version: int
    header: bytes
    body: bytes
    keys: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def encode(self) -> bytes:
        """As on MQTT and on disk."""
        return codec.encode(
            "published-bundle", {"header": self.header, "body": self.body, "keys": [dict(key) for key in self.keys]}
        )

    def small(self) -> dict[str, bytes]:
        """As inside an enrolment (CDDL `bundle`)."""
        return {"header": self.header, "body": self.body}


def _publish(
    kind: str,
    facility: str,
    version: int,
    body: bytes,
    signer: SigningKey,
    days: float,
    directory: dict[str, Any] | None = None,
    keys: Sequence[Mapping[str, Any]] = (),
) -> Published:
    now = int(time.time())
    header = bundle.make_header(kind, facility, version, now, now + int(days * DAY_S), body, signer, directory)
    return Published(kind, version, header, body, keys)


def trust(  # noqa: PLR0913 - one argument per field of the trust body
    authority: Authority,
    *,
    version: int,
    centrals: Sequence[bytes],
    signers: Sequence[bytes],
    custodians: Sequence[bytes],
    k: int,
    billing_key: bytes,
    issuers: Sequence[bytes] = (),
    days: float = 90,
) -> Published:
    """The root-signed trust bundle; raises ProvisioningError for a custodian set that a terminal would refuse."""
    check_custodians(custodians, k)
    body = codec.encode(
        "trust-body",
        {
            "facility": authority.facility,
            "root_key": authority.root_public,
            "issuers": list(issuers),
            "centrals": list(centrals),
            "signers": list(signers),
            "custodians": {"k": k, "n": len(custodians), "credentials": list(custodians)},
            "billing_key": billing_key,
        },
    )
    return _publish("trust", authority.facility, version, body, authority.signer, days)


def check_custodians(custodians: Sequence[bytes], k: int) -> None:
    """At least two to open, no key or organisation twice; raises ProvisioningError."""
    claims = [credential.read(signed) for signed in custodians]
    if not 2 <= k <= len(claims):
        raise ProvisioningError(f"{k} of {len(claims)} custodians: at least 2, and no more than there are")
    for what in ("organisation", "identity_key", "link_key"):
        if len({getattr(claim, what) for claim in claims}) != len(claims):
            raise ProvisioningError(f"two custodians have the same {what}")


def revocations(authority: Authority, *, version: int, revoked: Mapping[bytes, int], days: float = 90) -> Published:
    """The list of revoked key ids, each with the second since when."""
    rows = [{"key_id": kid, "since": revoked[kid]} for kid in sorted(revoked)]
    body = codec.encode("revocations-body", {"facility": authority.facility, "revoked": rows})
    return _publish("revocations", authority.facility, version, body, authority.signer, days)


def policy(signer: SigningKey, facility: str, *, version: int, rules: Mapping[str, Any], days: float = 90) -> Published:
    """The policy bundle; `rules` are the CDDL's `policy-body` fields without the facility."""
    body = codec.encode("policy-body", {"facility": facility, **rules})
    return _publish("policy", facility, version, body, signer, days)


def tariff(signer: SigningKey, facility: str, *, version: int, rates: Mapping[str, Any], days: float = 90) -> Published:
    """The tariff bundle; raises ProvisioningError when the rate is above its own cap."""
    if rates["rate"] > rates["cap"]:
        raise ProvisioningError("the rate is above the cap")
    body = codec.encode("tariff-body", {"facility": facility, **rates})
    return _publish("tariff", facility, version, body, signer, days)


def directory(
    signer: SigningKey,
    facility: str,
    *,
    version: int,
    numbers: Iterable[str],
    plan: dict[str, Any],
    terminals: Sequence[bytes],
    max_age_s: int = DEFAULT_MAX_AGE_S,
    days: float = 30,
) -> Published:
    """The privilege directory under a fresh key, sealed to each terminal's link key; numbers as people write them."""
    key = os.urandom(32)
    body = bundle.directory_body((number.normalise(written, plan) for written in numbers), key)
    keys = []
    for signed in terminals:
        terminal = credential.read(signed)
        sealed = SealedBox(PublicKey(terminal.link_key)).encrypt(key)
        keys.append({"version": version, "terminal": terminal.key_id, "sealed": sealed})
    header = bundle.directory_header(body, key, max_age_s)
    return _publish("directory", facility, version, body, signer, days, header, keys)


def read_numbers(path: Path) -> list[str]:
    """The numbers of a text file, one a line, as dialled; `#` starts a comment, blanks and "().-" do not count."""
    lines = (line.split("#", 1)[0].translate(_SEPARATORS) for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]
