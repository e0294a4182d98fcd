"""What central knows of each facility: the pinned root, the bundles it publishes, the revoked keys."""

from dataclasses import dataclass
from pathlib import Path

from sealine_protocol import bundle, codec, log, trust
from sealine_protocol.errors import ProtocolError, SettingsError

from sealine_central.verify import Facility

KINDS = ("trust", "revocations", "directory", "policy", "tariff", "firmware")


@dataclass(frozen=True, slots=True)
class Publication:
    """One bundle as it lies in the bundles directory."""

    kind: str
    version: int
    payload: bytes


class FacilityBook:
    """One facility's root and bundles directory, read again whenever a file has changed."""

    def __init__(self, name: str, root: Path, bundles: Path) -> None:
        try:
            self._root_key = root.read_bytes()
        except OSError as error:
            raise SettingsError(f"facilities.{name}.root: {error.strerror}") from error
        self.name = name
        self._bundles = bundles
        self._seen: dict[str, tuple[int, int]] = {}
        self._revoked: dict[bytes, int] = {}
        self.published: dict[str, Publication] = {}

    @property
    def view(self) -> Facility:
        """What uploads are checked against."""
        return Facility(self.name, self._root_key, self._revoked)

    @property
    def versions(self) -> dict[str, int]:
        """Newest version of each kind, as beacons say."""
        return {kind: publication.version for kind, publication in self.published.items()}

    def refresh(self) -> list[Publication]:
        """Read changed files; returns what is new and holds. What does not hold is logged and not published."""
        fresh = []
        for kind in KINDS:
            path = self._bundles / f"{kind}.bundle"
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            stamp = (status.st_mtime_ns, status.st_size)
            if self._seen.get(kind) == stamp:
                continue
            self._seen[kind] = stamp
            try:
                publication = self._check(kind, path.read_bytes())
            except ProtocolError as error:
                log.warning("bundle not published", facility=self.name, kind=kind, error=error)
                continue
            self.published[kind] = publication
            fresh.append(publication)
        return fresh

    def _check(self, kind: str, payload: bytes) -> Publication:
        """Form, facility, body, and the root's signature on trust; the other signers are the units' to judge."""
        fields = codec.decode("published-bundle", payload)
        header, _ = bundle.read_header(fields["header"])
        known = self.published.get(kind)
        if header.kind != kind or header.facility != self.name:
            raise SettingsError(f"{kind}.bundle: of another kind or facility")
        if known is not None and header.version <= known.version:
            raise SettingsError(f"{kind}.bundle: not newer than the published one")
        bundle.check_body(header, fields["body"])
        if kind == "trust":
            trust.read_trust(fields["header"], fields["body"], self._root_key, facility=self.name, now=header.issued)
        if kind == "revocations":
            self._revoked = trust.read_revocations(fields["body"], self.name)
        return Publication(kind, header.version, payload)
