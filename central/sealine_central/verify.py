"""What central checks of one upload before it is stored: format, facility, credential, signature, envelopes.

A credential is judged at the record's own time, never at arrival (an uplink may have been cut for a month). That a key
had expired or was revoked by then does not make a record vanish: it is stored, receipted and flagged. A terminal with
an expired credential still places legal calls, and they are on its chain.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sealine_protocol import codec, cose
from sealine_protocol.credential import Credential, read, verify_chain
from sealine_protocol.errors import CredentialError, ProtocolError, SignatureError
from sealine_protocol.hashes import blake2b256

from sealine_central import flags

MAX_TIME_MS: Final = 253_402_300_799_999
"""The last millisecond of the year 9999: beyond it no calendar and no database column has a place for it."""
_DAY_MS: Final = 86_400_000
_TIMES: Final = ("started", "answered", "accepted_at", "ended")


@dataclass(frozen=True, slots=True)
class Facility:
    """What central knows of a facility: the root it pins and the revoked keys (key id to second)."""

    name: str
    root_key: bytes
    revoked: Mapping[bytes, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A record that holds."""

    hash: bytes
    signed: bytes
    record: dict[str, Any]
    terminal: Credential
    credentials: tuple[bytes, ...]
    envelopes: tuple[tuple[str, int, bytes], ...]
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeliveredTally:
    """A tally that holds."""

    hash: bytes
    signed: bytes
    tally: dict[str, Any]
    terminal: Credential


class RefusedError(Exception):
    """An upload that is refused: `reason` is the CDDL's refusal-reason, `what` the field or rule, never a value.

    `schema` and `signature` are said of the signed object alone, whatever came around it; the others of the upload.
    """

    def __init__(self, reason: str, what: str) -> None:
        super().__init__(f"{reason}: {what}")
        self.reason = reason
        self.what = what[:128]


def check_record(upload: Mapping[str, Any], facility: Facility) -> Delivered:
    """Verify an `upload-record`; raises RefusedError."""
    signed = upload["record"]
    fields, terminal, found = _open(signed, "record", upload["credentials"], facility, _record_time)
    return Delivered(
        hash=blake2b256(signed),
        signed=signed,
        record=fields,
        terminal=terminal,
        credentials=tuple(upload["credentials"]),
        envelopes=_match_envelopes(fields["envelopes"], upload["envelopes"]),
        flags=(*found, *flags.of_record(fields, terminal.identity_key)),
    )


def check_tally(upload: Mapping[str, Any], facility: Facility) -> DeliveredTally:
    """Verify an `upload-tally`; raises RefusedError."""
    signed = upload["tally"]
    fields, terminal, _ = _open(signed, "tally", upload["credentials"], facility, _tally_time)
    return DeliveredTally(blake2b256(signed), signed, fields, terminal)


def _record_time(record: Mapping[str, Any]) -> int:
    for name in _TIMES:
        if record[name] is not None and record[name] > MAX_TIME_MS:
            raise RefusedError("schema", f"record.{name}: out of range")
    return int(record["ended"])


def _tally_time(tally: Mapping[str, Any]) -> int:
    """A tally has a day, not a time; on the day of its enrolment only the end is sure to be in its validity."""
    return min((int(tally["day"]) + 1) * _DAY_MS - 1, MAX_TIME_MS)


def _open(
    signed: bytes,
    content: str,
    credentials: Sequence[bytes],
    facility: Facility,
    time_ms: Callable[[Mapping[str, Any]], int],
) -> tuple[dict[str, Any], Credential, list[str]]:
    try:
        parsed = cose.parse(signed)
    except ProtocolError as error:
        raise RefusedError("malformed", str(error)) from error
    if parsed.content != content:
        raise RefusedError("malformed", f"{content}: another content type")
    try:
        fields: dict[str, Any] = codec.decode(content, parsed.payload)
    except ProtocolError as error:
        raise RefusedError("schema", str(error)) from error
    if fields["facility"] != facility.name:
        raise RefusedError("facility", f"{content}.facility: not the topic's")
    at = time_ms(fields) // 1000
    try:
        terminal, found = _judge(credentials, facility, at)
    except ProtocolError as error:
        raise RefusedError("credential", str(error)) from error
    if parsed.kid != terminal.key_id:
        raise RefusedError("credential", f"{content}: signed by another key than the credential's")
    if fields["terminal"] != terminal.sub:
        raise RefusedError("credential", f"{content}.terminal: not the credential's subject")
    try:
        cose.verify(parsed, terminal.identity_key, content)
    except SignatureError as error:
        raise RefusedError("signature", str(error)) from error
    return fields, terminal, found


def _judge(credentials: Sequence[bytes], facility: Facility, at: int) -> tuple[Credential, list[str]]:
    """The terminal by its chain, and what is to be flagged of the chain at the second `at`. Raises ProtocolError."""
    if not credentials:
        raise CredentialError("chain: wrong length")
    signer = cose.parse(credentials[0]).kid
    issuers = [issuer for issuer in map(read, credentials[1:]) if issuer.key_id == signer]
    chain = [read(credentials[0]), *issuers]
    valid_until = min(credential.exp for credential in chain)
    terminal = verify_chain(
        credentials,
        facility.root_key,
        role="terminal",
        facility=facility.name,
        at=min(at, valid_until - 1),
        revoked={},
    )
    found = ["expired"] if at >= valid_until else []
    since = min((facility.revoked[item.key_id] for item in chain if item.key_id in facility.revoked), default=None)
    if since is not None:
        # A thief can put an earlier time into what he signs: whatever comes once the key is revoked is marked.
        found.append("revoked" if since <= at else "revoked-later")
    return terminal, found


def _match_envelopes(references: list[dict[str, Any]], envelopes: list[bytes]) -> tuple[tuple[str, int, bytes], ...]:
    """Each envelope that the record fixes must be there once, and no other."""
    by_hash = {blake2b256(data): data for data in envelopes}
    hashes = [reference["hash"] for reference in references]
    if len(set(hashes)) != len(hashes) or len(envelopes) != len(hashes) or set(hashes) != set(by_hash):
        raise RefusedError("envelope", "record.envelopes: not those that came with it")
    if len({(reference["kind"], reference["index"]) for reference in references}) != len(references):
        raise RefusedError("envelope", "record.envelopes: one of them twice")
    return tuple((reference["kind"], reference["index"], by_hash[reference["hash"]]) for reference in references)
