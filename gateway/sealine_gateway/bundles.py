"""The newest verified bundle of each kind, on disk and in memory, and what the gateway itself needs of them."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from sealine_protocol import bundle, log, trust
from sealine_protocol.codec import decode, encode
from sealine_protocol.credential import Credential
from sealine_protocol.credential import read as read_credential
from sealine_protocol.errors import CredentialError, ProtocolError
from sealine_protocol.unit import Enrolled

from sealine_gateway import files
from sealine_gateway.call import RING_TIMEOUT_S
from sealine_gateway.errors import TrustError

PART_BYTES: Final = 4096  # CDDL bulk-down


class Bundles:
    """Installed bundles. `trust` starts from the enrolment and follows the newest trust and revocations bundles."""

    def __init__(self, state_dir: Path, enrolled: Enrolled) -> None:
        """Load what is on disk; what no longer verifies is left out and logged. Raises StorageError."""
        self._directory = state_dir / "bundles"
        self._root_key = enrolled.root_key
        self._installed: dict[str, tuple[bundle.Header, dict[str, Any]]] = {}
        self._previous: dict[str, tuple[bundle.Header, dict[str, Any]]] = {}
        self._policy: dict[str, Any] | None = None
        self.trust = enrolled.trust
        try:
            self._directory.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise files.storage_error(error, "bundles") from error
        for kind in bundle.KINDS:
            self._load(kind)

    def install(self, published: Mapping[str, Any]) -> str | None:
        """Take a published bundle if it is newer and holds; its kind, or None if it is the installed one already.

        Raises TrustError if it must not be installed, StorageError.
        """
        try:
            header, _ = bundle.read_header(published["header"])
            present = self._installed.get(header.kind)
            if present is not None and present[0].raw == header.raw:
                if present[1]["keys"] == published["keys"]:
                    return None
                bundle.check_body(header, published["body"])  # the same issue, sealed to more terminals
            else:
                version = present[0].version if present else 0
                header = self._verified(published, header.kind, version, now=int(time.time()))
            self._use(header, dict(published), save=True)
        except ProtocolError as error:
            raise TrustError(str(error)) from error
        return header.kind

    def offers(self, installed: Mapping[str, int], terminal: bytes) -> list[dict[str, Any]]:
        """`offer` messages for what is newer here than what a terminal has."""
        return [
            {"type": "offer", "header": header.raw, "key": _key_of(published, terminal)}
            for header, published in (self._installed[kind] for kind in bundle.KINDS if kind in self._installed)
            if header.version > installed.get(header.kind, 0)
        ]

    def part(self, kind: str, version: int, offset: int) -> bytes | None:
        """Up to PART_BYTES of a body from `offset`; None if there is no such bundle or place."""
        for source in (self._installed, self._previous):  # a terminal may be in the middle of the one before
            if kind in source:
                header, published = source[kind]
                if header.version == version and offset <= header.length:
                    body: bytes = published["body"]
                    return body[offset : offset + PART_BYTES]
        return None

    def ring_timeout_s(self) -> float:
        """How long a call may ring, by the policy."""
        return RING_TIMEOUT_S if self._policy is None else float(self._policy["ring_timeout_s"])

    def is_always_allowed(self, number: str) -> bool:
        """True for legal, emergency and protected lines, which a restricted link may call."""
        return self.is_protected(number) or self._is_on("always", number)

    def is_protected(self, number: str) -> bool:
        """True for a line that is reached without a trace of the single call (28 CFR 115.51(b))."""
        return self._is_on("protected", number)

    def _is_on(self, lines: str, number: str) -> bool:
        return self._policy is not None and any(line["number"] == number for line in self._policy[lines])

    def check_terminal(self, chain: list[bytes]) -> tuple[Credential, bool]:
        """A terminal's credential, and whether its link is restricted since it, or its issuer's, has expired.

        Raises CredentialError.
        """
        now = int(time.time())
        expires = min(read_credential(signed).exp for signed in chain)
        if now < expires:
            return self.trust.verify_chain(chain, "terminal", now), False
        # Expired but not revoked: judged at the last valid second, any revocation counting from the beginning.
        revoked = replace(self.trust, revoked=dict.fromkeys(self.trust.revoked, 0))
        return revoked.verify_chain(chain, "terminal", expires - 1), True

    def _load(self, kind: str) -> None:
        path = self._path(kind)
        try:
            published = decode("published-bundle", path.read_bytes())
            self._use(self._verified(published, kind, 0, now=None), published, save=False)
        except FileNotFoundError:
            return
        except OSError as error:
            raise files.storage_error(error, path.name) from error
        except ProtocolError as error:
            log.warning("installed bundle refused", kind=kind, error=error)

    def _verified(self, published: Mapping[str, Any], kind: str, version: int, now: int | None) -> bundle.Header:
        """The header of a newer bundle; `now` is None for an installed one, which may have expired since."""
        at = bundle.read_header(published["header"])[0].issued if now is None else now
        header = bundle.verify_header(
            published["header"],
            self.trust.bundle_signers(kind, at),
            kind=kind,
            facility=self.trust.facility,
            installed_version=version,
            now=at,
        )
        bundle.check_body(header, published["body"])
        return header

    def _use(self, header: bundle.Header, published: dict[str, Any], *, save: bool) -> None:
        """Read the body for our own use first (it may still be refused), then save, then switch."""
        body = published["body"]
        new_trust, new_policy = self.trust, self._policy
        if header.kind == "trust":
            new_trust = trust.read_trust(
                header.raw,
                body,
                self._root_key,
                facility=self.trust.facility,
                now=header.issued,
                revoked=self.trust.revoked,
            )
            if new_trust.header.version < self.trust.header.version:
                raise CredentialError("trust: older than that of the enrolment")
        elif header.kind == "revocations":
            new_trust = replace(self.trust, revoked=trust.read_revocations(body, self.trust.facility))
        elif header.kind == "policy":
            new_policy = decode("policy-body", body)
        if save:
            files.write(self._path(header.kind), encode("published-bundle", published))
        self.trust, self._policy = new_trust, new_policy
        if header.kind in self._installed and self._installed[header.kind][0].version != header.version:
            self._previous[header.kind] = self._installed[header.kind]
        self._installed[header.kind] = (header, published)

    def _path(self, kind: str) -> Path:
        return self._directory / f"{kind}.cbor"


def _key_of(published: Mapping[str, Any], terminal: bytes) -> dict[str, Any] | None:
    """The directory key that is sealed to this terminal."""
    for key in published["keys"]:
        if key["terminal"] == terminal:
            return dict(key)
    return None
