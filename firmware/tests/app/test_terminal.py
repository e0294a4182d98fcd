"""The whole terminal against a scripted gateway: what a person sees and hears, what is signed, sealed and let go of."""

import time
from typing import Any

import pytest
from sealine_hil.board import Lamp
from sealine_protocol import cose, recording
from sealine_protocol.codec import decode
from sealine_protocol.hashes import blake2b256, key_commitment

pytestmark = pytest.mark.timeout(60)


def test_a_recorded_call_from_the_handset_to_the_receipt(phone: Any, gateway: Any, world: Any) -> None:
    phone.dial("2025550123")
    phone.board.wait_display("$0.06 a minute")
    assert phone.board.display()[0].strip() == "RECORDED"
    phone.board.press("#")
    call = gateway.answer()
    assert gateway.count("chunk") == 0
    gateway.say(type="progress", call=call, state="accepted")
    phone.board.wait_display("Talking")
    assert phone.board.lamp() == Lamp.RED
    tone = bytes(160)
    for sequence in range(100):
        gateway.say_voice(sequence, tone)
        time.sleep(0.02)
    phone.board.hang_up()
    message = gateway.wait("record")
    signed = cose.parse(message["record"])
    record = gateway.fields(message)
    assert (record["seq"], record["end_reason"], record["privileged"]) == (0, "caller-hangup", "none")
    assert record["charge"] == {"minutes": 1, "amount": 60_000, "refunded": 0}
    assert [notice["party"] for notice in record["notice"]] == ["caller", "called"]
    assert all(notice["completed_at"] <= record["accepted_at"] for notice in record["notice"])
    assert signed.kid == gateway.terminal
    # the recording opens with two of three, and is all there
    facts = record["recording"]
    key = world.open_key(message, (0, 2))
    assert key_commitment(record["id"], key) == facts["key_commitment"]
    chunks = gateway.chunks_of(call)
    assert facts["state"] == "complete"
    assert sorted(chunks) == list(range(facts["chunks"]))
    assert recording.digest([recording.chunk_hash(chunks[i]) for i in sorted(chunks)]) == facts["digest"]
    last = facts["chunks"] - 1
    plain = [recording.open_chunk(key, call, i, chunks[i], final=i == last) for i in sorted(chunks)]
    seconds = sum(len(piece) for piece in plain) / 16_000
    assert abs(seconds - record["talk_ms"] / 1000) < 0.2
    # the far leg holds what was said there
    assert plain[1][8000:].count(0) > 4000  # 0 is loud; half of a second may be lost on a busy host
    # central's receipt, and nothing else, lets the record go
    subject = blake2b256(message["record"])
    assert phone.status()["waiting"] == "1"
    gateway.deliver("receipt", subject, world.receipt(message["record"] + b"x"))
    phone.wait_status("refused_answers", "1")
    assert phone.status()["waiting"] == "1"
    gateway.deliver("receipt", subject, world.receipt(message["record"]))
    phone.wait_status("waiting", "0")


def test_a_privileged_call_makes_no_key(phone: Any, gateway: Any) -> None:
    phone.dial("2025550199")
    phone.board.wait_display("PRIVATE")
    phone.board.press("#")
    call = gateway.answer()
    gateway.say(type="progress", call=call, state="accepted")
    phone.board.wait_display("Talking")
    assert phone.board.lamp() == Lamp.GREEN
    assert phone.board.display()[0].strip() == "PRIVATE"
    time.sleep(1.5)
    phone.board.hang_up()
    message = gateway.wait("record")
    record = gateway.fields(message)
    assert record["privileged"] == "directory"
    assert record["recording"] is None
    assert len(message["envelopes"]) == 2
    assert gateway.count("chunk") == 0


def test_a_protected_line_leaves_no_record(phone: Any, gateway: Any) -> None:
    phone.board.lift()
    phone.board.wait_display("1 English")
    phone.board.press("177#")
    phone.board.wait_display("CONFIDENTIAL")
    call = gateway.answer()
    gateway.say(type="progress", call=call, state="accepted")
    phone.board.wait_display("Talking")
    phone.board.hang_up()
    phone.board.wait_display("Lift the handset")
    time.sleep(0.5)
    assert (gateway.count("record"), gateway.count("chunk"), gateway.count("check-pin")) == (0, 0, 0)
    assert phone.status()["waiting"] == "0"


@pytest.mark.parametrize("reason", ["refused", "unanswered", "busy"])
def test_a_call_that_is_not_accepted_seals_nothing(phone: Any, gateway: Any, reason: str) -> None:
    phone.dial("2025550123")
    phone.board.wait_display("Any key: call")
    phone.board.press("#")
    call = gateway.wait("dial")["call"]
    gateway.say(type="progress", call=call, state="ringing")
    gateway.say(type="ended", call=call, reason=reason)
    record = gateway.record()
    assert record["end_reason"] == reason
    assert (record["recording"], record["accepted_at"], record["charge"]["amount"]) == (None, None, 0)
    assert gateway.count("chunk") == 0


def test_a_reset_in_a_call_becomes_a_cut_record(phone: Any, gateway: Any) -> None:
    call = phone.talk(gateway)
    gateway.wait("chunk", timeout_s=20, skip=12)  # the tenth is confirmed, and its checkpoint is in the journal
    phone.kill()
    gateway.call = None
    phone.start()
    message = gateway.wait("record")
    record = gateway.fields(message)
    assert (record["id"], record["end_reason"]) == (call, "reset")
    assert record["recording"]["state"] == "cut"
    assert record["recording"]["chunks"] >= 10
    checkpoint = cose.parse(record["recording"]["checkpoint"])
    assert decode("checkpoint", checkpoint.payload)["digest"] == record["recording"]["digest"]
    assert record["charge"]["refunded"] == 1


def test_a_link_that_is_away_for_a_second_keeps_the_call(phone: Any, gateway: Any) -> None:
    call = phone.talk(gateway)
    time.sleep(1.5)
    gateway.drop(1.2)
    assert gateway.wait("ready", skip=1)["call"] == call
    time.sleep(1.5)
    assert "Talking" in phone.board.display()[1]
    assert int(phone.status()["frames_lost"]) >= 50
    phone.board.hang_up()
    record = gateway.record()
    assert record["end_reason"] == "caller-hangup"
    assert sorted(gateway.chunks_of(call)) == list(range(record["recording"]["chunks"]))


def test_a_link_that_stays_away_ends_the_call_and_keeps_the_record(phone: Any, gateway: Any) -> None:
    phone.talk(gateway)
    gateway.drop(7.0)
    phone.board.wait_display("Connection lost")
    phone.board.hang_up()
    phone.board.wait_display("NOT IN SERVICE")
    gateway.call = None
    record = gateway.record(timeout_s=15)
    assert record["end_reason"] == "link-lost"
    phone.board.wait_display("Lift the handset")


def test_records_chain_and_survive_a_power_cut(phone: Any, gateway: Any) -> None:
    for number in ("2025550123", "2025550124"):
        before = gateway.count("hang-up")
        phone.dial(number)
        phone.board.wait_display("Any key: call")
        phone.board.press("#")
        gateway.wait("dial", skip=before)
        phone.board.hang_up()
        gateway.wait("record", skip=before)
    first, second = (message for message in gateway.heard if message["type"] == "record")
    assert gateway.fields(second)["prev"] == blake2b256(first["record"])
    heard = gateway.count("record")
    phone.reboot()
    assert gateway.wait("record", skip=heard)["record"] == first["record"]
    assert gateway.wait("record", skip=heard + 1)["record"] == second["record"]
