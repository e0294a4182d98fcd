"""What a requester or custodian goes by: the newest trust bundle and revocations that he has seen, beside his keys.

    trust.bundle  revocations.bundle

A case folder comes from others and may be old. Its bundles are taken when they are newer than the ones here; one that
is older is refused, since it may still name a key that was stolen since.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from sealine_protocol import bundle, codec, cose, durable
from sealine_protocol.clock import now_ms
from sealine_protocol.errors import BundleError, ProtocolError, UnitError
from sealine_protocol.trust import Trust, read_revocations, read_trust
from sealine_protocol.unit import Unit

from sealine_central.custody.case import CustodyError, read_file

KINDS: Final = ("trust", "revocations")
"""In the order in which they are read: the first says who may sign the second."""


def newest(folder: Path, keys: Path, root_key: bytes, given: Mapping[str, Path] | None = None) -> Trust:
    """Whom the holder of the `keys` directory trusts now, for the case in `folder`.

    Takes the bundles that are `given` (kind to file), then those in the case. Raises CustodyError.
    """
    try:
        facility = codec.decode("record", cose.parse(read_file(folder, "record.cose")).payload)["facility"]
    except ProtocolError as error:
        raise CustodyError(f"{folder}: {error}") from error
    standing = Standing(keys, root_key, facility)
    for kind in KINDS:
        if given and kind in given:
            standing.take(given[kind], kind)
        path = folder / f"{kind}.bundle"
        if path.exists():
            standing.take(path, kind)
    return standing.view()


class Standing:
    """The bundles beside one person's keys. Judged by this machine's clock."""

    def __init__(self, directory: Path, root_key: bytes, facility: str) -> None:
        self._directory = directory
        self._root_key = root_key
        self._facility = facility

    def take(self, path: Path, kind: str) -> None:
        """Keep a bundle of this kind if it is newer than the one here. Raises CustodyError; nothing is kept then."""
        try:
            data = path.read_bytes()
            fields, header = _read(data)
            known = self._version(kind)
            if header.version < known:
                raise CustodyError(f"{path}: version {header.version}, but version {known} is known: get the newest")
            self._check(kind, fields, now_ms() // 1000)
            kept = self._path(kind)
            if not kept.exists() or _read(kept.read_bytes())[1].version < header.version:
                durable.write(kept, data)
        except OSError as error:
            raise CustodyError(f"{path}: {error.strerror}") from error
        except ProtocolError as error:
            raise CustodyError(f"{path}: {error}") from error

    def view(self) -> Trust:
        """Whom to trust now; raises CustodyError when there is no trust bundle, or one here has run out."""
        now = now_ms() // 1000
        trust: Trust | None = self._open("trust", now)
        if trust is None:
            raise CustodyError(f"{self._path('trust')}: not there; get the facility's newest with --trust")
        revoked = self._open("revocations", now)
        return trust if revoked is None else replace(trust, revoked=revoked)

    def _open(self, kind: str, now: int) -> Any:
        path = self._path(kind)
        if not path.exists():
            return None
        try:
            return self._check(kind, _read(path.read_bytes())[0], now)
        except ProtocolError as error:
            raise CustodyError(f"{path}: {error}; get the newest with --{kind}") from error

    def _check(self, kind: str, fields: dict[str, Any], now: int) -> Any:
        """The trust, or the revoked keys, of a published bundle. Raises ProtocolError, CustodyError."""
        header, body = fields["header"], fields["body"]
        if kind == "trust":
            return read_trust(header, body, self._root_key, facility=self._facility, now=now)
        trust = self._open("trust", now)
        if trust is None:
            raise BundleError("bundle: there is no trust bundle that says who may sign it")
        checked = bundle.verify_header(
            header,
            trust.bundle_signers(kind, now),
            kind=kind,
            facility=self._facility,
            installed_version=0,
            now=now,
        )
        bundle.check_body(checked, body)
        return read_revocations(body, self._facility)

    def _version(self, kind: str) -> int:
        """The newest version that is known, from the bundle here or from the enrolment of the keys."""
        path = self._path(kind)
        kept = _read(path.read_bytes())[1].version if path.exists() else 0
        try:
            enrolled = Unit.load(self._directory).enrolled()
        except UnitError:
            return kept
        floor = enrolled.floors.get(kind, 0)
        return max(kept, floor, enrolled.trust.header.version if kind == "trust" else 0)

    def _path(self, kind: str) -> Path:
        return self._directory / f"{kind}.bundle"


def _read(data: bytes) -> tuple[dict[str, Any], bundle.Header]:
    """The fields of a published bundle and its header, unverified."""
    fields = codec.decode("published-bundle", data)
    return fields, bundle.read_header(fields["header"])[0]
