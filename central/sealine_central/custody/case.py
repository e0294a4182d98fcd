"""A case folder: everything that travels between requester, custodians and court for one recording.

    record.cose  record.receipt  credentials/*.cose  envelopes/share-<i>  chunks/<i>.chunk
    trust.bundle  revocations.bundle
    people/<key id of the requester>.cose  request.cose  request.receipt
    grants/<i>.cose  grants/<i>.sealed  grants/<i>.receipt  opening.cose  opened.wav

Nothing in it is believed: `Case.load` verifies the record by the reader's own view of whom to trust (`standing`)
before anything else is looked at. Who signed a logged object is judged at the time of its receipt, not of his own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sealine_protocol import codec, cose, credential, receipt
from sealine_protocol.credential import Credential
from sealine_protocol.errors import ProtocolError
from sealine_protocol.hashes import blake2b256, share_hash
from sealine_protocol.trust import Trust


class CustodyError(Exception):
    """The case cannot go on; the text names the file and what is wrong with it."""


@dataclass(frozen=True)
class Case:
    """One verified recording: its record, whom it trusts, where its parts lie."""

    folder: Path
    signed_record: bytes
    record: dict[str, Any]
    trust: Trust
    terminal_key_id: bytes

    @classmethod
    def load(cls, folder: Path, trust: Trust) -> "Case":
        """Verify record, credential chain and receipt; raises CustodyError."""
        try:
            return cls._load(folder, trust)
        except ProtocolError as error:
            raise CustodyError(f"{folder}: {error}") from error

    @classmethod
    def _load(cls, folder: Path, trust: Trust) -> "Case":
        signed_record = read_file(folder, "record.cose")
        unverified = codec.decode("record", cose.parse(signed_record).payload)
        at = unverified["started"] // 1000  # a credential may run out while a call goes on
        chain = [path.read_bytes() for path in sorted((folder / "credentials").glob("*.cose"))]
        # A revoked terminal's records are kept and flagged, and its key opens nothing: they stay readable.
        terminal = replace(trust, revoked={}).verify_chain(chain, "terminal", at)
        if (terminal.sub, terminal.facility) != (unverified["terminal"], unverified["facility"]):
            raise CustodyError("record.cose: its terminal is not the one of the credential")
        payload = cose.verify(cose.parse(signed_record), terminal.identity_key, "record")
        case = cls(folder, signed_record, codec.decode("record", payload), trust, terminal.key_id)
        case.check_receipt("record.receipt", signed_record)
        return case

    def check_receipt(self, name: str, logged: bytes) -> int:
        """When (s) the log took this object: raises CustodyError unless a receipt of a trusted log proves it.

        The log's key must have been valid then, and must not be revoked: who stole it would write an earlier time.
        """
        data = read_file(self.folder, name)
        for central in self.trust.centrals:
            try:
                at = receipt.verify(data, logged, central.identity_key)
            except ProtocolError:
                continue
            if central.key_id in self.trust.revoked:
                raise CustodyError(f"{name}: the log's key is revoked")
            if not central.nbf <= at < central.exp:
                raise CustodyError(f"{name}: the log's key was not valid then")
            return at
        raise CustodyError(f"{name}: no log that the trust bundle names vouches for it")

    @property
    def recording(self) -> dict[str, Any]:
        """The record's recording; raises CustodyError when nothing was recorded."""
        found = self.record["recording"]
        if found is None:
            raise CustodyError("record.cose: nothing was recorded in this call, there is no key to ask for")
        return dict(found)

    def logged_request(self) -> tuple[bytes, Credential]:
        """Hash of the request and who made it; raises CustodyError unless it is logged and for this record."""
        asked, requester = self.read_signed("request.cose", "opening-request", "requester")
        if asked["record"] != self.record["id"] or asked["record_hash"] != blake2b256(self.signed_record):
            raise CustodyError("request.cose: asks for another record")
        if asked["requester"] != requester.key_id:
            raise CustodyError("request.cose: not signed by the requester that it names")
        return blake2b256(read_file(self.folder, "request.cose")), requester

    def read_signed(self, name: str, content: str, role: str) -> tuple[dict[str, Any], Credential]:
        """The fields of a requester's or custodian's logged object and who signed it; raises CustodyError."""
        raw = read_file(self.folder, name)
        try:
            signed = cose.parse(raw)
            signer = self._signer(signed.kid, role)
            fields = codec.decode(content, cose.verify(signed, signer.identity_key, content))
            at = self.check_receipt(str(Path(name).with_suffix(".receipt")), raw)
            verify_person(self.trust, signer.raw, role, at, {})
        except ProtocolError as error:
            raise CustodyError(f"{name}: {error}") from error
        return fields, signer

    def has_person(self, kid: bytes, role: str) -> bool:
        """Whether the case has a credential for this key; it is not verified."""
        return bool(self._people(kid, role))

    def _people(self, kid: bytes, role: str) -> list[Credential]:
        """Credentials with this key id: custodians' from the trust bundle, anybody's from `people/`."""
        found = [credential.read(path.read_bytes()) for path in sorted((self.folder / "people").glob("*.cose"))]
        return [person for person in (*self.trust.custodians, *found) if (person.key_id, person.role) == (kid, role)]

    def _signer(self, kid: bytes, role: str) -> Credential:
        for candidate in self._people(kid, role):
            return candidate
        raise CustodyError(f"no credential of a {role} with key id {kid.hex()} in the case")

    def share_envelope(self, index: int) -> bytes:
        """The envelope of share `index` (from 1), which must be the one that the record fixes."""
        data = read_file(self.folder, f"envelopes/share-{index}")
        for reference in self.record["envelopes"]:
            if (reference["kind"], reference["index"], reference["hash"]) == ("share", index, blake2b256(data)):
                return data
        raise CustodyError(f"envelopes/share-{index}: not the envelope that the record fixes")

    def check_share(self, share: dict[str, Any], index: int) -> None:
        """Share number `index` must match the verified record in every field; raises CustodyError naming the one."""
        expected = {
            "record": self.record["id"],
            "terminal": self.terminal_key_id,
            "k": self.recording["k"],
            "n": self.recording["n"],
            "index": index,
        }
        for name, value in expected.items():
            if share[name] != value:
                raise CustodyError(f"share {index}: its {name} is not the record's")
        readers = self.recording["readers"]
        if not 1 <= index <= len(readers):
            raise CustodyError(f"share {index}: no such reader in the record")
        if readers[index - 1]["share_hash"] != share_hash(self.record["id"], index, share["share"]):
            raise CustodyError(f"share {index}: its hash is not the one in the record, the share is wrong")


def verify_person(trust: Trust, raw: bytes, role: str, at: int, revoked: Mapping[bytes, int]) -> Credential:
    """Somebody's credential at a second, signed by the root or by an issuer of the bundle; raises ProtocolError."""
    signer = cose.parse(raw).kid
    chain = [raw, *(issuer.raw for issuer in trust.issuers if issuer.key_id == signer)]
    return credential.verify_chain(
        chain, trust.root_key, role=role, facility=trust.facility, at=at, revoked={**trust.revoked, **revoked}
    )


def read_file(folder: Path, name: str) -> bytes:
    """A file of the case; raises CustodyError."""
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        hint = ", central has to log it first" if name.endswith(".receipt") else ""
        raise CustodyError(f"{folder / name}: {error.strerror}{hint}") from error
