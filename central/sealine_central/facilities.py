"""What central knows of each facility: the pinned root, the bundles it publishes, the revoked keys."""

import time
from dataclasses import dataclass
from pathlib import Path

from sealine_protocol import bundle, codec, durable, log, trust
from sealine_protocol.errors import ProtocolError, SettingsError
from sealine_protocol.hashes import key_id
from sealine_protocol.trust import Trust

from sealine_central.verify import Facility


@dataclass(frozen=True, slots=True)
class Publication:
    """One bundle as it lies in the bundles directory."""

    header: bundle.Header
    payload: bytes

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.header.kind

    @property
    def version(self) -> int:
        """Its version."""
        return self.header.version


class FacilityBook:
    """One facility's root and bundles directory, read again whenever a file has changed."""

    def __init__(self, name: str, root: Path, bundles: Path) -> None:
        """Raises SettingsError when the root key cannot be had."""
        try:
            self.root_key = root.read_bytes()
        except OSError as error:
            raise SettingsError(f"facilities.{name}.root: {error.strerror}") from error
        if len(self.root_key) != 32:
            raise SettingsError(f"facilities.{name}.root: a raw key has 32 bytes")
        self.name = name
        self.trust: Trust | None = None
        self.revoked: dict[bytes, int] = {}
        self.published: dict[str, Publication] = {}
        self._bundles = bundles
        self._seen: dict[str, tuple[int, int]] = {}

    @property
    def view(self) -> Facility:
        """What uploads are checked against."""
        return Facility(self.name, self.root_key, self.revoked)

    @property
    def versions(self) -> dict[str, int]:
        """Newest version of each kind, as beacons say."""
        return {kind: publication.version for kind, publication in self.published.items()}

    def refresh(self) -> list[Publication]:
        """Read changed files; returns what is new and holds. What does not hold is logged and not published."""
        fresh = []
        for kind in bundle.KINDS:
            try:
                publication = self._read(kind)
            except (ProtocolError, OSError) as error:
                log.warning("bundle not published", facility=self.name, kind=kind, error=_words(error))
                continue
            if publication is not None:
                fresh.append(publication)
        return fresh

    def publish(self, payload: bytes) -> Publication:
        """Put a bundle that holds into the bundles directory, whole or not at all. Raises ProtocolError, OSError."""
        header, _ = bundle.read_header(codec.decode("published-bundle", payload)["header"])
        publication = self._take(header.kind, payload)
        self._bundles.mkdir(parents=True, exist_ok=True)
        durable.write(self._path(header.kind), payload)
        return publication

    def _read(self, kind: str) -> Publication | None:
        try:
            status = self._path(kind).stat()
        except FileNotFoundError:
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        if self._seen.get(kind) == stamp:
            return None
        self._seen[kind] = stamp
        if status.st_size > codec.MAX_MESSAGE:
            raise SettingsError(f"{kind}.bundle: too large")
        payload = self._path(kind).read_bytes()
        known = self.published.get(kind)
        if known is not None and known.payload == payload:
            return None
        return self._take(kind, payload)

    def _take(self, kind: str, payload: bytes) -> Publication:
        """Verify and remember. The same issue may come again with its key sealed to more terminals."""
        fields = codec.decode("published-bundle", payload)
        header, _ = bundle.read_header(fields["header"])
        known = self.published.get(kind)
        version = 0 if known is None or known.header.raw == header.raw else known.version
        # Expiry is the units' to judge; a beacon names the newest issue even when it has run out.
        verified = bundle.verify_header(
            fields["header"],
            self._signers(kind, header.issued),
            kind=kind,
            facility=self.name,
            installed_version=version,
            now=header.issued,
        )
        bundle.check_body(verified, fields["body"])
        if kind == "trust":
            self.trust = trust.read_trust(
                fields["header"], fields["body"], self.root_key, facility=self.name, now=header.issued
            )
            self._seen = {"trust": self._seen[kind]} if kind in self._seen else {}  # it may now vouch for the others
        if kind == "revocations":
            self.revoked = trust.read_revocations(fields["body"], self.name)
        self.published[kind] = Publication(verified, payload)
        return self.published[kind]

    def _signers(self, kind: str, issued: int) -> dict[bytes, bytes]:
        """Who may sign this kind: the root for trust, for the others whom the trust bundle names."""
        if kind == "trust":
            return {key_id(self.root_key): self.root_key}
        if self.trust is None:
            raise SettingsError(f"{kind}.bundle: there is no trust bundle that says who may sign it")
        return self.trust.bundle_signers(kind, min(issued, int(time.time())))

    def _path(self, kind: str) -> Path:
        return self._bundles / f"{kind}.bundle"


def _words(error: Exception) -> str:
    return error.strerror or "cannot be read" if isinstance(error, OSError) else str(error)
