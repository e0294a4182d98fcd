"""The user agent of one peer: takes its messages apart to transactions and calls, and answers what belongs to none."""

import hashlib
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

from sealine_gateway.sip.clock import Clock
from sealine_gateway.sip.dialog import ALLOW, Account, Channel, Dialog, answer, new_branch
from sealine_gateway.sip.digest import Authenticator
from sealine_gateway.sip.errors import DigestError, MessageError
from sealine_gateway.sip.message import Request, Response, parse
from sealine_gateway.sip.transaction import TIMEOUT_S, ClientTransaction, State

MAX_TRANSACTIONS: Final = 4096  # 200 terminals with some each; a transaction lives for half a minute


class DialogUser(Protocol):
    """A call, as the agent sees it."""

    dialog: Dialog

    def receive(self, request: Request) -> None:
        """A request of the peer within this call."""


class Agent:
    """One peer's user agent. Sans-io: give it whole messages by `receive`, it sends by its channel."""

    def __init__(self, account: Account, channel: Channel, clock: Clock, counts: Counter[str]) -> None:
        self.account = account
        self.channel = channel
        self.clock = clock
        self.counts = counts
        self._transactions: dict[tuple[str, str], ClientTransaction] = {}
        self._calls: dict[tuple[str, str], DialogUser] = {}

    @property
    def calls(self) -> int:
        """How many calls are known, over ones included for half a minute."""
        return len(self._calls)

    def receive(self, data: bytes) -> None:
        """One message of the peer. Never raises: what is wrong is counted and dropped."""
        try:
            message = parse(data)
            if isinstance(message, Response):
                self._response(message)
            else:
                self._request(message)
        except MessageError:
            self.counts["malformed"] += 1

    def client(
        self,
        method: str,
        branch: str,
        data: bytes,
        *,
        on_response: Callable[[Response], None],
        on_timeout: Callable[[], None] = lambda: None,
        ack: Callable[[Response], bytes] | None = None,
    ) -> ClientTransaction:
        """Send a request of ours and see it through."""
        self._transactions = {
            key: transaction for key, transaction in self._transactions.items() if transaction.state is not State.OVER
        }
        while len(self._transactions) >= MAX_TRANSACTIONS:
            self._transactions.pop(next(iter(self._transactions))).close()
        transaction = ClientTransaction(
            data,
            send=self.channel.send,
            reliable=self.channel.reliable,
            clock=self.clock,
            on_response=on_response,
            on_timeout=on_timeout,
            ack=ack,
        )
        self._transactions[branch, method] = transaction
        return transaction

    def add(self, call: DialogUser) -> None:
        """A call begins."""
        self._calls[call.dialog.call_id, call.dialog.tag] = call

    def remove(self, call: DialogUser) -> None:
        """A call is over; its answers can be repeated for half a minute more."""
        self.clock.call_later(TIMEOUT_S, lambda: self._calls.pop((call.dialog.call_id, call.dialog.tag), None))

    def ping(self, on_result: Callable[[bool], None]) -> None:
        """Ask the peer with OPTIONS whether it is there; any answer but 503 says yes."""
        target = f"sip:{self.account.domain}"
        dialog = Dialog(self.account, self.channel, target, f"<{target}>")
        authenticator = Authenticator(self.account.user, self.account.password)
        branch = new_branch()
        cseq = secrets.randbits(16)

        def on_response(response: Response) -> None:
            if response.status >= 200:
                on_result(response.status != 503)

        data = dialog.request("OPTIONS", cseq, branch, tuple(authenticator.field("OPTIONS", target)))
        self.client("OPTIONS", branch, data, on_response=on_response, on_timeout=lambda: on_result(False))

    def _response(self, response: Response) -> None:
        via = response.vias[0]
        transaction = self._transactions.get((via.branch, response.cseq.method))
        if transaction is None or len(response.vias) != 1:  # section 18.1.2: not ours
            self.counts["stray"] += 1
            return
        try:
            transaction.receive(response)
        except DigestError:
            self.counts["unauthorised"] += 1

    def _request(self, request: Request) -> None:
        call = self._calls.get((request.call_id, request.recipient.tag))
        if call is not None and request.sender.tag == call.dialog.remote_tag:
            call.receive(request)
        elif request.method != "ACK":
            self._outside(request)

    def _outside(self, request: Request) -> None:
        """Answer without state (section 8.2.7): a repeated request gets the same answer again."""
        status, extra = 405, [("Allow", ALLOW)]
        if request.recipient.tag or request.method in {"CANCEL", "BYE"}:
            status, extra = 481, []
        elif request.method == "OPTIONS":
            status = 200
        elif request.method == "INVITE":  # nobody calls into a facility by this trunk
            status, extra = 403, []
        self.counts["outside"] += 1
        tag = hashlib.blake2b(request.vias[0].branch.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
        self.channel.send(answer(request, status, tag, tuple(extra)))
