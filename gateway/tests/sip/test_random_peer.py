"""Peers that say anything in any order: a call has one end, goes on for ever in no case, and never raises."""

from hypothesis import given, settings
from hypothesis import strategies as st
from sealine_gateway.sip.agent import Agent
from sealine_gateway.sip.dialog import Account
from sealine_gateway.sip.outgoing import OutgoingCall, Stage

from .conftest import ANSWER, NUMBER, Counter, Faults, Peer, Recorder, VirtualChannel, VirtualClock

STEPS = st.one_of(
    st.tuples(st.just("answer"), st.sampled_from([100, 180, 183, 200, 202, 302, 401, 407, 486, 487, 503, 603])),
    st.tuples(st.just("fork"), st.sampled_from([180, 200])),
    st.tuples(st.just("bad answer"), st.just(200)),
    st.tuples(st.just("ask"), st.sampled_from(["BYE", "INVITE", "ACK", "CANCEL", "OPTIONS", "INFO", "UPDATE"])),
    st.tuples(st.just("offer"), st.sampled_from([ANSWER, b"", b"garbage", ANSWER.replace(b"40000", b"6666")])),
    st.tuples(st.just("wait"), st.sampled_from([0.01, 0.4, 3, 40])),
    st.tuples(st.just("hang up"), st.just(0)),
)


def words(peer, kind, value, cseq):
    """One message of the peer."""
    invite = peer.requests("INVITE")[-1]
    if kind == "answer":
        return peer.reply(invite, value)
    if kind == "fork":
        return peer.reply(invite, value, tag="fork")
    if kind == "bad answer":
        return peer.reply(invite, value, body=b"nonsense")
    if kind == "ask":
        return peer.request(value, cseq)
    return peer.request("INVITE", cseq, body=value)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(STEPS, max_size=25),
    st.builds(Faults, seed=st.integers(0, 99), lose=st.sampled_from([0, 0.3]), double=st.sampled_from([0, 0.3])),
    st.booleans(),
)
def test_any_peer(steps, faults, reliable):
    clock = VirtualClock()
    channel = VirtualChannel(clock, faults, reliable=reliable)
    account = Account(domain="trunk.example", caller="facility", user="u", password="p")
    agent = channel.agent = Agent(account, channel, clock, Counter())
    peer, caller = Peer(channel, ()), Recorder()
    for status in (401, 407):
        name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
        peer.extra[status] = [(name, 'Digest realm="r", nonce="n", qop="auth"')]
    call = OutgoingCall(agent, NUMBER, caller)
    clock.run(2)
    hung_up_at = None
    for number, (kind, value) in enumerate(steps):
        if kind == "wait":
            clock.run(value)
        elif kind == "hang up":
            hung_up_at = len(caller.events) if hung_up_at is None else hung_up_at
            call.hang_up()
        elif peer.requests("INVITE"):
            channel.say(words(peer, kind, value, number + 1))
        clock.run(0.01)
    ends = [event for event in caller.events if isinstance(event, tuple)]
    assert len(ends) <= 1
    assert not ends or caller.events[-1] == ends[0]
    assert "answered" not in caller.events or any(kind in {"answer", "fork"} for kind, _ in steps)
    if hung_up_at is not None:
        assert len(caller.events) == hung_up_at
    call.hang_up()
    clock.run(100)
    if call.stage is not Stage.OVER:  # still ringing: CANCEL got lost or is ignored
        clock.run(100)
    sent = len(channel.sent)
    clock.run(300)
    assert len(channel.sent) == sent
    assert call.stage is Stage.OVER
    assert agent.calls == 0
