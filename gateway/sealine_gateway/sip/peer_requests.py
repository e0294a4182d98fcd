"""What the peer asks within a call: BYE, OPTIONS, re-INVITE with its ACK (RFC 3261 sections 12.2.2, 14.2, 15.1.2)."""

from collections.abc import Callable
from typing import Final

from sealine_gateway.sip.agent import Agent
from sealine_gateway.sip.caller import Caller
from sealine_gateway.sip.dialog import ALLOW, Dialog, answer, has_sdp, session_of
from sealine_gateway.sip.errors import MessageError, SdpError
from sealine_gateway.sip.message import Request
from sealine_gateway.sip.transaction import InviteAnswer, ServerTransaction

MAX_ANSWERED: Final = 16  # answers kept for repetition

Extra = tuple[tuple[str, str], ...]


class PeerRequests:
    """The server side of one established call."""

    def __init__(
        self,
        agent: Agent,
        dialog: Dialog,
        caller: Caller,
        *,
        on_bye: Callable[[], None],
        on_broken: Callable[[], None],
    ) -> None:
        """`on_broken`: a re-INVITE got no ACK, or an ACK without a usable description."""
        self._agent = agent
        self._dialog = dialog
        self._caller = caller
        self._on_bye = on_bye
        self._on_broken = on_broken
        self._over = False
        self._answered: dict[tuple[str, str], ServerTransaction | InviteAnswer] = {}
        self._invite: InviteAnswer | None = None
        self._invite_cseq = -1
        self._answer_in_ack = False

    def close(self) -> None:
        """The call is over: known requests get their answers again, new ones 481."""
        self._over = True
        if self._invite is not None:
            self._invite.acknowledged()

    def receive(self, request: Request) -> None:
        """One request, for the first time or again."""
        if request.method == "ACK":
            self._acknowledged(request)
            return
        branch = request.vias[0].branch
        before = self._answered.get((branch, request.method))
        if before is not None:
            before.repeat()
        elif request.method == "CANCEL":  # a re-INVITE is answered at once: there is nothing left to cancel
            self._answer(request, 200 if (branch, "INVITE") in self._answered else 481)
        elif self._over:
            self._answer(request, 481)
        elif request.cseq.number <= self._dialog.remote_cseq:
            self._answer(request, 500)  # section 12.2.2: out of order
        else:
            self._dialog.remote_cseq = request.cseq.number
            self._in_order(request)

    def _in_order(self, request: Request) -> None:
        if request.method == "BYE":
            self._answer(request, 200)
            self._on_bye()
        elif request.method == "INVITE":
            self._reinvite(request)
        elif request.method == "OPTIONS":
            self._answer(request, 200, (("Allow", ALLOW),))
        else:
            self._answer(request, 405, (("Allow", ALLOW),))

    def _reinvite(self, request: Request) -> None:
        if self._invite is not None:
            self._final(request, 500, (("Retry-After", "2"),))  # section 14.2: one after the other
        elif request.all("require"):
            self._final(request, 420, (("Unsupported", ", ".join(request.all("require"))),))
        else:
            self._change(request)

    def _change(self, request: Request) -> None:
        offered = has_sdp(request)
        try:
            contacts = request.addresses("contact")
            body = self._caller.on_offer(request.body) if offered else self._caller.offer()
        except (SdpError, MessageError):
            self._final(request, 488)
            return
        if contacts:
            self._dialog.target = contacts[0].uri.text  # section 12.2.2: target refresh
        self._answer_in_ack = not offered
        self._final(request, 200, (("Contact", self._dialog.contact), ("Allow", ALLOW)), body)

    def _acknowledged(self, request: Request) -> None:
        if self._invite is None or request.cseq.number != self._invite_cseq:
            return
        self._invite.acknowledged()
        self._invite = None
        if not self._answer_in_ack:
            return
        self._answer_in_ack = False
        try:
            self._caller.on_answer(session_of(request))
        except SdpError:
            self._on_broken()

    def _no_ack(self) -> None:
        self._invite = None
        self._on_broken()

    def _answer(self, request: Request, status: int, extra: Extra = ()) -> None:
        data = answer(request, status, self._dialog.tag, extra)
        self._keep(request, ServerTransaction(data, send=self._agent.channel.send))

    def _final(self, request: Request, status: int, extra: Extra = (), body: bytes = b"") -> None:
        """The answer to a re-INVITE, sent until its ACK comes; a second re-INVITE meanwhile is answered once."""
        data = answer(request, status, self._dialog.tag, extra, body)
        if self._invite is not None:
            self._keep(request, ServerTransaction(data, send=self._agent.channel.send))
            return
        self._invite_cseq = request.cseq.number
        self._invite = InviteAnswer(
            data,
            send=self._agent.channel.send,
            clock=self._agent.clock,
            on_no_ack=self._no_ack if status < 300 else self._forget,
        )
        self._keep(request, self._invite)

    def _forget(self) -> None:
        """A refusal that is not acknowledged changes nothing."""
        self._invite = None

    def _keep(self, request: Request, answered: ServerTransaction | InviteAnswer) -> None:
        while len(self._answered) >= MAX_ANSWERED:
            self._answered.pop(next(iter(self._answered)))
        self._answered[request.vias[0].branch, request.method] = answered
