"""Taking custody's objects into the log: opening requests, grants and openings, each signed by who may."""

from sealine_protocol import codec, cose
from sealine_protocol.credential import verify_chain
from sealine_protocol.errors import ProtocolError, SettingsError
from sealine_protocol.hashes import blake2b256

from sealine_central import log
from sealine_central.answers import Answers
from sealine_central.errors import CentralError
from sealine_central.facilities import FacilityBook
from sealine_central.store import Store

ROLES = {"opening-request": "requester", "opening-grant": "custodian", "opening": "requester"}


def admit(store: Store, book: FacilityBook, answers: Answers, signed: bytes, credential: bytes) -> bytes:
    """Log one object; returns its receipt. Raises CentralError unless its signer has the role that it needs."""
    try:
        parsed = cose.parse(signed)
        role = ROLES.get(parsed.content)
        if role is None:
            raise CentralError("only opening requests, grants and openings are admitted by hand")
        fields = codec.decode(parsed.content, parsed.payload)
        view = book.view
        signer = verify_chain(
            [credential],
            view.root_key,
            role=role,
            facility=view.name,
            at=fields["time"] // 1000,
            revoked=view.revoked,
        )
        cose.verify(parsed, signer.identity_key, parsed.content)
    except SettingsError:
        raise
    except ProtocolError as error:
        raise CentralError(f"not admitted: {error}") from error
    if parsed.content == "opening-request":
        _check_request(store, fields)
    with store.writing() as db:
        leaf = store.add_object(db, blake2b256(signed), parsed.content, signed)
        size = log.size(db)
    return answers.receipt(store.db, leaf, size)


def _check_request(store: Store, fields: dict[str, bytes]) -> None:
    row = store.db.execute("SELECT record_id FROM record WHERE hash = ?", (fields["record_hash"],)).fetchone()
    if row is None or bytes(row[0]) != fields["record"]:
        raise CentralError("not admitted: central has no such record")
