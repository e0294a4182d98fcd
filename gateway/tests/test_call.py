import asyncio
import os
import struct
import wave

import pytest
from sealine_gateway import call
from sealine_gateway.loopback import Party, load
from sealine_gateway.metrics import Metrics
from sealine_gateway.trunk import Accepted, Answered
from sealine_protocol import mulaw
from sealine_protocol.errors import SettingsError

NUMBER = "12025550123"
FRAME = bytes(range(160))


async def connect(site, start, **kwargs):
    running = await start()
    terminal = site.issuing.terminal()
    await terminal.connect("127.0.0.1", site.port, **kwargs)
    return running, terminal


def dial(terminal, number=NUMBER):
    call_id = os.urandom(16)
    terminal.send({"type": "dial", "call": call_id, "number": number, "language": "en"})
    return call_id


async def talk(terminal):
    """As far as the acceptance."""
    call_id = dial(terminal)
    for state in ("ringing", "answered"):
        assert (await terminal.expect("progress"))["state"] == state
    terminal.send({"type": "notice-done", "call": call_id})
    assert (await terminal.expect("progress"))["state"] == "accepted"
    return call_id


def tone_wav(path, seconds=1):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"".join(struct.pack("<h", (i % 40) * 500 - 10000) for i in range(8000 * seconds)))


async def test_call_goes_from_dial_to_hang_up_and_both_parties_are_heard(site, start, tmp_path, until):
    tone_wav(tmp_path / "said.wav")
    heard = tmp_path / "heard.wav"
    site.parties[NUMBER] = Party(ring_ms=10, accept_ms=10, play=tmp_path / "said.wav", record=heard)
    running, terminal = await connect(site, start)
    call_id = await talk(terminal)
    for seq in range(25):
        terminal.stream.send_voice(seq, FRAME)
        await asyncio.sleep(0.02)
    await until(lambda: len(terminal.voice) >= 25)
    with wave.open(str(tmp_path / "said.wav")) as said:
        expected = mulaw.encode(said.readframes(8000))
    assert b"".join(frame for _, frame in terminal.voice[:25]) == expected[: 25 * 160]
    assert [seq for seq, _ in terminal.voice[:25]] == list(range(25))
    terminal.send({"type": "hang-up", "call": call_id})
    assert await terminal.expect("ended") == {"type": "ended", "call": call_id, "reason": "caller-hangup"}
    await until(heard.exists)
    with wave.open(str(heard)) as file:
        samples = file.readframes(file.getnframes())
    assert mulaw.encode(samples).count(FRAME.replace(b"\x7f", b"\xff")) >= 20
    assert running.gateway.metrics.registry.get_sample_value("sealine_gateway_calls") == 0
    await terminal.disconnect()


async def test_nothing_of_the_called_party_comes_before_the_acceptance(site, start, tmp_path):
    tone_wav(tmp_path / "said.wav")
    site.parties[NUMBER] = Party(ring_ms=10, accept_ms=400, play=tmp_path / "said.wav")
    _, terminal = await connect(site, start)
    call_id = dial(terminal)
    await terminal.expect("progress")
    await terminal.expect("progress")
    terminal.send({"type": "notice-done", "call": call_id})
    await asyncio.sleep(0.3)
    assert terminal.voice == []
    assert (await terminal.expect("progress"))["state"] == "accepted"
    await terminal.disconnect()


class _Recorder:
    def __init__(self):
        self.sent = []
        self.voice = []

    def send(self, message):
        self.sent.append(message)

    def send_voice(self, seq, _frame):
        self.voice.append(seq)


class _Trunk:
    """A trunk in the test's hand."""

    def dial(self, number, listener):
        self.number = number
        self.listener = listener
        self.heard = []
        self.over = False
        return self

    def send_voice(self, seq, _frame):
        self.heard.append(seq)

    def notice_done(self):
        pass

    def hang_up(self):
        self.over = True


async def test_a_trunk_that_accepts_before_the_notice_accepts_nothing():

    trunk, handset = _Trunk(), _Recorder()
    control = call.CallControl(trunk, Metrics(), lambda: 60, lambda _: False)
    control.dial(b"t", handset, b"c", NUMBER)
    trunk.listener.on_event(Accepted())
    trunk.listener.on_event(Answered())
    trunk.listener.on_event(Accepted())
    trunk.listener.on_voice(FRAME)
    assert [message["state"] for message in handset.sent] == ["answered"]
    assert handset.voice == []
    control.voice(b"t", 7, FRAME)
    assert trunk.heard == [7]  # the prompts go out
    control.notice_done(b"t", b"c")
    trunk.listener.on_event(Accepted())
    trunk.listener.on_voice(FRAME)
    assert [message["state"] for message in handset.sent] == ["answered", "accepted"]
    assert handset.voice == [0]
    control.hang_up(b"t", b"c")
    assert trunk.over


async def test_a_protected_line_leaves_no_trace_in_the_metrics():

    metrics = Metrics()
    value = metrics.registry.get_sample_value
    control = call.CallControl(_Trunk(), metrics, lambda: 60, lambda number: number == NUMBER)
    control.dial(b"t", _Recorder(), b"c", NUMBER)
    control.dial(b"u", _Recorder(), b"d", "12025550199")
    assert value("sealine_gateway_calls") == 1
    control.hang_up(b"t", b"c")
    assert value("sealine_gateway_calls") == 1
    assert value("sealine_gateway_calls_ended_total", {"reason": "caller-hangup"}) is None
    control.hang_up(b"u", b"d")
    assert value("sealine_gateway_calls_ended_total", {"reason": "caller-hangup"}) == 1


async def test_exactly_the_dialled_digits_reach_the_trunk():

    trunk = _Trunk()
    call.CallControl(trunk, Metrics(), lambda: 60, lambda _: False).dial(b"t", _Recorder(), b"c", "0049301234567")
    assert trunk.number == "0049301234567"


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [("busy", "busy"), ("fail", "trunk-failed"), ("no-answer", "unanswered")],
)
async def test_a_call_that_does_not_come_about_ends_with_its_reason(site, start, behaviour, reason):
    site.parties[NUMBER] = Party(behaviour=behaviour)
    _, terminal = await connect(site, start)
    call_id = dial(terminal)
    assert await terminal.expect("ended") == {"type": "ended", "call": call_id, "reason": reason}
    await terminal.disconnect()


async def test_refused_behind_the_notice(site, start):
    site.parties[NUMBER] = Party(behaviour="refuse", ring_ms=10, accept_ms=10)
    _, terminal = await connect(site, start)
    call_id = dial(terminal)
    await terminal.expect("progress")
    await terminal.expect("progress")
    terminal.send({"type": "notice-done", "call": call_id})
    assert (await terminal.expect("ended"))["reason"] == "refused"
    await terminal.disconnect()


async def test_unknown_number_is_a_failed_trunk(site, start):
    _, terminal = await connect(site, start)
    dial(terminal, "19995550000")
    assert (await terminal.expect("ended"))["reason"] == "trunk-failed"
    await terminal.disconnect()


async def test_called_party_hangs_up(site, start):
    site.parties[NUMBER] = Party(ring_ms=10, accept_ms=10, hang_up_ms=100)
    _, terminal = await connect(site, start)
    call_id = await talk(terminal)
    assert await terminal.expect("ended") == {"type": "ended", "call": call_id, "reason": "called-hangup"}
    await terminal.disconnect()


async def test_second_call_is_busy_and_the_same_dial_again_is_none(site, start):
    _, terminal = await connect(site, start)
    call_id = await talk(terminal)
    terminal.send({"type": "dial", "call": call_id, "number": NUMBER, "language": "en"})
    dial(terminal)
    assert (await terminal.expect("error"))["code"] == "busy"
    await terminal.disconnect()


async def test_call_messages_out_of_place_are_refused(site, start):
    _, terminal = await connect(site, start)
    terminal.send({"type": "notice-done", "call": os.urandom(16)})
    assert (await terminal.expect("error"))["code"] == "unexpected"
    terminal.send({"type": "hang-up", "call": os.urandom(16)})  # over already: no error
    await terminal.save(terminal.record())
    await terminal.disconnect()


async def test_call_survives_a_link_that_is_away_for_a_second(site, start, until):
    _, terminal = await connect(site, start)
    call_id = await talk(terminal)
    await until(lambda: terminal.voice)
    await terminal.disconnect()
    await asyncio.sleep(1.0)
    before = len(terminal.voice)
    await terminal.connect("127.0.0.1", site.port, call=call_id)
    assert terminal.welcome["call"] == call_id
    assert (await terminal.expect("progress"))["state"] == "accepted"
    await until(lambda: len(terminal.voice) > before + 5)
    terminal.send({"type": "hang-up", "call": call_id})
    assert (await terminal.expect("ended"))["reason"] == "caller-hangup"
    await terminal.disconnect()


async def test_call_ends_when_the_link_is_away_for_longer(site, start):
    running, terminal = await connect(site, start)
    call_id = await talk(terminal)
    await terminal.disconnect()
    await asyncio.sleep(2.5)
    assert running.gateway.metrics.registry.get_sample_value("sealine_gateway_calls") == 0
    await terminal.connect("127.0.0.1", site.port, call=call_id)
    assert terminal.welcome["call"] is None
    await talk(terminal)  # and the phone is free
    await terminal.disconnect()


async def test_end_during_a_broken_link_is_told_at_its_return(site, start):
    site.parties[NUMBER] = Party(ring_ms=10, accept_ms=10, hang_up_ms=300)
    _, terminal = await connect(site, start)
    call_id = await talk(terminal)
    await terminal.disconnect()
    await asyncio.sleep(0.8)
    await terminal.connect("127.0.0.1", site.port, call=call_id)
    assert terminal.welcome["call"] == call_id
    assert await terminal.expect("ended") == {"type": "ended", "call": call_id, "reason": "called-hangup"}
    await terminal.disconnect()


async def test_terminal_that_restarts_has_no_call_any_more(site, start):
    running, terminal = await connect(site, start)
    await talk(terminal)
    await terminal.disconnect()
    await terminal.connect("127.0.0.1", site.port)
    assert terminal.welcome["call"] is None
    assert running.gateway.metrics.registry.get_sample_value("sealine_gateway_calls") == 0
    await talk(terminal)
    await terminal.disconnect()


def test_mulaw_is_g711():
    """ITU-T G.711 table 2a: the decoder's end points, zero, and every code back to itself."""
    codes = bytes(range(256))
    linear = struct.unpack("<256h", mulaw.decode(codes))
    assert (linear[0x00], linear[0x80], linear[0xFF], linear[0x7F]) == (-32124, 32124, 0, 0)
    assert mulaw.encode(mulaw.decode(codes)) == codes.replace(b"\x7f", b"\xff")  # two codes for zero


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("x = 1", "x"),
        ('[party.1]\nbehavior = "answer"', "party.behavior"),
        ('[party.1]\nbehaviour = "dance"', "party.behaviour"),
        ("[party.1]\nring_ms = -1", "party.ring_ms"),
        ("[party.1]\nplay = 3", "party.play"),
        ("party = [", "script"),
    ],
)
async def test_wrong_script_is_refused_by_name(tmp_path, text, field):
    path = tmp_path / "parties.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=field):
        load(path)
