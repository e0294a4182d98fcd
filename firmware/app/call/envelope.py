"""Envelopes: what a record fixes by hash and only one reader opens (crypto_box_seal to that reader's key)."""

import sodium
from wire import codec
from wire.errors import WireError
from wire.hashes import blake2b256

from call import CallError

_SEAL_BYTES = 48  # libsodium: ephemeral key and tag
_SHARE_BYTES = 32


class EnvelopeError(CallError):
    """Something could not be sealed; then it is not kept at all."""


class Envelopes:
    """The envelopes of one record, in the order of its `envelopes` field."""

    def __init__(self, record_id: bytes) -> None:
        """Begin with none."""
        self._record_id = record_id
        self.sealed: list[bytes] = []
        self.refs: list[dict] = []

    def person(self, person: str, billing_key: bytes) -> None:
        """Seal the facility's number of a person to the billing key."""
        self._text("person", person, billing_key)

    def number(self, number: str, billing_key: bytes) -> None:
        """Seal a canonical number to the billing key."""
        self._text("number", number, billing_key)

    def share(self, terminal: bytes, k: int, n: int, share: bytearray, reader_key: bytes) -> None:
        """Seal one share (its index, then 32 bytes) of the content key to a custodian's key."""
        index = share[0]
        # The share stands last, so that it goes from one wiped buffer into another and into no object between.
        secret = bytearray(
            codec.encode(
                "share-secret",
                {
                    "label": "sealine share",
                    "record": self._record_id,
                    "terminal": terminal,
                    "k": k,
                    "n": n,
                    "index": index,
                    "share": bytes(_SHARE_BYTES),
                },
            )
        )
        secret[-_SHARE_BYTES:] = memoryview(share)[1:]
        try:
            self._seal("share", index, secret, reader_key)
        finally:
            sodium.memzero(secret)

    def _text(self, kind: str, value: str, key: bytes) -> None:
        fields = {"label": "sealine " + kind, "record": self._record_id, kind: value}
        try:
            secret = codec.encode(kind + "-secret", fields)
        except WireError:
            raise EnvelopeError("envelope: " + kind + " is not one")
        self._seal(kind, 0, secret, key)

    def _seal(self, kind: str, index: int, secret: bytes | bytearray, key: bytes) -> None:
        try:
            sealed = sodium.seal(key, secret)
        except (sodium.Error, ValueError):
            raise EnvelopeError("envelope: " + kind + " cannot be sealed")
        if len(sealed) != len(secret) + _SEAL_BYTES:
            raise EnvelopeError("envelope: " + kind + " has a wrong size")
        self.sealed.append(sealed)
        self.refs.append({"kind": kind, "index": index, "hash": blake2b256(sealed)})
