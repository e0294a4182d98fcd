"""Taking custody's objects into the log: opening requests, grants and openings, each signed by who may."""

from pathlib import Path
from typing import Any, Final

from sealine_protocol import codec, cose
from sealine_protocol.clock import now_ms
from sealine_protocol.credential import Credential, read
from sealine_protocol.errors import ProtocolError
from sealine_protocol.hashes import blake2b256
from sealine_protocol.trust import Trust

from sealine_central import tree
from sealine_central.answers import Answers
from sealine_central.custody.case import CustodyError, verify_person
from sealine_central.errors import CentralError
from sealine_central.facilities import FacilityBook
from sealine_central.store import Store

ROLES: Final = {"opening-request": "requester", "opening-grant": "custodian", "opening": "requester"}

MAX_SKEW_MS: Final = 86_400_000
"""How far from central's clock the time in an object may be: what is signed is handed in within a day."""


def admit(store: Store, book: FacilityBook, answers: Answers, signed: bytes, credential: bytes) -> bytes:
    """Log one object; returns its receipt. Raises CentralError unless its signer has the role that it needs now.

    A request must be for a record that is here; a grant or an opening for a request that is in the log, the grant by
    the reader whose share it is, the opening by who asked.
    """
    if book.trust is None:
        raise CentralError(f"no trust bundle of {book.name} is published here")
    try:
        content, fields, signer = _verify(book.trust, book.revoked, signed, credential)
        if content == "opening-request":
            _check_request(store, book.name, fields, signer)
        elif content == "opening-grant":
            _check_grant(store, book.name, fields, signer)
        elif _asked(store, fields)["requester"] != signer.key_id:
            raise CentralError("not admitted: opened by another requester than asked")
    except (ProtocolError, CustodyError) as error:
        raise CentralError(f"not admitted: {error}") from error
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


def _verify(
    trust: Trust, revoked: dict[bytes, int], signed: bytes, credential: bytes
) -> tuple[str, dict[str, Any], Credential]:
    """Judged by central's own clock: the time in the object is its signer's word, a thief would write another."""
    parsed = cose.parse(signed)
    role = ROLES.get(parsed.content)
    if role is None:
        raise CentralError("only opening requests, grants and openings are admitted by hand")
    fields: dict[str, Any] = codec.decode(parsed.content, parsed.payload)
    now = now_ms()
    signer = verify_person(trust, credential, role, now // 1000, revoked)
    cose.verify(parsed, signer.identity_key, parsed.content)
    if abs(fields["time"] - now) > MAX_SKEW_MS:
        raise CentralError(f"not admitted: {parsed.content}.time: more than a day from central's clock")
    return parsed.content, fields, signer


def _check_request(store: Store, facility: str, fields: dict[str, Any], signer: Credential) -> None:
    if fields["requester"] != signer.key_id:
        raise CentralError("not admitted: not signed by the requester that it names")
    if _record(store, facility, fields)["id"] != fields["record"]:
        raise CentralError("not admitted: central has no such record")


def _check_grant(store: Store, facility: str, fields: dict[str, Any], signer: Credential) -> None:
    recording = _record(store, facility, _asked(store, fields))["recording"]
    readers = recording["readers"] if recording else []
    index = fields["index"]
    if not 1 <= index <= len(readers) or readers[index - 1]["key_id"] != signer.key_id:
        raise CentralError("not admitted: not by the reader whose share it is")


def _asked(store: Store, fields: dict[str, Any]) -> dict[str, Any]:
    """The logged request that a grant or an opening is for."""
    request = store.object(fields["request"], "opening-request")
    if request is None:
        raise CentralError("not admitted: its request is not in the log")
    return dict(codec.decode("opening-request", cose.parse(request).payload))


def _record(store: Store, facility: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The record that a request is for."""
    signed = store.record(asked["record_hash"], facility)
    if signed is None:
        raise CentralError("not admitted: central has no such record")
    return dict(codec.decode("record", cose.parse(signed).payload))
