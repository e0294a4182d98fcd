"""Call control: one call per terminal, from the dialled string to its end, over a link that may break for 2 s.

The called party's voice reaches the terminal only after the acceptance, and an acceptance counts only behind the
terminal's notice-done (P1).
"""

import asyncio
import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sealine_gateway.errors import RefusedError, TrunkError
from sealine_gateway.metrics import Metrics
from sealine_gateway.trunk import Accepted, Answered, Ended, Event, Leg, Listener, Ringing, Trunk

RESUME_S: Final = 2.0  # docs/operations.md: a call survives 2 s without its link
RING_TIMEOUT_S: Final = 60.0  # without a policy bundle
ACCEPT_TIMEOUT_S: Final = 90.0  # notice in two languages, then time to find the key
MAX_CALL_S: Final = 4 * 3600.0  # the terminal keeps the policy's limit; this frees a trunk line that it forgot


class CallState(enum.Enum):
    """Where a call is; the values are the CDDL's `call-progress` where it has one."""

    DIALING = "dialing"
    RINGING = "ringing"
    ANSWERED = "answered"
    NOTICED = "noticed"
    ACCEPTED = "accepted"
    ENDED = "ended"


class Handset(Protocol):
    """The terminal's side of a call, while its link is up."""

    def send(self, message: dict[str, Any]) -> None:
        """Queue one `from-gateway` message."""

    def send_voice(self, seq: int, frame: bytes) -> None:
        """Send one 20 ms frame, or drop it."""


@dataclass
class Call:
    """One call. `handset` is None while the link is down; one that is not `counted` is in no metric."""

    id: bytes
    handset: Handset | None
    state: CallState = CallState.DIALING
    leg: Leg | None = None
    counted: bool = True
    reason: str | None = None
    voice_seq: int = 0
    timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)


class CallControl:
    """All calls of the gateway, by the key id of the terminal."""

    def __init__(
        self,
        trunk: Trunk,
        metrics: Metrics,
        ring_timeout_s: Callable[[], float],
        is_protected: Callable[[str], bool],
    ) -> None:
        """What the policy says at the time of dialling: its patience, and whether a line is a protected one."""
        self._trunk = trunk
        self._metrics = metrics
        self._ring_timeout_s = ring_timeout_s
        self._is_protected = is_protected
        self._calls: dict[bytes, Call] = {}

    def dial(self, terminal: bytes, handset: Handset, call_id: bytes, number: str) -> None:
        """Start a call to exactly `number`. The same again is no error; raises RefusedError for a second call."""
        present = self._calls.get(terminal)
        if present is not None:
            if present.id == call_id:
                return
            raise RefusedError("busy", "call")
        call = Call(call_id, handset, counted=not self._is_protected(number))  # 28 CFR 115.51(b): no trace of the call
        self._calls[terminal] = call
        self._count()
        self._timer(terminal, call, "ring", self._ring_timeout_s(), "unanswered")
        self._timer(terminal, call, "whole", MAX_CALL_S, "time-limit")
        listener = Listener(
            on_event=lambda event: self._on_event(terminal, call, event),
            on_voice=lambda frame: _to_handset(call, frame),
        )
        try:
            call.leg = self._trunk.dial(number, listener)
        except TrunkError:
            self._end(terminal, call, "trunk-failed")

    def notice_done(self, terminal: bytes, call_id: bytes) -> None:
        """The notice was played into both legs. Raises RefusedError when the call is not at it."""
        call = self._of(terminal, call_id)
        if call.state is CallState.NOTICED:
            return
        if call.state is not CallState.ANSWERED or call.leg is None:
            raise RefusedError("unexpected", "call")
        call.state = CallState.NOTICED
        call.leg.notice_done()

    def hang_up(self, terminal: bytes, call_id: bytes) -> None:
        """The caller hangs up; one that is over already is no error."""
        call = self._calls.get(terminal)
        if call is not None and call.id == call_id:
            self._end(terminal, call, "caller-hangup")

    def voice(self, terminal: bytes, seq: int, frame: bytes) -> None:
        """A frame from the terminal: the prompts before the acceptance (it sends nothing else), then the talk."""
        call = self._calls.get(terminal)
        if call is not None and call.leg is not None and call.state in _OPEN:
            call.leg.send_voice(seq, frame)

    def attach(self, terminal: bytes, handset: Handset, call_id: bytes | None) -> bytes | None:
        """A link came up whose terminal still has `call_id`: its id if it goes on here, else None (and it ends)."""
        call = self._calls.get(terminal)
        if call is None:
            return None
        if call.id != call_id:
            self._end(terminal, call, "link-lost")
            self._forget(terminal, call)
            return None
        call.handset = handset
        self._stop_timer(call, "link")
        return call.id

    def resume(self, terminal: bytes) -> None:
        """Behind the welcome: tell the terminal what it missed."""
        call = self._calls.get(terminal)
        if call is None:
            return
        if call.state is CallState.ENDED:
            self._tell_end(terminal, call)
        elif call.state is not CallState.DIALING:
            self._tell(call)

    def detach(self, terminal: bytes, handset: Handset) -> None:
        """A link went down; a call on it has 2 s to come back by another one."""
        call = self._calls.get(terminal)
        if call is not None and call.handset is handset:
            call.handset = None
            self._timer(terminal, call, "link", RESUME_S, "link-lost")

    def _of(self, terminal: bytes, call_id: bytes) -> Call:
        call = self._calls.get(terminal)
        if call is None or call.id != call_id:
            raise RefusedError("unexpected", "call")
        return call

    def _on_event(self, terminal: bytes, call: Call, event: Event) -> None:
        if call.state is CallState.ENDED:
            return
        match event:
            case Ringing() if call.state is CallState.DIALING:
                self._progress(call, CallState.RINGING)
            case Answered() if call.state in {CallState.DIALING, CallState.RINGING}:
                self._stop_timer(call, "ring")
                self._timer(terminal, call, "accept", ACCEPT_TIMEOUT_S, "silent")
                self._progress(call, CallState.ANSWERED)
            case Accepted() if call.state is CallState.NOTICED:
                self._stop_timer(call, "accept")
                self._progress(call, CallState.ACCEPTED)
            case Ended(reason):
                self._end(terminal, call, reason)
            case _:
                pass  # out of order: the trunk may repeat itself, and an acceptance before the notice is none

    def _progress(self, call: Call, state: CallState) -> None:
        call.state = state
        self._tell(call)

    def _tell(self, call: Call) -> None:
        if call.handset is not None:
            state = CallState.ANSWERED if call.state is CallState.NOTICED else call.state
            call.handset.send({"type": "progress", "call": call.id, "state": state.value})

    def _end(self, terminal: bytes, call: Call, reason: str) -> None:
        if call.state is CallState.ENDED:
            if reason == "link-lost":
                self._forget(terminal, call)
            return
        call.state = CallState.ENDED
        call.reason = reason
        for name in ("ring", "accept", "whole"):
            self._stop_timer(call, name)
        if call.leg is not None:
            call.leg.hang_up()
        if call.counted:
            self._metrics.calls_ended.labels(reason).inc()
        if call.handset is not None:
            self._tell_end(terminal, call)
        elif reason == "link-lost":
            self._forget(terminal, call)

    def _tell_end(self, terminal: bytes, call: Call) -> None:
        if call.handset is not None:
            call.handset.send({"type": "ended", "call": call.id, "reason": call.reason})
        self._forget(terminal, call)

    def _forget(self, terminal: bytes, call: Call) -> None:
        self._stop_timer(call, "link")
        if self._calls.get(terminal) is call:
            del self._calls[terminal]
        self._count()

    def _count(self) -> None:
        self._metrics.calls.set(sum(call.counted for call in self._calls.values()))

    def _timer(self, terminal: bytes, call: Call, name: str, delay_s: float, reason: str) -> None:
        self._stop_timer(call, name)
        loop = asyncio.get_running_loop()
        call.timers[name] = loop.call_later(delay_s, self._end, terminal, call, reason)

    def _stop_timer(self, call: Call, name: str) -> None:
        timer = call.timers.pop(name, None)
        if timer is not None:
            timer.cancel()


_OPEN: Final = frozenset({CallState.ANSWERED, CallState.NOTICED, CallState.ACCEPTED})


def _to_handset(call: Call, frame: bytes) -> None:
    """The called party's voice: dropped before the acceptance and while the link is down."""
    if call.state is not CallState.ACCEPTED:
        return
    if call.handset is not None:
        call.handset.send_voice(call.voice_seq, frame)
    call.voice_seq = (call.voice_seq + 1) & 0xFFFF
