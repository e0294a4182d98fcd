"""A network in virtual time that loses, doubles and reorders, and a peer made of canned answers."""

import heapq
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest
from sealine_gateway.sip import sdp
from sealine_gateway.sip.agent import Agent
from sealine_gateway.sip.dialog import Account
from sealine_gateway.sip.errors import SdpError
from sealine_gateway.sip.message import Response, build, parse
from sealine_gateway.sip.outgoing import OutgoingCall

NUMBER = "12025550123"


class VirtualClock:
    """Seconds pass only in `run`."""

    def __init__(self):
        self.now = 0.0
        self._queue = []
        self._order = itertools.count()

    def time(self):
        return self.now

    def call_later(self, delay, callback, /):
        timer = VirtualTimer(callback)
        heapq.heappush(self._queue, (self.now + max(0.0, delay), next(self._order), timer))
        return timer

    def run(self, seconds):
        end = self.now + seconds
        while self._queue and self._queue[0][0] <= end:
            self.now, _, timer = heapq.heappop(self._queue)
            if timer.callback is not None:
                timer.callback()
        self.now = end


class VirtualTimer:
    def __init__(self, callback):
        self.callback = callback

    def cancel(self):
        self.callback = None


@dataclass
class Faults:
    """Of each message on its way, either direction."""

    seed: int = 0
    lose: float = 0.0
    double: float = 0.0
    delay_s: float = 0.001
    jitter_s: float = 0.0

    def __post_init__(self):
        self.random = random.Random(self.seed)

    def fates(self):
        count = 0 if self.random.random() < self.lose else 2 if self.random.random() < self.double else 1
        return [self.delay_s + self.random.random() * self.jitter_s for _ in range(count)]


class VirtualChannel:
    """Our end; `peer` gets what we send, `say` brings what the peer sends."""

    def __init__(self, clock, faults, *, reliable=False):
        self.protocol = "TCP" if reliable else "UDP"
        self.reliable = reliable
        self.local = ("192.0.2.1", 5060)
        self.clock = clock
        self.faults = faults
        self.sent = []
        self.peer = None
        self.agent = None

    def send(self, data):
        self.sent.append((self.clock.time(), data))
        for delay in self.faults.fates():
            self.clock.call_later(delay, lambda: self.peer.receive(data))

    def say(self, data):
        for delay in self.faults.fates():
            self.clock.call_later(delay, lambda: self.agent.receive(data))

    def methods(self):
        return [data.split(b" ", 1)[0].decode() for _, data in self.sent]


ANSWER = sdp.build("192.0.2.9", 40000, version=(1, 1), crypto=None)


class Peer:
    """A UAS that answers INVITE by `script`: statuses in turn, then the last for ever. Retransmits its 2xx like a
    real one, until ACK.
    """

    def __init__(self, channel, *script, body=ANSWER):
        self.channel = channel
        channel.peer = self
        self.script = list(script)
        self.body = body
        self.extra = {}
        self.seen = []
        self.answers = {}
        self.acked = 0
        self.tag = "peer-tag"

    def receive(self, data):
        message = parse(data)
        self.seen.append(message)
        if isinstance(message, Response):
            return
        if message.method == "ACK":
            self.acked += 1
            return
        key = (message.vias[0].branch, message.method)
        if key not in self.answers:
            self.answers[key] = self.respond(message)
        for answer in self.answers[key]:
            self.channel.say(answer)
            if b"INVITE" in answer and answer.startswith(b"SIP/2.0 2"):
                self.again(answer, 0.5)

    def again(self, answer, wait):
        acked = self.acked

        def repeat():
            if self.acked == acked and wait < 32:
                self.channel.say(answer)
                self.again(answer, min(2 * wait, 4))

        self.channel.clock.call_later(wait, repeat)

    def respond(self, request):
        if request.method == "CANCEL":
            return [self.reply(request, 200)]
        if request.method != "INVITE":
            return [self.reply(request, 200)]
        statuses = self.script.pop(0) if len(self.script) > 1 else self.script[0] if self.script else ()
        return [self.reply(request, status) for status in statuses]

    def reply(self, request, status, *, tag=None, body=None, extra=()):
        fields = [
            *(("Via", value) for value in request.all("via")),
            ("From", request.get("from")),
            (
                "To",
                request.get("to") + (f";tag={tag or self.tag}" if status > 100 and not request.recipient.tag else ""),
            ),
            ("Call-ID", request.call_id),
            ("CSeq", request.get("cseq")),
            *self.extra.get(status, ()),
            *extra,
        ]
        content = b""
        if request.method == "INVITE" and status < 300:
            fields.append(("Contact", "<sip:peer@192.0.2.9:5060>"))
            if status >= 200:
                content = self.body if body is None else body
        if content:
            fields.append(("Content-Type", "application/sdp"))
        return build(f"SIP/2.0 {status} Whatever", fields, content)

    def request(self, method, cseq, *, body=b"", branch=None, extra=(), tag=None):
        """A request of the peer within the dialog of the last INVITE that it saw."""
        invite = next(m for m in reversed(self.seen) if not isinstance(m, Response) and m.method == "INVITE")
        fields = [
            ("Via", f"SIP/2.0/UDP 192.0.2.9:5060;branch={branch or f'z9hG4bK{method}{cseq}'}"),
            ("From", f"{invite.get('to')};tag={tag or self.tag}"),
            ("To", invite.get("from")),
            ("Call-ID", invite.call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Max-Forwards", "70"),
            *extra,
        ]
        if body:
            fields.append(("Content-Type", "application/sdp"))
        return build(f"{method} sip:facility@192.0.2.1 SIP/2.0", fields, body)

    def responses(self, method):
        """The statuses of our answers to the peer's requests."""
        return [m.status for m in self.seen if isinstance(m, Response) and m.cseq.method == method]

    def requests(self, method):
        return [m for m in self.seen if not isinstance(m, Response) and m.method == method]


@dataclass
class Recorder:
    """The `Caller` of a call under test."""

    events: list = field(default_factory=list)
    crypto: object = None

    def offer(self):
        return sdp.build("192.0.2.1", 30000, version=(1, 1), crypto=self.crypto)

    def on_progress(self):
        pass

    def on_ringing(self):
        if "ringing" not in self.events:
            self.events.append("ringing")

    def on_answer(self, body):
        sdp.parse(body, answer_to=self.crypto)
        self.events.append("answered")

    def on_offer(self, body):
        session = sdp.parse(body)
        if session.audio.port == 6666:
            raise SdpError("not this one")
        self.events.append("changed")
        return sdp.build("192.0.2.1", 30000, version=(1, 2), crypto=None, answer_to=session)

    def on_over(self, status):
        self.events.append(("over", status))


@dataclass
class Scene:
    clock: VirtualClock
    channel: VirtualChannel
    agent: Agent
    peer: Peer
    caller: Recorder
    call: OutgoingCall | None = None

    def dial(self):
        self.call = OutgoingCall(self.agent, NUMBER, self.caller)
        return self.call

    def run(self, seconds):
        self.clock.run(seconds)

    @property
    def events(self):
        return self.caller.events


@pytest.fixture
def scene():
    def make(*script, faults=None, reliable=False, body=ANSWER, **account):
        clock = VirtualClock()
        channel = VirtualChannel(clock, faults or Faults(), reliable=reliable)
        known = Account(domain="trunk.example", caller="facility", **account)
        channel.agent = Agent(known, channel, clock, Counter())
        return Scene(clock, channel, channel.agent, Peer(channel, *script, body=body), Recorder())

    return make
