"""The call engine: walks `call.table`, one event at a time; no clock, no task and no hardware of its own.

It is given four partners and nothing else: `panel` (show, lamp), `voice` (prompts, tones, the bridge), `book` (what
may be called, what is recorded and journalled) and `send` (a control message to the gateway). What comes from the
gateway can only choose among the rows of the table: it cannot skip the notice, the privilege decision or the journal.
"""

from call import RefusedError, table
from call.asking import WARN_AT_S, Asking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from call.book import Book
    from call.voice import Voice


# A call outlives a lost link by this much: long enough for a switch to restart a port, short enough for a talker.
LINK_GRACE_MS = 2000
# The dial message leaves before the key is made, so that the line rings while public-key work goes on.
PREPARE_AFTER_MS = 40
# What a gateway that refuses to dial says (CDDL link-error-code), as the end of the call.
_REFUSED_DIAL = {"restricted": "policy", "busy": "trunk-failed"}


class Engine(Asking):
    """One phone's call. Feed it with `handle`, `message`, `link_up`, `link_down` and, every 20 ms or so, `tick`."""

    def __init__(self, panel: "Any", voice: "Voice", book: "Book", send: "Callable[[dict], None]") -> None:
        super().__init__(panel, voice, book, send)
        self.ignored = 0
        self._lost_ms: "Any" = None

    # ------------------------------------------------------------ events in

    def handle(self, event: "str | None", arg: "Any" = None) -> None:
        """Take one event and all that follows from it."""
        if event in ("lift", "hang-up"):
            self._lifted = event == "lift"
        while event:
            row = table.row(self.state, event)
            if row is None:
                self.ignored += 1
                return
            event = self._step(row, arg)
            arg = None

    def _step(self, row: tuple, arg: "Any") -> str | None:
        before = self.state
        following = getattr(self, row[2])(arg) if row[2] else None
        self.state = row[3]
        if self.state != before:
            self._deadline = self._limit()
        if row[4]:
            self._show(row[4])
        return following

    def message(self, message: dict) -> None:
        """Take a control message of the gateway that concerns a call or refuses one; another call's is ignored."""
        kind = message["type"]
        if kind == "pin-result":
            if self.state == "pin" and self._pin_asked:
                self._pin_asked = False
                self.handle("pin-good" if message["ok"] else "pin-bad", message["wait_s"])
        elif kind == "error":
            if self.state == "ringing" and message["code"] in _REFUSED_DIAL:
                self.handle("ended", _REFUSED_DIAL[message["code"]])
        elif self.call is None or message["call"] != self.call.id:
            self.ignored += 1
        elif kind == "progress":
            self.handle(message["state"])
        elif kind == "ended":
            self.handle("ended", message["reason"])

    def link_up(self, call_there: bytes | None) -> None:
        """The gateway said welcome; `call_there` is the call that it still has up."""
        self._lost_ms = None
        self._since = ""
        self.service = "idle"
        if self.state in table.IN_CALL:
            if call_there != self.call.id:
                self.handle("ended", "gateway-lost")
            elif self.state == "notice":
                self._repeat_notice()
        elif self.state == table.IDLE:
            self.handle("refresh")
        elif self._pin_asked:
            self._pin_asked = False  # the question or its answer went with the old link
            self.handle("pin-bad")

    def _repeat_notice(self) -> None:
        """What was said while the link was down was not heard."""
        if self.call.notice_done:
            self._send({"type": "notice-done", "call": self.call.id})
        else:
            self.handle("resumed")

    def link_down(self) -> None:
        """The link dropped (again); the call has LINK_GRACE_MS to get it back."""
        if self._lost_ms is None:
            self._lost_ms = self._now
            self._since = self._book.clock_text()

    def set_service(self, key: str) -> None:
        """What the idle display says: idle, no-service, not-enrolled or needs-enrolment."""
        self.service = key
        if self.state == table.IDLE:
            self._show("idle")

    def tick(self, now_ms: int) -> None:
        """Let time pass; `now_ms` is the monotonic counter."""
        self._now = now_ms
        if self._lost_ms is not None and now_ms - self._lost_ms >= LINK_GRACE_MS:
            self._lose_link()
        if self.state == "ringing" and not self.call.opened and now_ms - self._entered_ms >= PREPARE_AFTER_MS:
            self.handle("prepare")
        elif self.state == "notice" and not self.call.notice_done and self._lost_ms is None:
            if self._voice.notice_played():
                self.handle("notice-played")
        elif self.state == "talking":
            self._watch_talk()
        if self._deadline is not None and now_ms >= self._deadline:
            self._deadline = None
            self.handle("timeout")

    def call_id(self) -> bytes | None:
        """The call that is up here, for the link's `ready`."""
        return self.call.id if self.state in table.IN_CALL else None

    def idle(self) -> bool:
        """True when no call is up, so that slow work may be done. A phone that is always lifted needs it too."""
        return self.state not in table.IN_CALL

    # ------------------------------------------------------------ actions of the call

    def place_call(self, _: object) -> None:
        self.call = self._book.new_call(self._person, self._language, self._plan)
        self._panel.lamp(self.call.shown)
        self._entered_ms = self._now
        self._send({"type": "dial", "call": self.call.id, "number": self._plan.number, "language": self._language})
        self._voice.ring()

    def open_record(self, _: object) -> str | None:
        """Decide on readers, make the key or none, journal the OPEN entry; a failure to seal becomes doubt."""
        if self.call.opened:
            return None
        self.call.opened = True
        try:
            self._book.open(self.call)
        except Exception as error:  # noqa: BLE001 whatever it is, no call may go on without its OPEN entry
            self._reason = error.reason if isinstance(error, RefusedError) else "storage"
            return "failed"
        self._panel.lamp(self.call.shown)
        return None

    def start_notice(self, _: object) -> str | None:
        failed = self.open_record(None)
        if failed:
            return failed
        if self.call.answered is None:
            self.call.answered = self._book.wall_ms()
        self.call.notice_done = False
        prompt = self._voice.notice(self.call)
        self.call.notices = [
            {"party": party, "prompt": prompt, "language": self.call.language, "completed_at": None}
            for party in (("caller", "called") if prompt else ())
        ]
        return None

    def finish_notice(self, _: object) -> None:
        if not self.call.notice_done:
            self.call.notice_done = True
            for notice in self.call.notices:
                notice["completed_at"] = self._book.wall_ms()
            self._send({"type": "notice-done", "call": self.call.id})

    def weigh_acceptance(self, _: object) -> str | None:
        """An acceptance counts only after the notice was played to its end: a called party cannot press before."""
        if not self.call.notice_done:
            self.ignored += 1
            return None
        return "may-talk"

    def accept(self, _: object) -> str:
        """Journal the acceptance, and only then let the recorder start and bridge the legs."""
        self.call.accepted_at = self._book.wall_ms()
        try:
            recorded = self._book.accept(self.call)
        except RefusedError as refused:
            self._reason = refused.reason
            return "failed"
        self.call.talk_from = self._now
        if self.call.shown == "none" and not recorded:
            self.call.shown = "doubt"
            self._panel.lamp("doubt")
        self._voice.bridge(recorded)
        return "bridged"

    def stop_recording(self, _: object) -> None:
        self.call.shown = "doubt"
        self._panel.lamp("doubt")
        self._voice.bridge(False)
        self._voice.tone("stopped")

    def warn_time(self, _: object) -> None:
        self._voice.tone("warning")

    def end_by_caller(self, _: object) -> None:
        self._end("caller-hangup" if self.call.accepted_at else "abandoned", tell=True)

    def end_by_far(self, reason: str) -> None:
        self._end(reason, tell=False)

    def end_unanswered(self, _: object) -> None:
        self._end("unanswered", tell=True)

    def end_silent(self, _: object) -> None:
        self._end("silent", tell=True)

    def end_time(self, _: object) -> None:
        self._end("time-limit", tell=True)

    def end_failed(self, _: object) -> None:
        self._end(self._reason, tell=True)

    def _end(self, reason: str, *, tell: bool) -> None:
        self._reason = reason
        self._voice.end()
        if tell:
            self._send({"type": "hang-up", "call": self.call.id})
        self.open_record(None)
        talk_ms = self._now - self.call.talk_from if self.call.talk_from is not None else 0
        self._cost = self._book.close(self.call, reason, talk_ms, self._voice.read_recorded)
        self._voice.quiet()
        self._panel.lamp("")
        if self._lifted:
            self._voice.tone("end")

    # ------------------------------------------------------------ after the call

    def rest(self, _: object) -> None:
        self._voice.quiet()
        self._deadline = self._now + table.LIMITS_MS["wrap-up"]

    def give_up(self, _: object) -> None:
        self._voice.tone("end")

    def clear(self, _: object) -> None:
        self._voice.quiet()
        self._panel.lamp("")
        self.call = None
        self._clear_session()

    # ------------------------------------------------------------ inside

    def _lose_link(self) -> None:
        self._lost_ms = None
        self.service = "no-service"
        if self.state in table.IN_CALL:
            self.handle("ended", "link-lost")
        elif self.state == table.IDLE:
            self.handle("refresh")
        elif self.state != "wrap-up":
            self.handle("out-of-service")

    def _watch_talk(self) -> None:
        if self.call.shown == "none" and self._book.recording_stopped():
            self.handle("stopped")
        left_s = self._left_s()
        if self._warned < len(WARN_AT_S) and left_s <= WARN_AT_S[self._warned]:
            self._warned += 1
            self.handle("warn")
        if left_s <= WARN_AT_S[0] and left_s != self._shown_left_s:
            self._show("talking")
