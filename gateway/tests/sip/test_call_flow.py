"""Outgoing calls against a scripted peer, in virtual time, over a network with faults."""

import pytest
from sealine_gateway.sip import sdp
from sealine_gateway.sip.errors import MessageError
from sealine_gateway.sip.outgoing import Stage

from .conftest import ANSWER, NUMBER, Faults

RING_AND_ANSWER = (100, 180, 200)


def test_call_rings_is_answered_and_ends_by_the_peer(scene):
    it = scene(RING_AND_ANSWER)
    it.dial()
    it.run(1)
    assert it.events == ["ringing", "answered"]
    assert it.peer.acked == 1
    it.channel.say(it.peer.request("BYE", 1))
    it.run(1)
    assert it.events[-1] == ("over", 0)
    assert it.peer.responses("BYE") == [200]
    it.run(60)
    assert it.agent.calls == 0


def test_exactly_the_dialled_digits_are_in_the_request_and_the_prefix_before_them(scene):
    it = scene((100,), prefix="+")
    it.dial()
    it.run(0.1)
    invite = it.peer.requests("INVITE")[0]
    assert invite.uri.text == f"sip:+{NUMBER}@trunk.example"
    assert invite.recipient.uri.text == invite.uri.text
    assert invite.sender.uri.user == "facility"


def test_hang_up_in_a_talk_is_bye_to_the_contact(scene):
    it = scene(RING_AND_ANSWER)
    call = it.dial()
    it.run(1)
    call.hang_up()
    it.run(1)
    (bye,) = it.peer.requests("BYE")
    assert bye.uri.text == "sip:peer@192.0.2.9:5060"
    assert (bye.recipient.tag, bye.cseq.number) == ("peer-tag", 2)
    assert it.events == ["ringing", "answered"]  # nothing follows our own hang-up


def test_hang_up_before_any_answer_waits_for_one_then_cancels(scene):
    it = scene(())
    call = it.dial()
    it.run(0.2)
    call.hang_up()
    it.run(0.2)
    assert it.peer.requests("CANCEL") == []
    invite = it.peer.requests("INVITE")[0]
    it.channel.say(it.peer.reply(invite, 100))
    it.run(0.2)
    (cancel,) = it.peer.requests("CANCEL")
    assert cancel.vias[0].branch == invite.vias[0].branch
    assert cancel.cseq.number == invite.cseq.number
    it.channel.say(it.peer.reply(invite, 487))
    it.run(1)
    assert it.peer.acked == 1
    assert it.events == []
    assert call.stage is Stage.OVER


def test_a_peer_that_ignores_cancel_is_given_up(scene):
    it = scene((100, 180))
    call = it.dial()
    it.run(1)
    call.hang_up()
    it.run(40)
    assert call.stage is Stage.OVER
    it.run(40)
    assert it.agent.calls == 0


def test_answer_that_crosses_our_cancel_is_acknowledged_and_ended(scene):
    it = scene((180,))
    call = it.dial()
    it.run(1)
    call.hang_up()
    it.channel.say(it.peer.reply(it.peer.requests("INVITE")[0], 200))
    it.run(1)
    assert it.peer.acked == 1
    assert len(it.peer.requests("BYE")) == 1
    assert it.events == ["ringing"]


@pytest.mark.parametrize("status", [302, 404, 480, 486, 488, 503, 600, 603])
def test_a_refusal_is_acknowledged_on_the_invites_branch_and_reported_once(scene, status):
    it = scene((100, status))
    it.dial()
    it.run(60)
    assert it.events == [("over", status)]
    (ack,) = it.peer.requests("ACK")
    assert ack.vias[0].branch == it.peer.requests("INVITE")[0].vias[0].branch
    assert ack.recipient.tag == "peer-tag"


def test_nobody_there_times_out_behind_seven_invites(scene):
    it = scene(())
    it.dial()
    it.run(31.9)
    assert it.events == []
    it.run(0.2)
    assert it.events == [("over", 408)]
    times = [round(at, 3) for at, _ in it.channel.sent]
    assert times == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]  # RFC 3261 section 17.1.1.2
    it.run(100)
    assert len(it.channel.sent) == 7


def test_a_stream_is_not_repeated(scene):
    it = scene((), reliable=True)
    it.dial()
    it.run(40)
    assert len(it.channel.sent) == 1
    assert it.events == [("over", 408)]


def test_bye_is_repeated_at_t1_up_to_t2_until_answered(scene):
    it = scene(RING_AND_ANSWER)
    call = it.dial()
    it.run(1)
    it.channel.faults.lose = 1.0
    start = len(it.channel.sent)
    at = it.clock.time()
    call.hang_up()
    it.run(40)
    times = [round(when - at, 3) for when, _ in it.channel.sent[start:]]
    assert times == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]  # section 17.1.2.2


def test_a_repeated_answer_is_acknowledged_again(scene):
    it = scene((200,))
    it.dial()
    it.run(1)
    invite = it.peer.requests("INVITE")[0]
    for _ in range(3):
        it.channel.say(it.peer.reply(invite, 200))
    it.run(1)
    assert it.peer.acked == 4
    assert it.events == ["answered"]


def test_the_second_branch_of_a_fork_is_ended(scene):
    it = scene((200,))
    it.dial()
    it.run(1)
    it.channel.say(it.peer.reply(it.peer.requests("INVITE")[0], 200, tag="other"))
    it.run(1)
    (bye,) = it.peer.requests("BYE")
    assert bye.recipient.tag == "other"
    assert it.events == ["answered"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"garbage",
        b"v=0\r\nm=audio 4000 RTP/AVP 8\r\nc=IN IP4 192.0.2.9\r\n",
        b"v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 0 RTP/AVP 0\r\n",
        b"v=0\r\nc=IN IP4 trunk.example\r\nm=audio 4000 RTP/AVP 0\r\n",
        b"v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 4000 RTP/SAVP 0\r\n",
    ],
)
def test_an_answer_that_we_cannot_speak_is_acknowledged_and_ended(scene, body):
    it = scene((180, 200), body=body)
    it.dial()
    it.run(1)
    assert it.peer.acked == 1
    assert len(it.peer.requests("BYE")) == 1
    assert it.events == ["ringing", ("over", 488)]


def test_early_media_is_no_answer(scene):
    it = scene((183,))
    it.dial()
    invite = None
    it.run(1)
    invite = it.peer.requests("INVITE")[0]
    data = it.peer.reply(invite, 183)
    it.channel.say(
        data.replace(b"Content-Length: 0", b"Content-Type: application/sdp\r\nContent-Length: %d" % len(ANSWER))
        + ANSWER
    )
    it.run(1)
    assert it.events == ["ringing"]


def test_reinvite_is_answered_until_acknowledged(scene):
    it = scene(RING_AND_ANSWER)
    it.dial()
    it.run(1)
    start = len(it.channel.sent)
    it.channel.say(it.peer.request("INVITE", 7, body=ANSWER))
    it.run(2)
    assert it.events[-1] == "changed"
    assert [data[:11] for _, data in it.channel.sent[start:]] == [b"SIP/2.0 200"] * 3  # 0, 0.5 and 1.5 s
    it.channel.say(it.peer.request("ACK", 7))
    it.run(10)
    assert len(it.channel.sent) == start + 3
    assert it.call.stage is Stage.TALKING


def test_a_repeated_reinvite_changes_nothing_twice(scene):
    it = scene(RING_AND_ANSWER)
    it.dial()
    it.run(1)
    for _ in range(3):
        it.channel.say(it.peer.request("INVITE", 7, body=ANSWER))
    it.run(0.3)
    assert it.events.count("changed") == 1
    assert it.peer.responses("INVITE") == [200, 200, 200]


def test_reinvite_without_ack_ends_the_call(scene):
    it = scene(RING_AND_ANSWER)
    it.dial()
    it.run(1)
    it.channel.say(it.peer.request("INVITE", 7, body=ANSWER))
    it.run(40)
    assert it.events[-1] == ("over", 488)
    assert len(it.peer.requests("BYE")) == 1


def test_reinvite_without_offer_gets_ours_and_its_ack_brings_the_answer(scene):
    it = scene(RING_AND_ANSWER)
    it.dial()
    it.run(1)
    it.channel.say(it.peer.request("INVITE", 7))
    it.run(0.3)
    offer = next(m for m in reversed(it.peer.seen) if m.body)
    assert sdp.parse(offer.body).audio.port == 30000
    it.channel.say(it.peer.request("ACK", 7, body=ANSWER))
    it.run(1)
    assert it.events.count("answered") == 2
    it.channel.say(it.peer.request("INVITE", 8))
    it.run(0.3)
    it.channel.say(it.peer.request("ACK", 8))  # without the answer that it owes
    it.run(1)
    assert it.events[-1] == ("over", 488)


def test_an_unusable_reinvite_is_refused_and_the_call_goes_on(scene):
    it = scene(RING_AND_ANSWER)
    it.dial()
    it.run(1)
    it.channel.say(it.peer.request("INVITE", 7, body=ANSWER.replace(b"40000", b"6666")))
    it.run(0.3)
    it.channel.say(it.peer.request("ACK", 7))
    it.channel.say(it.peer.request("INVITE", 8, body=ANSWER, extra=(("Require", "100rel"),)))
    it.run(0.3)
    it.channel.say(it.peer.request("ACK", 8))
    it.run(60)
    assert it.peer.responses("INVITE") == [488, 420]
    assert it.call.stage is Stage.TALKING


def test_requests_within_a_call_are_answered_by_the_book(scene):
    it = scene(RING_AND_ANSWER)
    it.dial()
    it.run(1)
    it.channel.say(it.peer.request("OPTIONS", 5))
    it.channel.say(it.peer.request("INFO", 6))
    it.channel.say(it.peer.request("OPTIONS", 4, branch="z9hG4bKold"))
    it.channel.say(it.peer.request("CANCEL", 7))
    it.channel.say(it.peer.request("BYE", 9, tag="wrong"))
    it.run(1)
    assert it.peer.responses("OPTIONS") == [200, 500]
    assert it.peer.responses("INFO") == [405]
    assert it.peer.responses("CANCEL") == [481]
    assert it.peer.responses("BYE") == [481]
    assert it.call.stage is Stage.TALKING


def test_a_repeated_bye_gets_its_answer_again(scene):
    it = scene(RING_AND_ANSWER)
    it.dial()
    it.run(1)
    for _ in range(3):
        it.channel.say(it.peer.request("BYE", 3))
        it.run(1)
    assert it.peer.responses("BYE") == [200, 200, 200]
    assert it.events.count(("over", 0)) == 1


@pytest.mark.parametrize(
    ("method", "status"), [("OPTIONS", 200), ("INVITE", 403), ("BYE", 481), ("CANCEL", 481), ("REGISTER", 405)]
)
def test_what_belongs_to_no_call_is_answered_without_state(scene, method, status):
    it = scene((100,))
    it.dial()
    it.run(0.1)
    data = it.peer.request(method, 3)
    data = data.replace(b";tag=" + it.call.dialog.tag.encode(), b"")
    it.channel.say(data)
    it.channel.say(data)
    it.run(1)
    answers = [m for m in it.peer.seen if hasattr(m, "status") and m.cseq.method == method]
    assert [m.status for m in answers] == [status, status]
    assert len({m.recipient.tag for m in answers}) == 1
    assert it.agent.calls == 1


def test_responses_to_nothing_of_ours_are_dropped(scene):
    it = scene((100,))
    it.dial()
    it.run(0.1)
    invite = it.peer.requests("INVITE")[0]
    good = it.peer.reply(invite, 200)
    it.channel.say(good.replace(invite.vias[0].branch.encode(), b"z9hG4bKwrong"))
    it.channel.say(good.replace(b"\r\nFrom:", b"\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKx\r\nFrom:", 1))
    it.channel.say(good.replace(b"1 INVITE", b"1 BYE"))
    it.run(1)
    assert it.events == []
    assert it.agent.counts["stray"] == 3


@pytest.mark.parametrize("seed", range(25))
def test_calls_come_about_and_end_over_a_network_that_loses_doubles_and_reorders(scene, seed):
    it = scene((100, 180, 200), faults=Faults(seed=seed, lose=0.3, double=0.3, jitter_s=0.3))
    call = it.dial()
    it.run(33)
    assert it.events[-1] == "answered"
    assert it.events.count("answered") == 1
    assert it.peer.acked >= 1
    call.hang_up()
    it.run(33)
    assert it.peer.requests("BYE")
    assert call.stage is Stage.OVER
    it.run(100)
    assert it.agent.calls == 0
    sent = len(it.channel.sent)
    it.run(200)
    assert len(it.channel.sent) == sent  # nothing goes on for ever


def test_ping_asks_with_options(scene):
    it = scene(())
    results = []
    it.agent.ping(results.append)
    it.run(1)
    assert results == [True]
    it.channel.faults.lose = 1.0
    it.agent.ping(results.append)
    it.run(40)
    assert results == [True, False]


def test_a_line_break_cannot_get_into_a_field_of_ours(scene):
    it = scene((100,))
    dialog = it.dial().dialog
    with pytest.raises(MessageError, match="line break"):
        dialog.request("INVITE", 1, "z9hG4bKx", (("X", "a\r\nb"),))
