"""What central checks of one upload before it is stored: format, facility, credential, signature, envelopes.

A credential is judged at the record's own time, never at arrival (an uplink may have been cut for a month). A key that
was revoked by then does not make a record vanish: it is stored, receipted and flagged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sealine_protocol import codec, cose
from sealine_protocol.credential import Credential, verify_chain
from sealine_protocol.errors import CredentialError, ProtocolError, SignatureError
from sealine_protocol.hashes import blake2b256

FLAG_REVOKED = "revoked"


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
    """An upload that is refused: `reason` is the CDDL's refusal-reason, `what` the field or rule, never a value."""

    def __init__(self, reason: str, what: str) -> None:
        super().__init__(f"{reason}: {what}")
        self.reason = reason
        self.what = what[:128]


def check_record(upload: Mapping[str, Any], facility: Facility) -> Delivered:
    """Verify an `upload-record`; raises RefusedError."""
    signed = upload["record"]
    fields, terminal, flags = _open(signed, "record", upload["credentials"], facility, lambda record: record["ended"])
    if fields["terminal"] != terminal.sub:
        raise RefusedError("credential", "record.terminal: not the credential's subject")
    return Delivered(
        hash=blake2b256(signed),
        signed=signed,
        record=fields,
        terminal=terminal,
        credentials=tuple(upload["credentials"]),
        envelopes=_match_envelopes(fields["envelopes"], upload["envelopes"]),
        flags=flags,
    )


def check_tally(upload: Mapping[str, Any], facility: Facility) -> DeliveredTally:
    """Verify an `upload-tally`; raises RefusedError."""
    signed = upload["tally"]
    noon_ms = 43_200_000  # a tally has a day, not a time; its credential is judged at that day's noon
    fields, terminal, _ = _open(
        signed, "tally", upload["credentials"], facility, lambda tally: tally["day"] * 86_400_000 + noon_ms
    )
    return DeliveredTally(blake2b256(signed), signed, fields, terminal)


def _open(
    signed: bytes, content: str, credentials: list[bytes], facility: Facility, time_ms: Any
) -> tuple[dict[str, Any], Credential, tuple[str, ...]]:
    try:
        parsed = cose.parse(signed)
        fields: dict[str, Any] = codec.decode(content, parsed.payload)
    except ProtocolError as error:
        raise RefusedError("schema", str(error)) from error
    if fields["facility"] != facility.name:
        raise RefusedError("facility", f"{content}.facility: not the topic's")
    at = time_ms(fields) // 1000
    try:
        terminal = verify_chain(
            credentials, facility.root_key, role="terminal", facility=facility.name, at=at, revoked={}
        )
    except CredentialError as error:
        raise RefusedError("credential", str(error)) from error
    if parsed.kid != terminal.key_id:
        raise RefusedError("credential", f"{content}: signed by another key than the credential's")
    try:
        cose.verify(parsed, terminal.identity_key, content)
    except SignatureError as error:
        raise RefusedError("signature", str(error)) from error
    except ProtocolError as error:
        raise RefusedError("schema", str(error)) from error
    since = facility.revoked.get(terminal.key_id)
    return fields, terminal, (FLAG_REVOKED,) if since is not None and since <= at else ()


def _match_envelopes(references: list[dict[str, Any]], envelopes: list[bytes]) -> tuple[tuple[str, int, bytes], ...]:
    """Each envelope that the record fixes must be there, and no other."""
    by_hash = {blake2b256(data): data for data in envelopes}
    if len(by_hash) != len(envelopes) or {reference["hash"] for reference in references} != set(by_hash):
        raise RefusedError("envelope", "record.envelopes: not those that came with it")
    if len({(reference["kind"], reference["index"]) for reference in references}) != len(references):
        raise RefusedError("envelope", "record.envelopes: one of them twice")
    return tuple((reference["kind"], reference["index"], by_hash[reference["hash"]]) for reference in references)
