"""Reading what gateways send, before anything is stored: one `Tray` for each gateway of a batch."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sealine_protocol import codec, log
from sealine_protocol.errors import ProtocolError
from sealine_protocol.hashes import blake2b256

from sealine_central.facilities import FacilityBook
from sealine_central.store import Outcome, Refused, Store
from sealine_central.verify import Delivered, DeliveredTally, RefusedError, check_record, check_tally

MAX_UPLOADS: Final = 4096  # messages in one CBOR sequence; a gateway's batch has at most 1000

_OF_THE_OBJECT: Final = frozenset({"schema", "signature"})


@dataclass
class Tray:
    """What one gateway has sent in a batch, read and checked."""

    book: FacilityBook
    gateway: str
    known: list[Outcome] = field(default_factory=list)
    accepted: list[Delivered | DeliveredTally] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    beacons: list[dict[str, Any]] = field(default_factory=list)
    chunks: dict[bytes, dict[int, bytes]] = field(default_factory=dict)

    @property
    def facility(self) -> str:
        """The facility of the topic."""
        return self.book.name

    def read_records(self, payload: bytes, store: Store) -> None:
        """Topic `records`: a CBOR sequence of `upload`."""
        for item in split(payload, self.refused):
            try:
                self._read_upload(item, store)
            except ProtocolError as error:
                self.refused.append(Refused(blake2b256(item), item, "malformed", str(error)[:128]))

    def read_chunks(self, payload: bytes) -> None:
        """Topic `chunks`: a CBOR sequence of `upload-chunk`, refused whole if a part of it is. Raises WireError."""
        for chunk in codec.load_sequence(payload, "upload-chunk", MAX_UPLOADS):
            self.chunks.setdefault(chunk["record"], {})[chunk["index"]] = chunk["data"]

    def read_status(self, payload: bytes) -> str:
        """Topic `status`: the state that the gateway is in. Raises WireError."""
        status = codec.decode("gateway-status", payload)
        log.event("gateway status", facility=self.facility, state=status["state"], count=len(status["terminals"]))
        return str(status["state"])

    def _read_upload(self, item: bytes, store: Store) -> None:
        upload = codec.decode("upload", item)
        if upload["type"] == "beacon":
            self.beacons.append(upload)
            return
        signed = upload[upload["type"]]
        # Known bytes were checked when they first came: a later delivery can neither add to them nor undo them.
        known = store.known(blake2b256(signed), self.facility)
        if known is not None:
            self.known.append(known)
            return
        check = check_record if upload["type"] == "record" else check_tally
        try:
            self.accepted.append(check(upload, self.book.view))
        except RefusedError as error:
            # Only what the signed object itself says may be held against it: its gateway may have spoilt the rest.
            subject = signed if error.reason in _OF_THE_OBJECT else item
            self.refused.append(Refused(blake2b256(subject), item, error.reason, error.what))


def split(payload: bytes, refused: list[Refused]) -> Iterator[bytes]:
    """The items of a CBOR sequence; what cannot be told apart any more is refused as one."""
    at, view = 0, memoryview(payload)
    for _ in range(MAX_UPLOADS):
        if at == len(payload):
            return
        try:
            size = codec.item_size(view[at:])
        except ProtocolError as error:
            refused.append(Refused(blake2b256(payload[at:]), payload[at:], "malformed", str(error)))
            return
        yield payload[at : at + size]
        at += size
    if at < len(payload):
        refused.append(Refused(blake2b256(payload[at:]), payload[at:], "malformed", "too many messages"))
