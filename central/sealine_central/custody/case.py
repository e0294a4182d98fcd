"""A case folder: everything that travels between requester, custodians and court for one recording.

    record.cose  record.receipt  trust.bundle  credentials/*.cose  envelopes/share-<i>  chunks/<i>.chunk
    people/<requester>.cose  request.cose  request.receipt  grants/<i>.cose  grants/<i>.sealed  grants/<i>.receipt
    opening.cose  opened.wav

Nothing in it is believed: `Case.load` verifies the record from the root key down before anything else is looked at.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sealine_protocol import bundle, codec, cose, credential, receipt
from sealine_protocol.errors import ProtocolError
from sealine_protocol.hashes import blake2b256, share_hash
from sealine_protocol.trust import Trust, read_trust


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
    def load(cls, folder: Path, root_key: bytes) -> "Case":
        """Verify record, credential chain, receipt and trust bundle; raises CustodyError."""
        try:
            return cls._load(folder, root_key)
        except (ProtocolError, OSError) as error:
            raise CustodyError(f"{folder}: {error}") from error

    @classmethod
    def _load(cls, folder: Path, root_key: bytes) -> "Case":
        signed_record = (folder / "record.cose").read_bytes()
        unverified = codec.decode("record", cose.parse(signed_record).payload)
        at = unverified["ended"] // 1000
        trust = load_trust(folder / "trust.bundle", root_key, unverified["facility"])
        chain = [path.read_bytes() for path in sorted((folder / "credentials").glob("*.cose"))]
        terminal = trust.verify_chain(chain, "terminal", at)
        if terminal.sub != unverified["terminal"]:
            raise CustodyError("record.cose: its terminal is not the one of the credential")
        payload = cose.verify(cose.parse(signed_record), terminal.identity_key, "record")
        case = cls(folder, signed_record, codec.decode("record", payload), trust, terminal.key_id)
        case.check_receipt("record.receipt", signed_record)
        return case

    def check_receipt(self, name: str, logged: bytes) -> None:
        """The log has this object: raises CustodyError unless a receipt of a trusted log proves it."""
        data = (self.folder / name).read_bytes()
        for central in self.trust.centrals:
            try:
                receipt.verify(data, logged, central.identity_key)
            except ProtocolError:
                continue
            return
        raise CustodyError(f"{name}: no log that the trust bundle names vouches for it")

    @property
    def recording(self) -> dict[str, Any]:
        """The record's recording; raises CustodyError when nothing was recorded."""
        found = self.record["recording"]
        if found is None:
            raise CustodyError("record.cose: nothing was recorded in this call, there is no key to ask for")
        return dict(found)

    def read_signed(self, name: str, content: str, role: str) -> tuple[dict[str, Any], credential.Credential]:
        """The fields of a requester's or custodian's logged object and who signed it; raises CustodyError."""
        raw = (self.folder / name).read_bytes()
        try:
            signed = cose.parse(raw)
            signer = self._signer(signed.kid, role)
            payload = cose.verify(signed, signer.identity_key, content)
            fields = codec.decode(content, payload)
            self.trust.verify_chain([signer.raw], role, fields["time"] // 1000)
        except ProtocolError as error:
            raise CustodyError(f"{name}: {error}") from error
        self.check_receipt(str(Path(name).with_suffix(".receipt")), raw)
        return fields, signer

    def _signer(self, kid: bytes, role: str) -> credential.Credential:
        """The credential with this key id: a custodian's from the trust bundle, a requester's from `people/`."""
        people = [credential.read(path.read_bytes()) for path in sorted((self.folder / "people").glob("*.cose"))]
        for candidate in (*self.trust.custodians, *people):
            if candidate.key_id == kid and candidate.role == role:
                return candidate
        raise CustodyError(f"no credential of a {role} with key id {kid.hex()} in the case")

    def share_envelope(self, index: int) -> bytes:
        """The envelope of share `index` (from 1), which must be the one that the record fixes."""
        data = (self.folder / "envelopes" / f"share-{index}").read_bytes()
        for reference in self.record["envelopes"]:
            if reference["kind"] == "share" and reference["index"] == index:
                if reference["hash"] != blake2b256(data):
                    break
                return data
        raise CustodyError(f"envelopes/share-{index}: not the envelope that the record fixes")

    def check_share(self, share: dict[str, Any]) -> None:
        """A share-secret must match the verified record in every field; raises CustodyError naming the mismatch."""
        expected = {
            "record": self.record["id"],
            "terminal": self.terminal_key_id,
            "k": self.recording["k"],
            "n": self.recording["n"],
        }
        for name, value in expected.items():
            if share[name] != value:
                raise CustodyError(f"share {share['index']}: its {name} is not the record's")
        readers = self.recording["readers"]
        index = share["index"]
        if not 1 <= index <= len(readers):
            raise CustodyError(f"share {index}: no such reader in the record")
        if readers[index - 1]["share_hash"] != share_hash(self.record["id"], index, share["share"]):
            raise CustodyError(f"share {index}: its hash is not the one in the record, the share is wrong")


def load_trust(path: Path, root_key: bytes, facility: str) -> Trust:
    """The view of a root-signed trust bundle, as it was when issued; raises ProtocolError."""
    published = codec.decode("published-bundle", path.read_bytes())
    header, _ = bundle.read_header(published["header"])
    return read_trust(published["header"], published["body"], root_key, facility=facility, now=header.issued)
