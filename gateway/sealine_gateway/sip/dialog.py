"""What one call's requests share (RFC 3261 section 12), and the bytes of those requests and of our answers."""

import secrets
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from sealine_gateway.sip.errors import SdpError
from sealine_gateway.sip.message import Message, Request, Response, build

ALLOW: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS"
USER_AGENT: Final = "Sealine"
SDP_TYPE: Final = "application/sdp"
MAX_ROUTES: Final = 8

REASONS: Final = {
    200: "OK",
    403: "Forbidden",
    405: "Method Not Allowed",
    420: "Bad Extension",
    481: "Call/Transaction Does Not Exist",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
}

Srtp = Literal["off", "prefer", "require"]


class Channel(Protocol):
    """The way to one peer: everything is sent to it and nowhere else, whatever a message says."""

    protocol: str  # UDP, TCP or TLS
    reliable: bool
    local: tuple[str, int]

    def send(self, data: bytes) -> None:
        """Send one message, or lose it: retransmission and timeouts are the transactions'."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """How we are known to one peer. `domain` is the host in its URIs, IPv6 in brackets; `caller` is our user part;
    `prefix` goes before the dialled digits.
    """

    domain: str
    caller: str
    user: str = ""
    password: str = field(default="", repr=False)
    prefix: str = ""
    srtp: Srtp = "off"


def new_branch() -> str:
    """Section 8.1.1.7."""
    return "z9hG4bK" + secrets.token_hex(12)


def host_text(host: str) -> str:
    """A host as it stands in a URI."""
    return f"[{host}]" if ":" in host else host


@dataclass
class Dialog:
    """One call as the two ends know it. Before an answer `remote_tag` is empty and `target` is the dialled URI."""

    account: Account
    channel: Channel
    target: str
    recipient: str
    call_id: str = field(default_factory=lambda: secrets.token_hex(16))
    tag: str = field(default_factory=lambda: secrets.token_hex(8))
    remote_tag: str = ""
    routes: tuple[str, ...] = ()
    remote_cseq: int = -1

    @property
    def contact(self) -> str:
        """Where requests of this dialog reach us."""
        host, port = self.channel.local
        transport = "" if self.channel.protocol == "UDP" else f";transport={self.channel.protocol.lower()}"
        return f"<sip:{self.account.caller}@{host_text(host)}:{port}{transport}>"

    def established(self, response: Response) -> "Dialog":
        """The dialog that a 2xx makes (section 12.1.2). Raises MessageError for a Contact or route that is none."""
        contacts = response.addresses("contact")
        routes = [f"<{route.uri.text}>" for route in response.addresses("record-route")]
        return Dialog(
            self.account,
            self.channel,
            contacts[0].uri.text if contacts else self.target,
            response.get("to"),
            self.call_id,
            self.tag,
            response.recipient.tag,
            tuple(reversed(routes[:MAX_ROUTES])),
        )

    def request(
        self,
        method: str,
        cseq: int,
        branch: str,
        extra: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
    ) -> bytes:
        """A request within this call."""
        fields = [
            ("Via", via(self.channel, branch)),
            ("Max-Forwards", "70"),
            *(("Route", route) for route in self.routes),
            ("From", f"<sip:{self.account.caller}@{self.account.domain}>;tag={self.tag}"),
            ("To", self.recipient),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
            ("User-Agent", USER_AGENT),
            *extra,
        ]
        if method == "INVITE":
            fields += [("Contact", self.contact), ("Allow", ALLOW)]
        if body:
            fields.append(("Content-Type", SDP_TYPE))
        return build(f"{method} {self.target} SIP/2.0", fields, body)


def via(channel: Channel, branch: str) -> str:
    """Our Via."""
    host, port = channel.local
    return f"SIP/2.0/{channel.protocol} {host_text(host)}:{port};branch={branch};rport"


def answer(
    request: Request, status: int, tag: str, extra: tuple[tuple[str, str], ...] = (), body: bytes = b""
) -> bytes:
    """Our response to a request (section 8.2.6)."""
    recipient = request.get("to")
    if not request.recipient.tag:
        recipient += f";tag={tag}"
    fields = [
        *(("Via", value) for value in request.all("via")),
        ("From", request.get("from")),
        ("To", recipient),
        ("Call-ID", request.call_id),
        ("CSeq", request.get("cseq")),
        *extra,
    ]
    if body:
        fields.append(("Content-Type", SDP_TYPE))
    return build(f"SIP/2.0 {status} {REASONS[status]}", fields, body)


def has_sdp(message: Message) -> bool:
    """Whether the body is a session description."""
    return bool(message.body) and message.get("content-type").split(";")[0].strip().lower() == SDP_TYPE


def session_of(message: Message) -> bytes:
    """The session description in a message. Raises SdpError if there is none."""
    if not has_sdp(message):
        raise SdpError("message: no session description")
    return message.body
