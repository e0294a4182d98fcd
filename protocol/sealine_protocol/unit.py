"""The state directory of a host unit: keys that are born here and never leave, and what the authority gave for them.

`identity.key` and `link.key` hold 32 raw bytes, mode 0600; `request.cose` is the last signing request;
`enrolment.cbor` comes from the authority. A unit that speaks MQTT has `tls.key` and `tls.csr` too, and gets `tls.pem`
and `ca.pem` back.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from nacl.public import PrivateKey
from nacl.signing import SigningKey

from sealine_protocol import cose, durable
from sealine_protocol.codec import decode, encode
from sealine_protocol.credential import Credential, check_request, verify_chain
from sealine_protocol.errors import CredentialError, UnitError
from sealine_protocol.hashes import key_id
from sealine_protocol.trust import Trust, read_trust

IDENTITY = "identity.key"
LINK = "link.key"
REQUEST = "request.cose"
ENROLMENT = "enrolment.cbor"

_KEY_SIZE = 32
_CHALLENGE = re.compile("[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A checked enrolment. `chain` is the unit's credential, then issuers."""

    credential: Credential
    chain: tuple[bytes, ...]
    trust: Trust
    root_key: bytes
    gateway: str
    floors: dict[str, int]


class Unit:
    """One unit's keys and, once it is enrolled, what it may say of itself."""

    def __init__(self, directory: Path, identity: SigningKey, link: PrivateKey, role: str, hardware_id: bytes) -> None:
        self.directory = directory
        self.identity = identity
        self.link = link
        self.role = role
        self.hardware_id = hardware_id

    def __repr__(self) -> str:
        return f"Unit({self.role})"

    @property
    def key_id(self) -> bytes:
        """The key id of the identity key."""
        return key_id(self.identity_key)

    @property
    def identity_key(self) -> bytes:
        """The public identity key (Ed25519)."""
        return bytes(self.identity.verify_key)

    @property
    def link_key(self) -> bytes:
        """The public link key (X25519)."""
        return bytes(self.link.public_key)

    @classmethod
    def create(cls, directory: Path, role: str, hardware_id: bytes, *, tls: bool = False) -> Unit:
        """Make the directory with fresh keys and a first request; raises UnitError if it has keys already."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (directory / IDENTITY).exists():
            raise UnitError("unit: has keys already")
        unit = cls(directory, SigningKey.generate(), PrivateKey.generate(), role, hardware_id)
        unit.request(secrets.token_bytes(16))
        if tls:
            create_tls(directory)
        durable.write(directory / LINK, bytes(unit.link))
        durable.write(directory / IDENTITY, bytes(unit.identity))
        return unit

    @classmethod
    def prepare(cls, directory: Path, role: str, challenge: str, *, tls: bool = False) -> Unit:
        """Make the keys, or load them, and write a request that answers `challenge` (hex). Raises UnitError."""
        answer = read_challenge(challenge)
        if (directory / IDENTITY).exists():
            unit = cls.load(directory)
            if unit.role != role:
                raise UnitError(f"unit: the keys here are of a {unit.role}, not of a {role}")
        else:
            unit = cls.create(directory, role, secrets.token_bytes(16), tls=tls)
        unit.request(answer)
        return unit

    @classmethod
    def load(cls, directory: Path) -> Unit:
        """Read the keys and the request; raises UnitError if they are not whole, or readable by others."""
        identity = SigningKey(_read_key(directory / IDENTITY))
        link = PrivateKey(_read_key(directory / LINK))
        try:
            request = check_request((directory / REQUEST).read_bytes())
        except OSError:
            raise UnitError(f"unit: {REQUEST} is not there") from None
        unit = cls(directory, identity, link, request["role"], request["hardware_id"])
        if (request["identity_key"], request["link_key"]) != (unit.identity_key, unit.link_key):
            raise UnitError(f"unit: {REQUEST} is for other keys")
        return unit

    def request(self, challenge: bytes) -> bytes:
        """A signing request that answers `challenge`; it is kept in the directory too."""
        payload = encode(
            "signing-request",
            {
                "challenge": challenge,
                "identity_key": self.identity_key,
                "link_key": self.link_key,
                "role": self.role,
                "hardware_id": self.hardware_id,
                "firmware": {"version": "host", "hash": bytes(32)},
            },
        )
        request = cose.sign("signing-request", payload, self.identity)
        durable.write(self.directory / REQUEST, request)
        return request

    def install(self, enrolment: bytes) -> Enrolled:
        """Keep an enrolment that holds for these keys; raises CredentialError, BundleError and the like."""
        enrolled = self._check(enrolment)
        durable.write(self.directory / ENROLMENT, enrolment)
        return enrolled

    def enrolled(self) -> Enrolled:
        """The enrolment in the directory, checked again; raises UnitError if there is none."""
        try:
            data = (self.directory / ENROLMENT).read_bytes()
        except OSError:
            raise UnitError("unit: not enrolled") from None
        return self._check(data)

    def _check(self, enrolment: bytes) -> Enrolled:
        fields = decode("enrolment", enrolment)
        chain = (fields["credential"], *fields["issuers"])
        issued = fields["time"] // 1000
        # The facility is what the root says it is: the header is signed by it, and the credential must agree.
        body = decode("trust-body", fields["trust"]["body"])
        credential = verify_chain(
            chain, fields["root_key"], role=self.role, facility=body["facility"], at=issued, revoked={}
        )
        if (credential.identity_key, credential.link_key) != (self.identity_key, self.link_key):
            raise CredentialError("enrolment.credential: for other keys")
        trust = read_trust(
            fields["trust"]["header"],
            fields["trust"]["body"],
            fields["root_key"],
            facility=credential.facility,
            now=issued,
        )
        return Enrolled(credential, chain, trust, fields["root_key"], fields["gateway"], fields["floors"])


def create_tls(directory: Path, stem: str = "tls") -> None:
    """Make `<stem>.key` (0600) and the request `<stem>.csr`; the authority writes the name into the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, stem)])  # not believed
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    encoding = serialization.Encoding.PEM
    pem = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    durable.write(directory / f"{stem}.key", pem)
    durable.write(directory / f"{stem}.csr", csr.public_bytes(encoding))


def read_challenge(text: str) -> bytes:
    """The authority's challenge as it was printed: 32 hex digits. Raises UnitError."""
    if _CHALLENGE.fullmatch(text) is None:
        raise UnitError("challenge: not hex, 32 digits")
    return bytes.fromhex(text)


def _read_key(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except OSError:
        raise UnitError(f"unit: {path.name} is not there or cannot be read") from None
    if mode & 0o077:
        raise UnitError(f"unit: {path.name} can be read by others")
    if len(data) != _KEY_SIZE:
        raise UnitError(f"unit: {path.name} does not have {_KEY_SIZE} bytes")
    return data
