"""Installed bundles: streamed to flash, hashed while written, switched by one atomic step, never backwards.

A kind has one head file (signed header, directory key) that names the body file by its version. The head file is the
switch: a body that no head names was never installed.
"""

import struct

import sodium
from micropython import const
from wire import bundle as wire_bundle
from wire import codec
from wire.errors import WireError
from wire.hashes import blake2b256, directory_key_check

from store import BundleError, StoreError
from store.clock import Clock
from store.files import Folder
from store.identity import Identity
from store.trust import Revocations, Trust

KINDS = ("trust", "revocations", "directory", "policy", "tariff")  # firmware is not kept here
MAX_SMALL_BODY_BYTES = const(20480)  # what is read in memory, codec.MAX_MESSAGE: the longest revocation list fits
ENTRY_BYTES = const(8)  # one directory entry
_READ_BYTES = const(4096)
_FLOORS = "floors"
_NO_VERSION = 1 << 32  # higher than any


class Installed:
    """An installed bundle: its header's fields, `path` of the body, and for a directory the opened `key`."""

    def __init__(self, header: dict, path: str, key: bytes) -> None:
        """Hold what `Bundles` has checked."""
        self.kind: str = header["kind"]
        self.version: int = header["version"]
        self.hash: bytes = header["hash"]
        self.expires: int = header["expires"]
        self.length: int = header["length"]
        self.directory: dict | None = header.get("directory")
        self.path = path
        self.key = key

    def ref(self) -> dict:
        """Return the record's `bundle-ref`."""
        return {"version": self.version, "hash": self.hash}


class Bundles:
    """All kinds; `trust` is told of each trust bundle and revocation list that is installed."""

    def __init__(self, folder: Folder, identity: Identity, clock: Clock, trust: Trust) -> None:
        """Use a folder of its own; call `mount` before anything else."""
        self._folder = folder
        self._identity = identity
        self._clock = clock
        self._trust = trust
        self._installed: dict[str, Installed] = {}
        self._floors: dict[str, int] = dict.fromkeys(KINDS, 0)
        self.refused: list[str] = []  # kinds that are on flash and did not verify at boot

    def mount(self) -> None:
        """Verify again all that is on flash (signature, hash, order) and forget what does not hold."""
        self._folder.clean()
        self._load_floors()
        self._installed = {}
        self.refused = []
        for kind in KINDS:
            try:
                raw = self._folder.read(_head(kind))
                if raw is not None:
                    self._adopt(self._check_installed(kind, raw))
            except (StoreError, WireError, ValueError, IndexError, OSError):
                self.refused.append(kind)
        self._sweep()

    def enrolled(self, floors: dict) -> None:
        """Begin afresh with the lowest acceptable versions of an enrolment; the trust bundle must follow."""
        for kind in KINDS:
            self._folder.remove(_head(kind))
        self._installed = {}
        self._store_floors({kind: floors.get(kind, 0) for kind in KINDS})
        self._sweep()

    def install(self, bundle: dict) -> Installed:
        """Install a small bundle that came whole (rule `bundle`: header, body)."""
        writer = self.begin(bundle["header"])
        writer.write(bundle["body"])
        return writer.commit()

    def begin(self, signed: bytes, directory_key: dict | None = None) -> "Writer":
        """Check a signed header (and a directory's sealed key) and return the writer for its body."""
        try:
            kind = wire_bundle.read_header(signed)[0]["kind"]
            header = self._check_header(signed, kind, self._too_low(kind), self._clock.floor_ms() // 1000)
            self._clock.check(header["issued"] * 1000)
            return Writer(self, signed, header, self._open_key(header, directory_key))
        except WireError as error:
            raise BundleError(str(error))
        except OSError:
            raise BundleError("bundle: cannot be written")

    def installed(self, kind: str) -> Installed | None:
        """Return the installed bundle of a kind; it may have expired, which its user judges."""
        return self._installed.get(kind)

    def versions(self) -> dict[str, int]:
        """Return the installed versions, for `ready`."""
        return {kind: self._installed[kind].version for kind in self._installed}

    def read(self, kind: str) -> dict | None:
        """Return the decoded body of the installed policy or tariff, None if there is none; BundleError, WireError."""
        found = self._installed.get(kind)
        try:
            return None if found is None else codec.decode(kind + "-body", _read_small(found))
        except OSError:
            raise BundleError("bundle: cannot be read")

    # ------------------------------------------------------------ for the writer

    def path_of(self, header: dict) -> str:
        """Return where a body goes."""
        return self._folder.path_of(_body(header["kind"], header["version"]))

    def switch(self, signed: bytes, header: dict, key: bytes) -> Installed:
        """Make a whole, hashed body the installed one; the atomic step is the head file."""
        found = Installed(header, self.path_of(header), key)
        try:
            self._check_body(found)
        except WireError as error:
            raise BundleError(str(error))
        self._folder.write(_head(found.kind), struct.pack("<H", len(signed)) + signed + key)
        self._adopt(found)
        self._clock.verified(header["issued"] * 1000)
        self._store_floors({kind: max(self._floors[kind], self.versions().get(kind, 0)) for kind in KINDS})
        self._sweep()
        return found

    # ------------------------------------------------------------ checks

    def _check_header(self, signed: bytes, kind: str, above: int, now: int) -> dict:
        """Return the header if it is of this kind, signed by who may, and its version higher than `above`."""
        if kind not in KINDS:
            raise BundleError("bundle.kind: not kept here")
        _unverified, kid = wire_bundle.read_header(signed)
        header = wire_bundle.verify_header(
            signed,
            {kid: self._trust.signer(kind, kid)},
            kind=kind,
            facility=self._identity.facility,
            installed_version=above,
            now=now,
        )
        if kind != "directory" and header["length"] > MAX_SMALL_BODY_BYTES:
            raise BundleError("bundle.length: too long")
        return header

    def _open_key(self, header: dict, sealed: dict | None) -> bytes:
        if header["kind"] != "directory":
            return b""
        if sealed is None or sealed["terminal"] != self._identity.key_id or sealed["version"] != header["version"]:
            raise BundleError("directory-key: missing, or for another terminal or version")
        key = bytes(self._identity.unseal(sealed["sealed"]))
        if directory_key_check(key) != header["directory"]["key_check"]:
            raise BundleError("directory-key: not the one of the header")
        return key

    def _check_installed(self, kind: str, raw: bytes) -> Installed:
        (size,) = struct.unpack_from("<H", raw)
        signed, key = raw[2 : 2 + size], raw[2 + size :]
        header = self._check_header(signed, kind, self._floors[kind] - 1, 0)
        if kind == "directory" and directory_key_check(key) != header["directory"]["key_check"]:
            raise BundleError("directory-key: not the one of the header")
        found = Installed(header, self.path_of(header), key)
        _check_file(found)
        self._check_body(found)
        return found

    def _check_body(self, found: Installed) -> None:
        """Check that a small body can be read as what it is, before anybody relies on it."""
        if found.kind == "directory":
            return
        body = _read_small(found)
        if found.kind == "trust":
            self._trust.read(body)
        elif found.kind == "revocations":
            Revocations(body, self._identity.facility)
        elif codec.decode(found.kind + "-body", body)["facility"] != self._identity.facility:
            raise BundleError("bundle: body of another facility")

    # ------------------------------------------------------------ state

    def _adopt(self, found: Installed) -> None:
        if found.kind == "trust":
            self._trust.adopt(_read_small(found), found.ref(), found.expires)
        elif found.kind == "revocations":
            self._trust.revoke(_read_small(found))
        self._installed[found.kind] = found

    def _too_low(self, kind: str) -> int:
        """Return the highest version that may not be installed."""
        found = self._installed.get(kind)
        return max(self._floors.get(kind, 0) - 1, found.version if found else 0)

    def _load_floors(self) -> None:
        try:
            raw = self._folder.read(_FLOORS)
            if raw is not None:
                floors = codec.decode("versions", raw)
                self._floors = {kind: floors.get(kind, 0) for kind in KINDS}
        except (StoreError, WireError):
            self._floors = dict.fromkeys(KINDS, _NO_VERSION)  # nobody knows what is too old: only re-enrolment heals it

    def _store_floors(self, floors: dict[str, int]) -> None:
        if floors != self._floors:
            self._floors = floors
            self._folder.write(_FLOORS, codec.encode("versions", floors))

    def _sweep(self) -> None:
        """Delete bodies that no head names."""
        keep = [_body(found.kind, found.version) for found in self._installed.values()]
        for name in self._folder.names():
            if name.endswith(".body") and name not in keep:
                self._folder.remove(name)


class Writer:
    """Takes one body in order. Nothing is believed of it before `commit` returns."""

    def __init__(self, bundles: Bundles, signed: bytes, header: dict, key: bytes) -> None:
        """Made by Bundles.begin."""
        self._bundles = bundles
        self._signed = signed
        self._header = header
        self._key = key
        self._hash = sodium.Hash(32)
        self._order = _Order() if header["kind"] == "directory" else None
        self.kind: str = header["kind"]
        self.version: int = header["version"]
        self.length: int = header["length"]
        self.offset = 0  # bytes written so far
        self._file = open(bundles.path_of(header), "wb")  # noqa: SIM115 -- closed by commit or abort

    def write(self, part: bytes) -> None:
        """Append the part at `offset`; BundleError ends the writer."""
        if len(part) > self.length - self.offset:
            self.abort()
            raise BundleError("bundle.length: longer than its header says")
        if self._order is not None and not self._order.holds(part):
            self.abort()
            raise BundleError("directory: entries are not sorted")
        self._hash.update(part)
        try:
            self._file.write(part)
        except OSError:
            self.abort()
            raise BundleError("bundle: cannot be written")
        self.offset += len(part)

    def commit(self) -> Installed:
        """Check length and hash, and switch; BundleError leaves the installed one."""
        try:
            self._file.flush()
            self._file.close()
        except OSError:
            raise BundleError("bundle: cannot be written")
        if self.offset != self.length:
            raise BundleError("bundle.length: shorter than its header says")
        if self._hash.digest() != self._header["hash"]:
            raise BundleError("bundle.hash: another body")
        return self._bundles.switch(self._signed, self._header, self._key)

    def abort(self) -> None:
        """Give up; the body file is swept at the next switch or boot."""
        self._file.close()


class _Order:
    """Whether 8-byte entries that come in any pieces rise strictly: a search in them relies on it."""

    def __init__(self) -> None:
        self._last = b""
        self._rest = b""

    def holds(self, part: bytes) -> bool:
        data = self._rest + part
        last = self._last
        for at in range(0, len(data) - ENTRY_BYTES + 1, ENTRY_BYTES):
            entry = data[at : at + ENTRY_BYTES]
            if entry <= last:
                return False
            last = entry
        self._last = last
        self._rest = data[len(data) - len(data) % ENTRY_BYTES :]
        return True


def _head(kind: str) -> str:
    return kind + ".head"


def _body(kind: str, version: int) -> str:
    return kind + "-" + str(version) + ".body"


def _read_small(found: Installed) -> bytes:
    with open(found.path, "rb") as file:
        body = file.read(MAX_SMALL_BODY_BYTES + 1)
    if len(body) != found.length or blake2b256(body) != found.hash:
        raise BundleError("bundle.hash: another body")
    return body


def _check_file(found: Installed) -> None:
    """Hash a body on flash, piece by piece."""
    state = sodium.Hash(32)
    piece = bytearray(_READ_BYTES)
    length = 0
    with open(found.path, "rb") as file:
        while True:
            size = file.readinto(piece)
            if not size:
                break
            length += size
            state.update(memoryview(piece)[:size])
    if length != found.length or state.digest() != found.hash:
        raise BundleError("bundle.hash: another body")
