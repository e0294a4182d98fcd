"""What a call leaves behind: the key's birth, the OPEN entry, the acceptance, the sealed seconds, the final record.

The order is the one of docs/architecture.md: OPEN is durable before the notice, ACCEPT before the first sealed frame
and before the legs are bridged. A protected line leaves nothing here but one count.
"""

import sodium
from store import JournalError, StoreError, TrustError
from wire import codec
from wire.errors import WireError
from wire.hashes import number_token, person_token

from call import RefusedError, record
from call.details import Call
from call.envelope import EnvelopeError, Envelopes
from call.recorder import RecorderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from call.plan import Plan


class Book:
    """The engine's partner for everything durable."""

    def __init__(self, parts: "Any") -> None:
        """`parts` is the station; of it: identity, clock, trust, directory, journal, planner, ..."""
        self._parts = parts
        self._token_key: "Any" = None
        self._draft: "Any" = None

    # ------------------------------------------------------------ before the call

    def set_token_key(self, key: bytes) -> None:
        """Take the terminal's token key, as the gateway's welcome brings it; kept in memory only."""
        self._token_key = key

    def wall_ms(self) -> int:
        """The best known time, unix ms."""
        return self._parts.clock.now_ms()

    def clock_text(self) -> str:
        """The time of day in UTC, hh:mm."""
        minutes = self.wall_ms() // 60_000
        return "{:02d}:{:02d}".format(minutes // 60 % 24, minutes % 60)

    def protected_number(self, code: str) -> str | None:
        """As `Planner.protected_number`."""
        return self._parts.planner.protected_number(code)

    def plan_protected(self, number: str) -> "Plan":
        """As `Planner.protected`."""
        return self._parts.planner.protected(number)

    def plan_call(self, dialled: str) -> "Plan":
        """As `Planner.call`; RefusedError too while nothing may be signed, or without a trust bundle to sign by."""
        parts = self._parts
        if parts.journal.halted() or parts.journal.unsafe() or self._token_key is None or parts.trust.ref is None:
            raise RefusedError("not-ready")
        return parts.planner.call(dialled)

    def new_call(self, person: str | None, language: str, plan: "Plan") -> Call:
        """A call with an id of its own."""
        call = Call(sodium.random(16), person, language, plan)
        call.started = self.wall_ms()
        if plan.privilege == "protected":
            self._parts.tally.count_protected()
        return call

    # ------------------------------------------------------------ the call

    def open(self, call: Call) -> None:
        """Make the key or decide that there is none, and journal the OPEN entry; RefusedError if that fails.

        The directory is asked once more: since the number was dialled it may have been replaced or become stale.
        """
        if call.privilege == "protected":
            return
        parts = self._parts
        self._draft = None
        if call.privilege == "none":
            call.privilege, call.plan.directory = parts.directory.decide(call.plan.number)
            call.shown = call.privilege
        envelopes = Envelopes(call.id)
        self._seal_names(call, envelopes)
        try:
            recording = self._make_key(call, envelopes)
            draft = self._make_draft(call, envelopes.refs, recording)
            parts.journal.open_record({"record": draft, "envelopes": envelopes.sealed})
            self._draft = draft
        except JournalError:
            raise RefusedError("storage")
        finally:
            if self._draft is None:
                parts.recorder.wipe()

    def accept(self, call: Call) -> bool:
        """Journal the acceptance; then, and only then, let the recorder start. Whether the call is being recorded.

        RefusedError for a call that has no OPEN entry and is not to a protected line.
        """
        if call.privilege == "protected":
            return False
        if self._draft is None:
            raise RefusedError("storage")
        recorder = self._parts.recorder
        try:
            self._parts.journal.accepted(call.id, call.accepted_at, call.answered)
            if recorder.state == "born":
                recorder.start(self._parts.monotonic_ms())
        except JournalError:
            recorder.wipe()
        return recorder.state == "running"

    def pump(self, read_into: "Callable[[bytearray, int, int], bool]") -> bool:
        """Seal what the recorder's ring holds, at most a second of it; True when a chunk was sealed."""
        now_ms = self._parts.monotonic_ms()
        sealed = self._parts.recorder.pump(read_into, now_ms)
        if not sealed and self._draft is not None and self._parts.recorder.state == "running":
            self._sign_checkpoint()
        return sealed

    def recording_stopped(self) -> bool:
        """Whether sealed seconds could not be delivered for too long; the call goes on without recording."""
        self._parts.recorder.tick(self._parts.monotonic_ms())
        return self._parts.recorder.state == "stopped"

    def chunk_saved(self, record_id: bytes, index: int) -> None:
        """The gateway has synced a chunk."""
        self._parts.recorder.confirmed(record_id, index, self._parts.monotonic_ms())

    def close(self, call: Call, reason: str, talk_ms: int, read_into: "Callable[[bytearray, int, int], bool]") -> int:
        """End the record, sign it, keep it; the amount charged in micro-dollars."""
        recorder = self._parts.recorder
        while recorder.pump(read_into, self._parts.monotonic_ms()):
            pass
        recording = recorder.finish(self._parts.monotonic_ms())
        draft, self._draft = self._draft, None
        if draft is None:
            return 0
        final = record.finish(
            draft,
            end_reason=reason,
            ended=self.wall_ms(),
            answered=call.answered,
            accepted_at=call.accepted_at,
            talk_ms=talk_ms,
            notice=call.notices,
            recording=recording,
        )
        if not self._sign(final):
            return 0
        self._parts.outgoing.changed()
        return final["charge"]["amount"]

    def recover(self) -> bool:
        """At boot: a record that a reset left open is closed, cut at its last checkpoint. True if there was one.

        Where it cannot be signed its OPEN entry stays as it is, and all that was signed before still goes up.
        """
        try:
            found = self._parts.journal.recover()
            if found is None:
                return False
            self._parts.spool.drop(found["record"]["id"])
            final = record.after_reset(found)
        except (StoreError, WireError):
            return False
        return self._sign(final)

    # ------------------------------------------------------------ inside

    def _sign(self, final: dict) -> bool:
        """Whether the final record could be signed; a journal that may sign no more keeps its OPEN entry unsigned."""
        try:
            self._parts.journal.close_record(codec.encode("record", final))
        except (StoreError, WireError):
            return False
        return True

    def _make_key(self, call: Call, envelopes: Envelopes) -> dict | None:
        """The record's `recording` as yet, None without a key; a key that cannot be sealed makes the call doubtful."""
        if call.privilege != "none":
            return None
        parts = self._parts
        try:
            return parts.recorder.prepare(call.id, parts.identity.key_id, parts.trust, envelopes)
        except RecorderError:
            call.privilege = call.shown = "doubt"
            return None

    def _seal_names(self, call: Call, envelopes: Envelopes) -> None:
        """Person and number for the billing office; what cannot be sealed is not kept."""
        try:
            billing_key = self._parts.trust.billing_key()
            if call.person is not None:
                envelopes.person(call.person, billing_key)
            envelopes.number(call.plan.number, billing_key)
        except (EnvelopeError, TrustError):
            return

    def _make_draft(self, call: Call, envelopes: list[dict], recording: dict | None) -> dict:
        parts = self._parts
        plan = call.plan
        return record.draft(
            record_id=call.id,
            place=parts.journal.next(),
            identity=parts.identity,
            clock=parts.clock,
            firmware=parts.firmware,
            person_token=person_token(self._token_key, call.person) if call.person is not None else None,
            number_token=number_token(self._token_key, plan.number),
            envelopes=envelopes,
            privilege=(call.privilege, plan.directory),
            policy=plan.policy,
            trust=parts.trust.ref,
            tariff=plan.tariff,
            recording=recording,
            started=call.started,
        )

    def _sign_checkpoint(self) -> None:
        """Journal a checkpoint that is due; without room for it the record of a reset rests on the one before."""
        payload = self._parts.recorder.checkpoint(self.wall_ms())
        if payload is None:
            return
        signed = self._parts.identity.sign("checkpoint", payload)
        try:
            self._parts.journal.checkpoint(self._draft["id"], signed)
        except JournalError:
            return
