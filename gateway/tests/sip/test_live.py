"""The trunk adapter on real sockets against a peer of ours: voice, keys, hostile peers, transports, failover."""

import asyncio
import random
import time

import pytest
from sealine_gateway.errors import TrunkError
from sealine_gateway.sip import leg as sip_leg
from sealine_gateway.sip import rtcp, rtp, sdp

from .conftest import NUMBER
from .live import FRAME, HOST, Ear, LivePeer, make_trunk, until


@pytest.fixture
async def site(tmp_path):
    """`site(*script)` gives a peer and a trunk to it; all is closed behind the test."""
    closing = []

    async def make(*script, transport="udp", context=None, body=None, **config):
        peer = await LivePeer().start(*script, transport=transport, context=context, body=body)
        trunk = await make_trunk(tmp_path, peer.config(**config))
        closing.extend([peer, trunk])
        return peer, trunk

    yield make
    for item in reversed(closing):
        result = item.close()
        if result is not None:
            await result


async def answered(trunk, ear):
    leg = trunk.dial(NUMBER, ear.listener())
    await until(lambda: "Answered" in ear.names)
    return leg


async def accepted(peer, trunk, ear):
    leg = await answered(trunk, ear)
    leg.notice_done()
    peer.key("1", 0, 8000)
    await until(lambda: "Accepted" in ear.names)
    return leg


async def test_a_thousand_frames_each_way_and_none_is_lost(site):
    peer, trunk = await site()
    ear = Ear()
    leg = await accepted(peer, trunk, ear)
    peer.heard.clear()
    frames = [random.Random(i).randbytes(160) for i in range(1000)]
    for count, frame in enumerate(frames):
        leg.send_voice(count, frame)
        peer.voice(6 + count, frame)
        await asyncio.sleep(0.005)
    await until(lambda: len(ear.frames) >= 1000 and len(peer.heard) >= 1000)
    assert ear.frames == frames
    packets = [rtp.parse(data) for data, _ in peer.heard]
    assert [packet.payload for packet in packets] == frames
    assert {packet.payload_type for packet in packets} == {0}
    assert [(packet.seq - packets[0].seq) & 0xFFFF for packet in packets] == list(range(1000))
    assert [(p.timestamp - packets[0].timestamp) & 0xFFFFFFFF for p in packets[:9]] == [160 * i for i in range(9)]
    assert leg.counts["lost"] == leg.counts["late"] == 0
    leg.hang_up()
    await until(lambda: peer.peer.requests("BYE"))
    assert ear.names == ["Ringing", "Answered", "Accepted"]


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ("1", ["Accepted"]),
        ("2", ["refused"]),
        ("99", ["blocked"]),
        ("9", []),
        ("345678*#0", []),
        ("11112", ["Accepted"]),
    ],
)
async def test_the_called_party_chooses_by_key(site, keys, names):
    peer, trunk = await site()
    ear = Ear()
    leg = await answered(trunk, ear)
    leg.notice_done()
    seq = 0
    for index, key in enumerate(keys):
        seq = peer.key(key, seq, 8000 + 800 * index)
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    assert ear.names == ["Ringing", "Answered", *names]
    if names[:1] not in ([], ["Accepted"]):
        await until(lambda: peer.peer.requests("BYE"))


async def test_keys_and_voice_before_the_notice_is_over_do_nothing(site):
    peer, trunk = await site()
    ear = Ear()
    leg = await answered(trunk, ear)
    seq = peer.key("1", 0, 8000)
    for count in range(20):
        peer.voice(seq + count)
    await asyncio.sleep(0.1)
    leg.notice_done()
    peer.key("1", seq + 20, 8000)  # the tail of the same key press
    for count in range(20):
        peer.voice(seq + 26 + count)
    await asyncio.sleep(0.2)
    assert ear.names == ["Ringing", "Answered"]
    assert ear.frames == []


async def test_hanging_up_refuses_before_the_acceptance_and_ends_behind_it(site):
    peer, trunk = await site()
    ear = Ear()
    await answered(trunk, ear)
    peer.say(peer.peer.request("BYE", 1))
    await until(lambda: ear.names[-1] == "refused")
    again = Ear()
    await accepted(peer, trunk, again)
    peer.say(peer.peer.request("BYE", 2, branch="z9hG4bKsecond"))
    await until(lambda: again.names[-1] == "called-hangup")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (486, "busy"),
        (600, "busy"),
        (603, "refused"),
        (480, "unanswered"),
        (404, "trunk-failed"),
        (503, "trunk-failed"),
        (302, "trunk-failed"),
    ],
)
async def test_a_call_that_does_not_come_about_ends_with_its_reason(site, status, reason):
    peer, trunk = await site((100, status))
    ear = Ear()
    trunk.dial(NUMBER, ear.listener())
    await until(lambda: ear.names == [reason])
    await until(lambda: peer.peer.acked == 1)


async def test_early_media_is_heard_by_nobody(site):
    peer, trunk = await site((183,))
    ear = Ear()
    leg = trunk.dial(NUMBER, ear.listener())
    await until(lambda: ear.names == ["Ringing"])
    for seq in range(50):
        peer.voice(seq)
    peer.key("1", 50, 8000)
    leg.notice_done()  # which call control does not do here; even then nothing comes of it
    await asyncio.sleep(0.1)
    assert leg.counts["received"] == 0
    invite = peer.peer.requests("INVITE")[0]
    peer.say(peer.peer.reply(invite, 200))
    await until(lambda: "Answered" in ear.names)
    await asyncio.sleep(0.1)
    assert ear.names == ["Ringing", "Answered"]
    assert (ear.frames, leg.counts["received"]) == ([], 0)


async def test_a_peer_that_answers_and_sends_nothing_leaves_the_decision_to_the_terminal(site):
    peer, trunk = await site()
    ear = Ear()
    leg = await answered(trunk, ear)
    leg.notice_done()
    await asyncio.sleep(0.5)
    assert ear.names == ["Ringing", "Answered"]
    leg.hang_up()
    await until(lambda: peer.peer.requests("BYE"))
    assert ear.names == ["Ringing", "Answered"]


async def test_a_talking_peer_that_falls_silent_for_good_is_given_up(site, monkeypatch):
    monkeypatch.setattr(sip_leg, "SILENT_S", 0.3)
    peer, trunk = await site()
    ear = Ear()
    await accepted(peer, trunk, ear)
    await until(lambda: ear.names[-1] == "trunk-failed", 3)
    await until(lambda: peer.peer.requests("BYE"))


async def test_a_talking_peer_that_put_us_on_hold_may_be_silent(site, monkeypatch):
    monkeypatch.setattr(sip_leg, "SILENT_S", 0.3)
    peer, trunk = await site()
    ear = Ear()
    await accepted(peer, trunk, ear)
    peer.say(peer.peer.request("INVITE", 1, body=sdp.build(HOST, 9, version=(1, 2), crypto=None, direction="inactive")))
    await until(lambda: peer.peer.responses("INVITE") == [200])
    peer.say(peer.peer.request("ACK", 1))
    await asyncio.sleep(1.5)
    assert ear.names[-1] == "Accepted"


async def test_a_flood_of_voice_costs_its_own_call_only(site):
    peer, trunk = await site()
    ear, calm = Ear(), Ear()
    flooded = await accepted(peer, trunk, ear)
    flooded_offer = peer.offer
    await accepted(peer, trunk, calm)
    stop = asyncio.Event()

    async def flood():
        seq = 100
        while not stop.is_set():
            for _ in range(200):
                packet = rtp.build(rtp.Packet(0, False, seq & 0xFFFF, seq * 160, 77, FRAME))
                peer.sound.sendto(packet, (flooded_offer.address, flooded_offer.port))
                seq += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(flood())
    for count in range(100):
        peer.voice(6 + count)
        await asyncio.sleep(0.01)
    stop.set()
    await task
    await until(lambda: len(calm.frames) >= 100)
    assert calm.frames == [FRAME] * 100
    assert len(ear.frames) < 1000  # of the tens of thousands sent
    assert flooded._media._rtp.flooded > 0


async def test_voice_from_elsewhere_is_not_heard(site):
    peer, trunk = await site()
    ear = Ear()
    await accepted(peer, trunk, ear)
    stranger = await LivePeer().start()
    for seq in range(100):
        data = rtp.build(rtp.Packet(0, False, seq, seq * 160, 77, FRAME))
        stranger.sound.sendto(data, (peer.offer.address, peer.offer.port))
    await asyncio.sleep(0.1)
    assert ear.frames == []
    stranger.close()


async def test_another_source_and_another_codec_are_not_heard(site):
    peer, trunk = await site()
    ear = Ear()
    leg = await accepted(peer, trunk, ear)
    peer.voice(6)
    for count in range(30):
        peer.voice(7 + count)
        peer.voice(9000 + count, b"\x55" * 160, ssrc=1234)  # another SSRC between ours
        peer.voice(7 + count, b"\x55" * 160, kind=8)  # A-law
        peer.play(b"garbage")
        peer.play(bytes(12))
        await asyncio.sleep(0.02)
    await until(lambda: len(ear.frames) == 31)
    assert set(ear.frames) == {FRAME}
    assert leg.counts["other-source"] == 30
    assert leg.counts["other-codec"] == 30
    assert leg.counts["bad-rtp"] == 60


async def test_keys_of_another_source_do_not_count(site):
    peer, trunk = await site()
    ear = Ear()
    leg = await answered(trunk, ear)
    leg.notice_done()
    peer.voice(0)
    await asyncio.sleep(0.02)
    peer.voice(1, bytes((1, 10, 0, 160)), kind=101, ssrc=1234)
    await asyncio.sleep(0.1)
    assert "Accepted" not in ear.names


async def test_longer_and_shorter_packets_become_frames_of_20_ms(site):
    peer, trunk = await site()
    ear = Ear()
    await accepted(peer, trunk, ear)
    sound = random.Random(1).randbytes(80 + 80 + 240 + 160 + 800)
    at = 0
    for seq, size in enumerate((80, 80, 240, 160, 800)):
        peer.voice(6 + seq, sound[at : at + size], timestamp=at)
        at += size
    peer.voice(11, bytes(1200))
    await asyncio.sleep(0.1)
    assert b"".join(ear.frames) == sound[: len(ear.frames) * 160]
    assert len(ear.frames) == len(sound) // 160


async def test_garbage_on_the_signalling_port_disturbs_no_call(site):
    peer, trunk = await site()
    ear = Ear()
    await accepted(peer, trunk, ear)
    rng = random.Random(5)
    for _ in range(300):
        peer.say(rng.randbytes(rng.randrange(1, 1400)))
    good = peer.peer.request("BYE", 1)
    for _ in range(100):
        bad = bytearray(good)
        for _ in range(8):
            bad[rng.randrange(20, len(bad))] = rng.randrange(256)
        peer.say(bytes(bad).replace(b"BYE", b"XYZ"))
    await asyncio.sleep(0.3)
    assert "called-hangup" not in ear.names
    assert trunk.lines[0].counts["malformed"] > 100
    peer.voice(6)
    await until(lambda: ear.frames == [FRAME])


async def test_reinvite_moves_the_voice_and_hold_stops_ours(site):
    peer, trunk = await site()
    ear = Ear()
    leg = await accepted(peer, trunk, ear)
    other = await LivePeer().start()
    other_port = other.sound.get_extra_info("sockname")[1]
    body = sdp.build(HOST, other_port, version=(1, 2), crypto=None)
    peer.say(peer.peer.request("INVITE", 1, body=body))
    await until(lambda: peer.peer.responses("INVITE") == [200])
    peer.say(peer.peer.request("ACK", 1))
    leg.send_voice(0, FRAME)
    await until(lambda: other.heard)
    hold = sdp.build(HOST, other_port, version=(1, 3), crypto=None, direction="inactive")
    older = body.replace(b"c=IN IP4 127.0.0.1", b"c=IN IP4 0.0.0.0")
    for cseq, held in ((2, hold), (3, older)):
        peer.say(peer.peer.request("INVITE", cseq, body=held))
        await until(lambda cseq=cseq: peer.peer.responses("INVITE") == [200] * cseq)
        peer.say(peer.peer.request("ACK", cseq))
        other.heard.clear()
        leg.send_voice(cseq, FRAME)
        await asyncio.sleep(0.05)
        assert other.heard == []
    answers = [sdp.parse(message.body).audio.direction for message in peer.peer.seen if message.body]
    assert answers[-2:] == ["inactive", "sendrecv"]
    assert ear.names[-1] == "Accepted"
    other.close()


async def test_reports_are_sent_and_say_goodbye(site):
    loop = asyncio.get_running_loop()
    rtcp_heard = []

    class Reports(asyncio.DatagramProtocol):
        def datagram_received(self, data, _addr):
            rtcp_heard.append(data)

    transport, _ = await loop.create_datagram_endpoint(Reports, local_addr=(HOST, 0))
    port = transport.get_extra_info("sockname")[1]
    peer, trunk = await site()
    peer.peer.body += f"a=rtcp:{port}\r\n".encode()
    ear = Ear()
    leg = await accepted(peer, trunk, ear)
    for count in range(3):
        leg.send_voice(count, FRAME)
        peer.voice(6 + count)
    await until(lambda: len(ear.frames) == 3)
    ssrc = leg._media._sender.ssrc
    leg.hang_up()
    await until(lambda: rtcp_heard)
    report = rtcp.parse(rtcp_heard[0], 77)
    assert (report.ssrc, report.lost, report.goodbye) == (ssrc, 0, True)
    assert int.from_bytes(rtcp_heard[0][20:24], "big") == 3  # packets in the sender report
    transport.close()


async def test_a_peer_without_keys_is_named_in_the_log_without_any_number(site, caplog):
    body = sdp.build(HOST, 40_000, version=(1, 1), crypto=None, event=None)
    _, trunk = await site(body=body)
    ear = Ear()
    with caplog.at_level("DEBUG"):
        await answered(trunk, ear)
    assert "no digits" in caplog.text
    assert NUMBER not in caplog.text


@pytest.mark.parametrize(
    ("srtp", "protected", "names"),
    [
        ("require", False, ["Ringing", "trunk-failed"]),
        ("prefer", False, ["Ringing", "Answered"]),  # called again without protection
        ("off", True, ["Ringing", "trunk-failed"]),
    ],
)
async def test_an_answer_with_other_protection_than_offered(site, srtp, protected, names):
    body = sdp.build(HOST, 40_000, version=(1, 1), crypto=sdp.new_crypto() if protected else None)
    peer, trunk = await site(body=body, srtp=srtp)
    ear = Ear()
    trunk.dial(NUMBER, ear.listener())
    await until(lambda: ear.names == names)
    offers = [b"RTP/SAVP" in message.body for message in peer.peer.requests("INVITE")]
    assert offers == {"require": [True], "prefer": [True, False], "off": [False]}[srtp]


# --- several lines


async def two(tmp_path, *scripts, ping_s=30):
    peers = [await LivePeer().start(*script) for script in scripts]
    trunk = await make_trunk(tmp_path, *(peer.config(ping_s=ping_s) for peer in peers))
    await until(lambda: all(line.channel.connected for line in trunk.lines))
    return peers, trunk


async def end(peers, trunk):
    await trunk.close()
    for peer in peers:
        peer.close()


async def test_a_line_that_is_out_of_service_is_passed_over(tmp_path):
    peers, trunk = await two(tmp_path, [(100, 503)], [(100, 180, 200)])
    ear = Ear()
    await answered(trunk, ear)
    assert ear.names == ["Ringing", "Answered"]
    again = Ear()
    await answered(trunk, again)
    assert len(peers[0].peer.requests("INVITE")) == 1  # it is known to be down: tried last
    await end(peers, trunk)


async def test_a_silent_line_is_passed_over_in_four_seconds(tmp_path, monkeypatch):
    monkeypatch.setattr(sip_leg, "FAILOVER_S", 0.5)
    peers, trunk = await two(tmp_path, [()], [(100, 180, 200)])
    ear = Ear()
    start = time.monotonic()
    leg = await answered(trunk, ear)
    assert 0.4 < time.monotonic() - start < 2
    invite = peers[0].peer.requests("INVITE")[0]
    peers[0].say(peers[0].peer.reply(invite, 200))  # too late: acknowledged and ended
    await until(lambda: peers[0].peer.requests("BYE"))
    assert ear.names == ["Ringing", "Answered"]
    leg.hang_up()
    await end(peers, trunk)


@pytest.mark.parametrize(("status", "reason"), [(486, "busy"), (503, "trunk-failed")])
async def test_a_call_that_has_rung_is_not_tried_on_another_line(tmp_path, status, reason):
    peers, trunk = await two(tmp_path, [(100, 180, status)], [(100, 180, 200)])
    ear = Ear()
    trunk.dial(NUMBER, ear.listener())
    await until(lambda: ear.names == ["Ringing", reason])
    assert peers[1].peer.requests("INVITE") == []
    await end(peers, trunk)


async def test_all_lines_failing_ends_the_call_once(tmp_path):
    peers, trunk = await two(tmp_path, [(503,)], [(500,)])
    ear = Ear()
    trunk.dial(NUMBER, ear.listener())
    await until(lambda: ear.names == ["trunk-failed"])
    await end(peers, trunk)


async def test_ping_notices_a_line_that_goes_and_comes_back(tmp_path):
    peers, trunk = await two(tmp_path, [(503,)], [(200,)], ping_s=0.1)
    peers[0].options_status = 503
    await until(lambda: not trunk.lines[0].up)
    peers[0].options_status = 404  # any other answer is one
    await until(lambda: trunk.lines[0].up)
    await end(peers, trunk)


async def test_no_connected_line_is_an_error_at_once(tmp_path):
    peer = await LivePeer().start(transport="tcp")
    trunk = await make_trunk(tmp_path, peer.config())
    peer.close()
    await until(lambda: not trunk.lines[0].channel.connected)
    with pytest.raises(TrunkError):
        trunk.dial(NUMBER, Ear().listener())
    await trunk.close()


# --- streams


async def test_call_over_tcp_and_a_stream_out_of_step_is_made_again(site):
    peer, trunk = await site(transport="tcp")
    ear = Ear()
    leg = await accepted(peer, trunk, ear)
    peer.voice(6)
    await until(lambda: ear.frames)
    assert ";transport=tcp" in peer.peer.requests("INVITE")[0].get("contact")
    peer.say(b"x" * 20_000)
    await until(lambda: not trunk.lines[0].channel.connected)
    await until(lambda: trunk.lines[0].channel.connected)
    leg.hang_up()  # by the new connection
    await until(lambda: peer.peer.requests("BYE"))


async def test_close_ends_all_calls(site):
    peer, trunk = await site()
    for _ in range(3):
        await answered(trunk, Ear())
    await trunk.close()
    assert len(peer.peer.requests("BYE")) == 3
