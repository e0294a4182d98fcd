"""What a requester and a custodian do with their own keys, each on a machine of their own."""

from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PublicKey, SealedBox
from sealine_protocol import codec, cose
from sealine_protocol.clock import now_ms
from sealine_protocol.errors import ProtocolError
from sealine_protocol.hashes import blake2b256
from sealine_protocol.unit import Unit

from sealine_central.custody.case import Case, CustodyError


def request(case: Case, requester: Unit, case_number: str, nonce: bytes) -> bytes:
    """Sign the request to open this recording for a case; writes and returns `request.cose`.

    Puts the requester's credential into `people/` if it is not there. Raises CustodyError, UnitError, WireError.
    """
    case.recording  # noqa: B018 - raises when there is nothing to open
    payload = codec.encode(
        "opening-request",
        {
            "record": case.record["id"],
            "record_hash": blake2b256(case.signed_record),
            "case": case_number,
            "requester": requester.key_id,
            "time": now_ms(),
            "nonce": nonce,
        },
    )
    if requester.role != "requester":
        raise CustodyError(f"these are the keys of a {requester.role}, not of a requester")
    if not case.has_person(requester.key_id, "requester"):
        people = case.folder / "people"
        people.mkdir(exist_ok=True)
        (people / f"{requester.key_id.hex()}.cose").write_bytes(requester.enrolled().credential.raw)
    signed = cose.sign("opening-request", payload, requester.identity)
    (case.folder / "request.cose").write_bytes(signed)
    return signed


def grant(case: Case, custodian: Unit) -> bytes:
    """Unseal the custodian's own share, check it against the record, re-seal it to the requester, sign.

    The request must be a leaf of the log already, and its requester not revoked by now. Writes `grants/<index>.cose`
    and `.sealed`; returns the former.
    """
    request_hash, requester = case.logged_request()
    if requester.key_id in case.trust.revoked:
        raise CustodyError("request.cose: the requester's key is revoked")
    index = _own_index(case, custodian)
    share = unseal_share(case.share_envelope(index), custodian, index)
    case.check_share(share, index)
    sealed = SealedBox(PublicKey(requester.link_key)).encrypt(codec.encode("share-secret", share))
    payload = codec.encode(
        "opening-grant",
        {"request": request_hash, "index": index, "sealed_hash": blake2b256(sealed), "time": now_ms()},
    )
    signed = cose.sign("opening-grant", payload, custodian.identity)
    grants = case.folder / "grants"
    grants.mkdir(exist_ok=True)
    (grants / f"{index}.sealed").write_bytes(sealed)
    (grants / f"{index}.cose").write_bytes(signed)
    return signed


def unseal_share(sealed: bytes, unit: Unit, index: int) -> dict[str, Any]:
    """The `share-secret` in an envelope sealed to this unit; raises CustodyError."""
    try:
        return dict(codec.decode("share-secret", SealedBox(unit.link).decrypt(sealed)))
    except (CryptoError, ProtocolError) as error:
        raise CustodyError(f"share {index}: does not open with this key") from error


def _own_index(case: Case, custodian: Unit) -> int:
    for index, reader in enumerate(case.recording["readers"], start=1):
        if reader["key_id"] == custodian.key_id:
            return index
    raise CustodyError("this custodian is not among the readers of the recording")
