"""Central's signed words: receipts, forks, refusals, stored, beacons (CDDL `answer`)."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from nacl.signing import SigningKey
from sealine_protocol import codec, cose, receipt
from sealine_protocol.clock import now_ms

from sealine_central import tree
from sealine_central.store import Outcome

_PAD = bytes(16)


class Answers:
    """Makes answers with the log's key; every one is for bytes that are committed."""

    def __init__(self, log_key: SigningKey) -> None:
        self._key = log_key

    @property
    def public_key(self) -> bytes:
        """The log's public key."""
        return bytes(self._key.verify_key)

    def receipt(self, db: sqlite3.Connection, leaf: int, tree_size: int) -> bytes:
        """The COSE receipt of one leaf in the tree of `tree_size`."""
        proof = tree.prove(db, leaf, tree_size)
        return receipt.make(leaf, tree_size, proof.path, proof.root, self._key, now_ms() // 1000)

    def delivered(self, db: sqlite3.Connection, outcome: Outcome, tree_size: int) -> bytes:
        """Receipt, or forked receipt, for a committed record or tally."""
        proof = self.receipt(db, outcome.leaf, tree_size)
        if outcome.fork_of is None:
            return codec.encode("answer", {"kind": "receipt", "subject": outcome.hash, "statement": proof})
        statement = self._sign("forked", {"hash": outcome.hash, "other": outcome.fork_of, "time": now_ms()})
        return codec.encode(
            "answer", {"kind": "forked", "subject": outcome.hash, "statement": statement, "receipt": proof}
        )

    def refusal(self, data_hash: bytes, reason: str, what: str) -> bytes:
        """Why delivered bytes are not taken."""
        statement = self._sign("refusal", {"hash": data_hash, "reason": reason, "what": what, "time": now_ms()})
        return codec.encode("answer", {"kind": "refusal", "subject": data_hash, "statement": statement})

    def stored(self, record_id: bytes, digest: bytes) -> bytes:
        """A recording is whole here; the gateway may delete its chunks."""
        statement = self._sign("stored", {"record": record_id, "digest": digest, "time": now_ms()})
        return codec.encode("answer", {"kind": "stored", "subject": record_id + _PAD, "statement": statement})

    def beacon(
        self,
        facility: str,
        request: Mapping[str, Any],
        versions: Mapping[str, int],
        head: Mapping[str, Any] | None,
    ) -> bytes:
        """Time, newest bundle versions and the terminal's own head, for the nonce it sent."""
        fields = {
            "version": 1,
            "nonce": request["nonce"],
            "terminal": request["terminal"],
            "time": now_ms(),
            "newest": dict(versions),
            "head": dict(head) if head else None,
            "facility": facility,
        }
        statement = self._sign("beacon", fields)
        return codec.encode("answer", {"kind": "beacon", "subject": request["terminal"] + _PAD, "statement": statement})

    def tree_head(self, db: sqlite3.Connection) -> tuple[int, bytes]:
        """Size and signed head of the log as it is now."""
        size = tree.size(db)
        fields = {"size": size, "root": tree.root(db, size), "time": now_ms()}
        return size, self._sign("tree-head", fields)

    def _sign(self, content: str, fields: Mapping[str, Any]) -> bytes:
        return cose.sign(content, codec.encode(content, dict(fields)), self._key)
