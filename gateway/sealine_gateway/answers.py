"""Central's signed answers: verified, applied to outbox and chunks, then handed to the terminal they are for (P4)."""

import time
from collections.abc import Callable
from typing import Any, Final

from sealine_protocol import cose, log, receipt
from sealine_protocol.clock import now_ms
from sealine_protocol.codec import decode
from sealine_protocol.errors import ProtocolError

from sealine_gateway.bundles import Bundles
from sealine_gateway.chunks import ChunkStore
from sealine_gateway.errors import TrustError
from sealine_gateway.metrics import Metrics
from sealine_gateway.one_thread import OneThread
from sealine_gateway.outbox import Known, Outbox

CLOCK_SLACK_MS: Final = 2000  # receipts carry whole seconds; central's clock and ours differ a little

# Refusals of these reasons name the hash of the signed object; those of all others the hash of the upload round it.
OBJECT_REASONS: Final = frozenset({"schema", "signature"})

Answer = dict[str, Any]


class Answers:
    """Applies decoded `answer`s. Whatever does not verify changes nothing."""

    def __init__(
        self,
        outbox: Outbox,
        chunks: OneThread[ChunkStore],
        bundles: Bundles,
        metrics: Metrics,
        deliver: Callable[[bytes, Answer], None],
    ) -> None:
        """`deliver(terminal, answer)` passes an answer on if that terminal is connected."""
        self._outbox = outbox
        self._chunks = chunks
        self._bundles = bundles
        self._metrics = metrics
        self._deliver = deliver

    async def apply(self, answer: Answer, encoded: bytes) -> None:
        """Verify and apply one answer. Raises TrustError, StorageError."""
        apply = {
            "receipt": self._receipt,
            "forked": self._receipt,
            "refusal": self._refusal,
            "stored": self._stored,
            "beacon": self._beacon,
        }[answer["kind"]]
        try:
            await apply(answer, encoded)
        except ProtocolError as error:
            raise TrustError(str(error)) from error
        self._metrics.answers.labels(answer["kind"]).inc()

    async def _receipt(self, answer: Answer, encoded: bytes) -> None:
        """A receipt, or a statement of a fork with its receipt: either way central has the bytes."""
        known = await self._known(answer)
        proof = answer["statement"]
        if answer["kind"] == "forked":
            forked = self._statement(answer, "forked")
            proof = answer.get("receipt", b"")
            if forked["hash"] != answer["subject"]:
                raise TrustError("forked.hash: of other bytes")
            log.warning("forked chain", terminal=log.short(known.terminal))
        receipt.verify(proof, known.object, self._log_key(receipt.parse(proof).kid))
        await self._outbox.run(lambda store: store.accept(answer["subject"], encoded, now_ms()))
        self._deliver(known.terminal, answer)

    async def _refusal(self, answer: Answer, encoded: bytes) -> None:
        """Of the signed object, which is the terminal's to hear, or of our wrapping, which is not."""
        refusal = self._statement(answer, "refusal")
        if refusal["hash"] != answer["subject"]:
            raise TrustError("refusal.hash: of other bytes")
        if refusal["reason"] not in OBJECT_REASONS:
            await self._wrapping_refused(refusal)
            return
        known = await self._known(answer)
        await self._outbox.run(lambda store: store.reject(answer["subject"], encoded, now_ms()))
        log.warning("refused by central", terminal=log.short(known.terminal), reason=refusal["reason"])
        self._deliver(known.terminal, answer)

    async def _wrapping_refused(self, refusal: dict[str, Any]) -> None:
        """Kept, out of the queue for a day, and an alarm: envelopes or credentials went wrong here or before us."""
        terminal = await self._outbox.run(lambda store: store.hold(refusal["hash"], now_ms()))
        if terminal is None:
            raise TrustError("refusal.hash: of no upload of ours")
        self._metrics.uploads_refused.labels(refusal["reason"]).inc()
        log.warning("upload refused by central", terminal=log.short(terminal), reason=refusal["reason"])

    async def _stored(self, answer: Answer, _encoded: bytes) -> None:
        stored = self._statement(answer, "stored")
        if stored["record"] + bytes(16) != answer["subject"]:
            raise TrustError("stored.record: another subject")
        if not await self._chunks.run(lambda store: store.stored(stored["record"], stored["digest"])):
            raise TrustError("stored.digest: not of the chunks here")

    async def _beacon(self, answer: Answer, _encoded: bytes) -> None:
        """Passed on; and if central's head of this chain went back, what it lost is offered again."""
        beacon = self._statement(answer, "beacon")
        terminal = beacon["terminal"]
        if terminal + bytes(16) != answer["subject"]:
            raise TrustError("beacon.terminal: another subject")
        if beacon["facility"] != self._bundles.trust.facility:
            raise TrustError("beacon.facility: another facility")
        after_seq = -1 if beacon["head"] is None else beacon["head"]["seq"]
        before_ms = beacon["time"] - CLOCK_SLACK_MS
        count = await self._outbox.run(lambda store: store.offer_again(terminal, after_seq, before_ms))
        if count:
            self._metrics.offered_again.inc(count)
            log.warning("central's head went back, records offered again", terminal=log.short(terminal), count=count)
            self._outbox.added.set()
        self._deliver(terminal, answer)

    async def _known(self, answer: Answer) -> Known:
        known = await self._outbox.run(lambda store: store.known(answer["subject"]))
        if known is None:
            raise TrustError("answer.subject: nothing of ours")
        return known

    def _statement(self, answer: Answer, content: str) -> dict[str, Any]:
        """The payload of a statement that central signed."""
        signed = cose.parse(answer["statement"])
        payload = cose.verify(signed, self._log_key(signed.kid), content)
        fields: dict[str, Any] = decode(content, payload)
        return fields

    def _log_key(self, kid: bytes) -> bytes:
        return self._bundles.trust.log_key(kid, int(time.time()))
