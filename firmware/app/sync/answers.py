"""Central's words, delivered through a gateway that nobody trusts: each is verified before anything is removed."""

from store import StoreError
from wire import codec, cose, receipt
from wire.errors import WireError
from wire.hashes import blake2b256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from store.clock import Clock
    from store.identity import Identity
    from store.journal import Journal
    from store.trust import Trust


# Refusals of the signed object itself; the others are faults of the upload round it, which the gateway made.
_OWN_REASONS = ("schema", "signature")


class Answers:
    """Judges answers to records and beacon requests; `alarm` says what the worst of them meant."""

    def __init__(self, journal: "Journal", clock: "Clock", trust: "Trust", identity: "Identity") -> None:
        self._journal = journal
        self._clock = clock
        self._key_id = identity.key_id
        self._facility = identity.facility
        self._trust = trust
        self.refused = 0
        self.alarm = ""

    def ask_beacon(self) -> dict:
        """A request with a fresh nonce; only its answer will be believed."""
        return {"type": "beacon-ask", "nonce": self._clock.ask()}

    def take(self, answer: dict) -> None:
        """Act on an answer; one that does not verify changes nothing and is counted."""
        try:
            getattr(self, "_" + answer["kind"])(answer)
        except (WireError, StoreError):
            self.refused += 1

    def _receipt(self, answer: dict) -> None:
        self._remove(answer["subject"], answer["statement"])

    def _forked(self, answer: dict) -> None:
        """Somebody else signs with our key: this terminal signs no more; the record leaves with central's receipt."""
        word = self._word(answer, "forked")
        if self._journal.signed(word["hash"]) is None:
            raise WireError("about nothing that is here", "forked.hash")
        self._stop("forked")
        self._remove(word["hash"], answer.get("receipt"))

    def _refusal(self, answer: dict) -> None:
        """Only a reason that lies in the record's own bytes counts here: the rest is about the gateway's wrapping."""
        word = self._word(answer, "refusal")
        if word["reason"] not in _OWN_REASONS:
            raise WireError("not about the record's bytes", "refusal.reason")
        if self._journal.quarantine(word["hash"], answer["statement"]) and not self.alarm:
            self.alarm = "refused"

    def _stored(self, answer: dict) -> None:
        """For the gateway, which keeps the chunks until then."""

    def _beacon(self, answer: dict) -> None:
        beacon = codec.decode("beacon", self._verified(answer["statement"], "beacon"))
        if beacon["terminal"] != self._key_id:
            raise WireError("for another terminal", "beacon.terminal")
        if beacon["facility"] != self._facility:
            raise WireError("for another facility", "beacon.facility")
        self._clock.beacon(beacon, blake2b256(answer["statement"]))
        if not self._journal.agrees(beacon["head"]):
            self._stop("restored")

    def _remove(self, subject: bytes, statement: bytes | None) -> None:
        signed = self._journal.signed(subject)
        if signed is None or statement is None:
            raise WireError("about nothing that is here", "answer.subject")
        log = receipt.log_id(statement)
        issued = receipt.verify(statement, signed, self._trust.central(log), log)
        self._clock.verified(issued * 1000, blake2b256(statement))
        self._journal.receipted(subject, issued, blake2b256(statement))

    def _word(self, answer: dict, content: str) -> dict:
        word = codec.decode(content, self._verified(answer["statement"], content))
        if word["hash"] != answer["subject"]:
            raise WireError("about other bytes", content + ".hash")
        return word

    def _verified(self, statement: bytes, content: str) -> bytes:
        kid = cose.parse(statement)[1]
        return cose.verify(statement, content, self._trust.central(kid))

    def _stop(self, why: str) -> None:
        if self.alarm != "forked":
            self.alarm = why
        self._journal.halt()
