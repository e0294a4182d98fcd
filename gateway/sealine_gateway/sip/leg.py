"""One call of the gateway over the SIP lines: tries them in turn, carries voice, hears the called party's keys."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from sealine_protocol import log

from sealine_gateway.sip import sdp
from sealine_gateway.sip.clock import Timers
from sealine_gateway.sip.digits import Choosing
from sealine_gateway.sip.errors import RtpError, SdpError
from sealine_gateway.sip.line import Line
from sealine_gateway.sip.media import Media
from sealine_gateway.sip.outgoing import BYE, TIMEOUT, UNUSABLE, OutgoingCall
from sealine_gateway.trunk import Accepted, Answered, Ended, EndReason, Leg, Listener, Ringing

FAILOVER_S: Final = 4.0  # a peer that has not said a word by then is passed over; three retransmissions fit in
SILENT_S: Final = 60.0  # a talking party without RTP and RTCP for so long is gone (RTCP comes every 5 s)

_FAILOVER: Final = frozenset({408, 500, 502, 503, 504})  # this line cannot; another may
_NO_SRTP: Final = frozenset({406, 415, 488, 606})
_REASONS: Final[dict[int, EndReason]] = {
    BYE: "called-hangup",
    408: "unanswered",
    480: "unanswered",
    486: "busy",
    487: "unanswered",
    600: "busy",
    603: "refused",
    607: "refused",
    608: "refused",
}


class SipLeg(Leg):
    """See trunk.Leg. It is the `Caller` of its OutgoingCall."""

    def __init__(self, number: str, lines: Sequence[Line], listener: Listener, ports: tuple[int, int]) -> None:
        """Start on the first of `lines`. Raises RtpError if there is no port for voice."""
        self.counts: Counter[str] = Counter()
        self._number = number
        self._lines = list(lines)
        self._listener = listener
        self._ports = ports
        self._timers = Timers(asyncio.get_running_loop())
        self._choosing = Choosing()
        self._line: Line | None = None
        self._call: OutgoingCall | None = None
        self._media: Media | None = None
        self._crypto: sdp.Crypto | None = None
        self._version = (secrets.randbits(31), 0)
        self._event: int | None = sdp.EVENT
        self._rung = self._answered = self._accepted = self._over = False
        self._held = False
        self._next_line()

    def send_voice(self, seq: int, frame: bytes) -> None:
        """See Leg."""
        if self._media is not None and self._answered and not self._held:
            self._media.send(seq, frame)

    def notice_done(self) -> None:
        """See Leg."""
        self._choosing.begin()

    def hang_up(self) -> None:
        """See Leg."""
        self._close()
        if self._call is not None:
            self._call.hang_up()

    @property
    def over(self) -> bool:
        """Nothing more will happen here."""
        return self._over

    def _next_line(self) -> None:
        self._line = self._lines.pop(0)
        self._crypto = None if self._line.agent.account.srtp == "off" else sdp.new_crypto()
        self._dial()

    def _dial(self) -> None:
        line = self._line
        if line is None:
            return
        if self._media is not None:
            self._media.close()
            self._media = None
        self._media = Media(
            line.channel.local[0], self._ports, self.counts, on_frame=self._on_frame, on_digit=self._on_digit
        )
        if self._lines:
            self._timers.start("failover", FAILOVER_S, self._too_quiet)
        self._call = OutgoingCall(line.agent, self._number, self)

    def _redial(self, how: Callable[[], None] | None = None) -> None:
        try:
            (how or self._dial)()
        except RtpError:
            self._end("trunk-failed")

    def _too_quiet(self) -> None:
        """Give this line up for the next one; a late answer is acknowledged and ended by its call."""
        if self._call is not None and self._line is not None:
            self._line.heard(alive=False)
            self._call.hang_up()
            self._redial(self._next_line)

    def offer(self) -> bytes:
        """See Caller."""
        return self._describe()

    def on_progress(self) -> None:
        """See Caller."""
        self._timers.stop("failover")
        if self._line is not None:
            self._line.heard(alive=True)

    def on_ringing(self) -> None:
        """See Caller. Early media is left where it is: no socket listens before the answer."""
        if not self._rung and not self._over:
            self._rung = True
            self._listener.on_event(Ringing())

    def on_answer(self, body: bytes) -> None:
        """See Caller."""
        session = sdp.parse(body, answer_to=self._crypto)
        if (self._crypto is None) != (session.audio.crypto is None):
            raise SdpError("answer: other voice protection than offered")
        event = None if session.audio.event is None else sdp.EVENT
        self._connect(session.audio, self._crypto, event)
        self._event = event
        self._timers.stop("failover")
        if not self._answered and not self._over:
            self._answered = True
            if self._event is None:
                log.warning("trunk peer sends no digits", count=0 if self._line is None else self._line.index)
            self._timers.start("silent", SILENT_S, self._watch)
            self._listener.on_event(Answered())

    def on_offer(self, body: bytes) -> bytes:
        """See Caller."""
        session = sdp.parse(body)
        crypto = session.audio.crypto
        required = self._line is not None and self._line.agent.account.srtp == "require"
        if crypto is None and required:
            raise SdpError("offer: without protection of the voice")
        own = self._crypto
        if crypto is None:
            own = None
        elif own is None or (own.tag, own.suite) != (crypto.tag, crypto.suite):
            own = sdp.new_crypto(crypto.tag, crypto.suite)
        self._connect(session.audio, own, session.audio.event)
        self._crypto = own
        self._event = session.audio.event
        return self._describe(session)

    def on_over(self, status: int) -> None:
        """See Caller."""
        if self._over:
            return
        account = None if self._line is None else self._line.agent.account
        protected = self._crypto is not None and account is not None and account.srtp == "prefer"
        if status in _NO_SRTP and not self._answered and protected:
            self._crypto = None
            self._redial()
            return
        if status in _FAILOVER and not self._rung and self._lines:
            if status in {TIMEOUT, 503} and self._line is not None:
                self._line.heard(alive=False)
            self._redial(self._next_line)
            return
        self._end(self._reason(status))

    def _reason(self, status: int) -> EndReason:
        if status == BYE:
            return "called-hangup" if self._accepted else "refused"
        if status == UNUSABLE or (status == TIMEOUT and not self._rung):
            return "trunk-failed"
        return _REASONS.get(status, "trunk-failed")

    def _describe(self, answer_to: sdp.Session | None = None) -> bytes:
        if self._media is None or self._line is None:
            raise SdpError("offer: the call is over")
        self._version = (self._version[0], self._version[1] + 1)
        return sdp.build(
            self._line.channel.local[0],
            self._media.port,
            version=self._version,
            crypto=self._crypto,
            event=sdp.EVENT if answer_to is None else self._event,
            direction="sendrecv" if answer_to is None else sdp.reverse(answer_to.audio.direction),
            answer_to=answer_to,
        )

    def _connect(self, audio: sdp.Audio, own: sdp.Crypto | None, event: int | None) -> None:
        if self._media is None:
            raise SdpError("answer: the call is over")
        if audio.address:
            self._media.connect(audio, own, event)
        self._held = not audio.address or audio.direction in {"sendonly", "inactive"}

    def _on_frame(self, frame: bytes) -> None:
        if self._accepted and not self._over:
            self._listener.on_voice(frame)

    def _on_digit(self, key: str) -> None:
        if not self._answered or self._over:
            return
        choice = self._choosing.press(key)
        if choice == "accept":
            self._accepted = True
            self._listener.on_event(Accepted())
        elif choice is not None and self._call is not None:
            self._call.hang_up()
            self._end("blocked" if choice == "block" else "refused")

    def _watch(self) -> None:
        """A peer whose voice and reports have both stopped, and who is not on hold, has lost the call."""
        now = asyncio.get_running_loop().time()
        heard = None if self._media is None else self._media.last_heard_s
        quiet_s = SILENT_S if heard is None else now - heard
        if quiet_s >= SILENT_S and self._accepted and not self._held and self._call is not None:
            self._call.hang_up()
            self._end("trunk-failed")
            return
        self._timers.start("silent", max(1.0, SILENT_S - quiet_s), self._watch)

    def _end(self, reason: EndReason) -> None:
        if not self._over:
            self._close()
            self._listener.on_event(Ended(reason))

    def _close(self) -> None:
        self._over = True
        self._timers.stop_all()
        if self._media is not None:
            self._media.close()
            self._media = None
