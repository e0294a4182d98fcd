"""One outgoing call (RFC 3261 sections 13 to 15): INVITE with authentication, ACK, CANCEL, BYE."""

import enum
from typing import Final

from sealine_gateway.sip.agent import Agent
from sealine_gateway.sip.caller import Caller
from sealine_gateway.sip.clock import Timers
from sealine_gateway.sip.dialog import Dialog, new_branch, session_of
from sealine_gateway.sip.digest import Authenticator
from sealine_gateway.sip.errors import DigestError, MessageError, SdpError
from sealine_gateway.sip.message import Request, Response
from sealine_gateway.sip.peer_requests import PeerRequests
from sealine_gateway.sip.transaction import TIMEOUT_S, ClientTransaction

MAX_CHALLENGES: Final = 4  # a proxy and the peer behind it, each with one stale nonce

BYE: Final = 0  # `on_over`: the called party has hung up
TIMEOUT: Final = 408
UNUSABLE: Final = 488  # answered with nothing that we can speak
FORBIDDEN: Final = 403  # our credentials are refused


class Stage(enum.Enum):
    """Where the call is."""

    CALLING = "calling"
    RINGING = "ringing"  # a provisional answer is there, so that CANCEL may be sent
    TALKING = "talking"
    OVER = "over"


class OutgoingCall:
    """One call to a number, over one peer."""

    def __init__(self, agent: Agent, number: str, caller: Caller) -> None:
        """Send the INVITE."""
        account = agent.account
        target = f"sip:{account.prefix}{number}@{account.domain}"
        self.dialog = Dialog(account, agent.channel, target, f"<{target}>")
        self.stage = Stage.CALLING
        self._agent = agent
        self._caller = caller
        self._authenticator = Authenticator(account.user, account.password)
        self._timers = Timers(agent.clock)
        self._cseq = 1
        self._challenges = 0
        self._silent = False  # hung up by us: no more events
        self._cancel_sent = False
        self._acks: dict[str, bytes] = {}
        self._requests: PeerRequests | None = None
        agent.add(self)
        self._invite()

    def hang_up(self) -> None:
        """End it from our side: CANCEL, or BYE; no event follows."""
        self._silent = True
        if self.stage is Stage.RINGING:
            self._cancel()
        elif self.stage is Stage.TALKING:
            self._bye(self.dialog)
            self._close()

    def _invite(self) -> None:
        self._branch = new_branch()
        credentials = tuple(self._authenticator.field("INVITE", self.dialog.target))
        self._credentials = credentials
        data = self.dialog.request("INVITE", self._cseq, self._branch, credentials, self._caller.offer())
        self._transaction: ClientTransaction = self._agent.client(
            "INVITE",
            self._branch,
            data,
            on_response=self._on_response,
            on_timeout=lambda: self._fail(TIMEOUT),
            ack=self._failed_ack,
        )

    def _failed_ack(self, response: Response) -> bytes:
        """Section 17.1.1.3: the INVITE's own branch and the response's To."""
        dialog = Dialog(self.dialog.account, self.dialog.channel, self.dialog.target, response.get("to"))
        dialog.call_id, dialog.tag = self.dialog.call_id, self.dialog.tag
        return dialog.request("ACK", response.cseq.number, response.vias[0].branch)

    def _on_response(self, response: Response) -> None:
        if response.status < 200:
            self._provisional(response)
        elif response.status < 300:
            self._success(response)
        elif response.status in {401, 407} and not self._silent:
            self._challenged(response)
        else:
            self._fail(response.status)

    def _provisional(self, response: Response) -> None:
        if self.stage is Stage.CALLING:
            self.stage = Stage.RINGING
        if self._silent:
            self._cancel()
            return
        self._caller.on_progress()
        if response.status > 100:
            self._caller.on_ringing()

    def _challenged(self, response: Response) -> None:
        self._challenges += 1
        try:
            self._authenticator.take(response)
        except DigestError:
            self._challenges = MAX_CHALLENGES + 1
        if self._challenges > MAX_CHALLENGES:
            self._agent.counts["unauthorised"] += 1
            self._fail(FORBIDDEN)
            return
        self._cseq += 1
        self.stage = Stage.CALLING
        self._invite()

    def _success(self, response: Response) -> None:
        tag = response.recipient.tag
        known = self._acks.get(tag)
        if known is not None:
            self._agent.channel.send(known)
            return
        try:
            dialog = self.dialog.established(response)
        except MessageError:
            self._fail(UNUSABLE)
            raise
        self._acks[tag] = dialog.request("ACK", response.cseq.number, new_branch(), self._credentials)
        self._agent.channel.send(self._acks[tag])
        if self.stage in {Stage.TALKING, Stage.OVER} or self._silent:
            self._bye(dialog)  # another branch of a fork (section 13.2.2.4), or too late for us
            if self._silent:
                self._close()
            return
        self._established(dialog, response)

    def _established(self, dialog: Dialog, response: Response) -> None:
        self.dialog = dialog
        self.stage = Stage.TALKING
        self._requests = PeerRequests(
            self._agent, dialog, self._caller, on_bye=lambda: self._fail(BYE), on_broken=self._broken
        )
        try:
            self._caller.on_answer(session_of(response))
        except SdpError:
            self._agent.counts["unusable"] += 1
            self._bye(dialog)
            self._fail(UNUSABLE)

    def _fail(self, status: int) -> None:
        over, silent = self.stage is Stage.OVER, self._silent
        self._close()
        if not over and not silent:
            self._caller.on_over(status)

    def _close(self) -> None:
        if self.stage is not Stage.OVER:
            self.stage = Stage.OVER
            self._silent = True
            self._timers.stop_all()
            if self._requests is not None:
                self._requests.close()
            self._agent.remove(self)

    def _cancel(self) -> None:
        """Section 9.1: the INVITE's branch and number; without a final answer it is given up."""
        if self._cancel_sent:
            return
        self._cancel_sent = True
        data = self.dialog.request("CANCEL", self._cseq, self._branch)
        self._agent.client("CANCEL", self._branch, data, on_response=lambda _: None)
        self._timers.start("cancelled", TIMEOUT_S, self._give_up)

    def _give_up(self) -> None:
        self._transaction.close()
        self._close()

    def _bye(self, dialog: Dialog) -> None:
        self._cseq += 1
        branch = new_branch()
        credentials = tuple(self._authenticator.field("BYE", dialog.target))
        data = dialog.request("BYE", self._cseq, branch, credentials)

        def on_response(response: Response) -> None:
            if response.status in {401, 407} and self._challenges < MAX_CHALLENGES:
                self._challenges += 1
                self._authenticator.take(response)
                self._bye(dialog)

        self._agent.client("BYE", branch, data, on_response=on_response)

    def receive(self, request: Request) -> None:
        """A request of the peer within this call."""
        if self._requests is not None:
            self._requests.receive(request)

    def _broken(self) -> None:
        """The peer does not go through with its own change of the session."""
        if self.stage is Stage.TALKING:
            self._bye(self.dialog)
            self._fail(UNUSABLE)
