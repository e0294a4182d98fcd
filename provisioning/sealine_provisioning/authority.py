"""The authority root: an offline key under a passphrase. It signs credentials, trust bundles, MQTT certificates."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nacl.signing import SigningKey
from sealine_protocol import codec, credential, sealed_file
from sealine_protocol.clock import now_ms
from sealine_protocol.errors import ProtocolError
from sealine_protocol.hashes import key_id

from sealine_provisioning import tls
from sealine_provisioning.errors import AuthorityError

DAY_S = 86_400
CLOCK_SLACK_S = 300
"""A credential is valid from a little before its issue: hosts' clocks differ by seconds to minutes."""


@dataclass(frozen=True)
class Custodianship:
    """What a custodian's credential says besides the keys: shown to the people who are recorded."""

    class_: str
    organisation: str


class Authority:
    """The root of one operator, opened with its passphrase.

    Directory: `root.key` (sealed, 0600), `root.pub` (32 raw bytes), `ca.key` (PKCS 8, encrypted), `ca.pem`,
    `authority.json` (facility), `issued/<subject>.<key id>.cose`.
    """

    def __init__(self, directory: Path, facility: str, root: SigningKey, passphrase: bytes) -> None:
        self.directory = directory
        self.facility = facility
        self._root = root
        self._passphrase = passphrase

    @classmethod
    def create(cls, directory: Path, facility: str, passphrase: bytes) -> "Authority":
        """Make a new authority; raises AuthorityError if the directory already holds one."""
        if (directory / "root.key").exists():
            raise AuthorityError(f"{directory} already holds an authority; choose another directory")
        if not passphrase:
            raise AuthorityError("the passphrase is empty")
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        (directory / "issued").mkdir(exist_ok=True)
        root = SigningKey.generate()
        tls.create_ca(directory, facility, passphrase)
        (directory / "authority.json").write_text(json.dumps({"facility": facility}) + "\n")
        (directory / "root.pub").write_bytes(bytes(root.verify_key))
        # last, since its presence says that the authority is whole
        sealed_file.write(directory / "root.key", bytes(root), passphrase)
        return cls(directory, facility, root, passphrase)

    @classmethod
    def load(cls, directory: Path, passphrase: bytes) -> "Authority":
        """Open an authority; raises AuthorityError when it is missing or the passphrase is wrong."""
        try:
            facility = json.loads((directory / "authority.json").read_text())["facility"]
            seed = sealed_file.read(directory / "root.key", passphrase)
        except OSError as error:
            raise AuthorityError(f"no authority in {directory}: {error.strerror}") from error
        except sealed_file.SealedFileError as error:
            raise AuthorityError(f"{directory / 'root.key'} does not open: wrong passphrase, or damaged") from error
        return cls(directory, facility, SigningKey(seed), passphrase)

    @property
    def root_public(self) -> bytes:
        """The raw Ed25519 root key that every unit pins at enrolment."""
        return bytes(self._root.verify_key)

    @property
    def signer(self) -> SigningKey:
        """The root's signing key, for trust and revocation bundles."""
        return self._root

    def issue(
        self,
        request: bytes,
        *,
        subject: str,
        role: str,
        challenge: bytes,
        days: int = 365,
        custodianship: Custodianship | None = None,
    ) -> bytes:
        """Sign a credential for a signing request that answers `challenge` and asks for `role`.

        Raises AuthorityError when the request does not verify, answers another challenge or asks for another role.
        """
        try:
            asked = credential.check_request(request, challenge)
        except ProtocolError as error:
            raise AuthorityError(f"the signing request does not hold: {error}") from error
        if asked["role"] != role:
            raise AuthorityError(f"the signing request asks for role {asked['role']}, not {role}")
        if (role == "custodian") != (custodianship is not None):
            raise AuthorityError("a custodian, and no one else, has a class and an organisation")
        now = int(time.time())
        signed = credential.issue(
            subject,
            self.facility,
            role,
            asked["identity_key"],
            asked["link_key"],
            nbf=now - CLOCK_SLACK_S,
            exp=now + days * DAY_S,
            iat=now,
            class_=custodianship.class_ if custodianship else None,
            organisation=custodianship.organisation if custodianship else None,
            signer=self._root,
        )
        path = self.directory / "issued" / f"{subject}.{key_id(asked['identity_key']).hex()}.cose"
        path.write_bytes(signed)
        return signed

    def issued(self, role: str) -> list[bytes]:
        """All credentials of one role that this authority has signed, oldest first."""
        found = []
        for path in sorted((self.directory / "issued").glob("*.cose"), key=lambda path: path.stat().st_mtime_ns):
            signed = path.read_bytes()
            if credential.read(signed).role == role:
                found.append(signed)
        return found

    def certify_tls(self, csr_pem: bytes, common_name: str, *, hosts: Sequence[str] = (), days: int = 365) -> bytes:
        """Sign an MQTT client's certificate, or with `hosts` the broker's; returns PEM. Raises AuthorityError."""
        return tls.certify(self.directory, self._passphrase, csr_pem, common_name, hosts=hosts, days=days)

    def ca_pem(self) -> bytes:
        """The X.509 CA certificate that broker and MQTT clients trust."""
        return (self.directory / "ca.pem").read_bytes()

    def enrolment(
        self,
        signed_credential: bytes,
        *,
        trust: dict[str, bytes],
        floors: dict[str, int] | None = None,
        gateway: str = "",
        issuers: Sequence[bytes] = (),
    ) -> bytes:
        """The enrolment for a credential that is already signed."""
        return codec.encode(
            "enrolment",
            {
                "root_key": self.root_public,
                "credential": signed_credential,
                "issuers": list(issuers),
                "trust": trust,
                "time": now_ms(),
                "floors": floors or {},
                "gateway": gateway,
            },
        )


def fresh_challenge() -> bytes:
    """16 random bytes that a signing request must answer."""
    return os.urandom(16)
