"""Transactions (RFC 3261 section 17, RFC 6026): retransmission and its end, over a channel that may lose, double
and reorder. Sans-io: `send` takes bytes, `clock` is given.
"""

import enum
from collections.abc import Callable
from typing import Final

from sealine_gateway.sip.clock import Clock, Timers
from sealine_gateway.sip.message import Response

T1_S: Final = 0.5  # section 17.1.1.1
T2_S: Final = 4.0  # section 17.1.2.2
T4_S: Final = 5.0  # section 17.1.2.2
TIMEOUT_S: Final = 64 * T1_S  # timers B, F, H, J, M and D

Send = Callable[[bytes], None]


class State(enum.Enum):
    """Where a transaction is."""

    CALLING = "calling"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    ACCEPTED = "accepted"
    OVER = "over"


class ClientTransaction:
    """A request of ours. INVITE is the three-way kind, all others are answered at once."""

    def __init__(
        self,
        request: bytes,
        *,
        send: Send,
        reliable: bool,
        clock: Clock,
        on_response: Callable[[Response], None],
        on_timeout: Callable[[], None],
        ack: Callable[[Response], bytes] | None = None,
    ) -> None:
        """Send `request` now. `ack` makes the ACK of a failed INVITE (section 17.1.1.3); None for other methods."""
        self.state = State.CALLING
        self._request = request
        self._send = send
        self._reliable = reliable
        self._on_response = on_response
        self._on_timeout = on_timeout
        self._ack = ack
        self._timers = Timers(clock)
        self._interval_s = T1_S
        if not reliable:
            self._timers.start("again", T1_S, self._again)
        self._timers.start("timeout", TIMEOUT_S, self._time_out)
        send(request)

    def receive(self, response: Response) -> None:
        """A response to this request, however often it comes."""
        if self.state is State.OVER:
            return
        if response.status < 200:
            self._provisional(response)
        elif self._ack is None:
            self._final(response, 0.0 if self._reliable else T4_S)
        elif response.status < 300:
            self._success(response)
        else:
            self._send(self._ack(response))
            self._final(response, 0.0 if self._reliable else TIMEOUT_S)

    def close(self) -> None:
        """Forget it: no more retransmission, no more event."""
        self.state = State.OVER
        self._timers.stop_all()

    def _provisional(self, response: Response) -> None:
        if self.state is State.CALLING:
            self.state = State.PROCEEDING
            if self._ack is not None:  # an INVITE may ring for as long as the caller is patient
                self._timers.stop_all()
        if self.state is State.PROCEEDING:
            self._on_response(response)

    def _success(self, response: Response) -> None:
        if self.state in {State.CALLING, State.PROCEEDING}:
            self.state = State.ACCEPTED
            self._timers.stop_all()
            self._timers.start("linger", TIMEOUT_S, self.close)
        if self.state is State.ACCEPTED:
            self._on_response(response)  # again and again: the dialog repeats its ACK

    def _final(self, response: Response, linger_s: float) -> None:
        if self.state not in {State.CALLING, State.PROCEEDING}:
            return
        self.state = State.COMPLETED
        self._timers.stop_all()
        self._timers.start("linger", linger_s, self.close)
        self._on_response(response)

    def _again(self) -> None:
        self._send(self._request)
        self._interval_s *= 2
        if self._ack is None:
            self._interval_s = T2_S if self.state is State.PROCEEDING else min(self._interval_s, T2_S)
        self._timers.start("again", self._interval_s, self._again)

    def _time_out(self) -> None:
        if self.state in {State.CALLING, State.PROCEEDING}:
            self.close()
            self._on_timeout()


class ServerTransaction:
    """A request of the peer other than INVITE: its answer, repeated whenever the request is."""

    def __init__(self, response: bytes, *, send: Send) -> None:
        """Send `response` now."""
        self._response = response
        self._send = send
        send(response)

    def repeat(self) -> None:
        """The request came again."""
        self._send(self._response)


class InviteAnswer:
    """The final answer to a re-INVITE: repeated until its ACK comes (sections 13.3.1.4 and 17.2.1)."""

    def __init__(self, response: bytes, *, send: Send, clock: Clock, on_no_ack: Callable[[], None]) -> None:
        """Send `response` now."""
        self._response = response
        self._send = send
        self._timers = Timers(clock)
        self._interval_s = T1_S
        self._on_no_ack = on_no_ack
        self._timers.start("again", T1_S, self._again)
        self._timers.start("timeout", TIMEOUT_S, self._time_out)
        send(response)

    def repeat(self) -> None:
        """The re-INVITE came again."""
        self._send(self._response)

    def acknowledged(self) -> None:
        """The ACK is there."""
        self._timers.stop_all()

    def _again(self) -> None:
        self._send(self._response)
        self._interval_s = min(2 * self._interval_s, T2_S)
        self._timers.start("again", self._interval_s, self._again)

    def _time_out(self) -> None:
        self._timers.stop_all()
        self._on_no_ack()
