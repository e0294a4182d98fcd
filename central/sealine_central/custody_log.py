"""Taking custody's objects into the log: opening requests, grants and openings, each signed by who may."""

from pathlib import Path
from typing import Any

from sealine_protocol import codec, cose
from sealine_protocol.credential import read
from sealine_protocol.errors import ProtocolError
from sealine_protocol.hashes import blake2b256
from sealine_protocol.trust import Trust

from sealine_central import tree
from sealine_central.answers import Answers
from sealine_central.custody.case import CustodyError, verify_person
from sealine_central.errors import CentralError
from sealine_central.facilities import FacilityBook
from sealine_central.store import Store

ROLES = {"opening-request": "requester", "opening-grant": "custodian", "opening": "requester"}


def admit(store: Store, book: FacilityBook, answers: Answers, signed: bytes, credential: bytes) -> bytes:
    """Log one object; returns its receipt. Raises CentralError unless its signer has the role that it needs.

    A request must be for a record that is here, a grant or an opening for a request that is in the log.
    """
    if book.trust is None:
        raise CentralError(f"no trust bundle of {book.name} is published here")
    try:
        content, fields = _verify(book.trust, book.revoked, signed, credential)
    except (ProtocolError, CustodyError) as error:
        raise CentralError(f"not admitted: {error}") from error
    if content == "opening-request":
        _check_request(store, fields)
    elif store.object_content(fields["request"]) != "opening-request":
        raise CentralError("not admitted: its request is not in the log")
    with store.writing() as db:
        leaf = store.add_object(db, blake2b256(signed), content, signed)
        size = tree.size(db)
    return answers.receipt(store.db, leaf, size)


def find_credential(book: FacilityBook, path: Path, signed: bytes) -> bytes:
    """The credential of who signed the object at `path` of a case folder: from the trust bundle, or from `people/`.

    Raises CentralError.
    """
    try:
        kid = cose.parse(signed).kid
        people = [read(file.read_bytes()) for up in path.parents[:2] for file in sorted((up / "people").glob("*.cose"))]
    except ProtocolError as error:
        raise CentralError(f"not admitted: {error}") from error
    for candidate in (*(book.trust.custodians if book.trust else ()), *people):
        if candidate.key_id == kid:
            return candidate.raw
    raise CentralError(f"{path}: the credential of who signed it is neither in the trust bundle nor in people/")


def _verify(trust: Trust, revoked: dict[bytes, int], signed: bytes, credential: bytes) -> tuple[str, dict[str, Any]]:
    parsed = cose.parse(signed)
    role = ROLES.get(parsed.content)
    if role is None:
        raise CentralError("only opening requests, grants and openings are admitted by hand")
    fields: dict[str, Any] = codec.decode(parsed.content, parsed.payload)
    signer = verify_person(trust, credential, role, fields["time"] // 1000, revoked)
    cose.verify(parsed, signer.identity_key, parsed.content)
    if parsed.content == "opening-request" and fields["requester"] != signer.key_id:
        raise CentralError("not admitted: not signed by the requester that it names")
    return parsed.content, fields


def _check_request(store: Store, fields: dict[str, Any]) -> None:
    row = store.db.execute("SELECT record_id FROM record WHERE hash = ?", (fields["record_hash"],)).fetchone()
    if row is None or bytes(row[0]) != fields["record"]:
        raise CentralError("not admitted: central has no such record")
