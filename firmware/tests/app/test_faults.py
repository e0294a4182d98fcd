"""The whole terminal when something beside it fails: files, the bulk channel, a line that doubles and spoils frames."""

import time
from typing import Any

import pytest
from sealine_hil.board import Lamp
from sealine_protocol import codec, cose, recording
from sealine_protocol.hashes import blake2b256

pytestmark = pytest.mark.timeout(60)

SPOIL = """
for name in os.listdir("/flash/bundles"):
    if name.startswith("{kind}-"):
        with open("/flash/bundles/" + name, "r+b") as file:
            file.write(b"spoilt")
"""
REMOVE = """
for name in os.listdir("/flash/bundles"):
    if name.startswith("{kind}-"):
        os.remove("/flash/bundles/" + name)
"""


def reboot_after(phone: Any, gateway: Any, program: str) -> None:
    """Power off, change the files, power on, and wait for service."""
    phone.kill()
    phone.on_flash(program)
    before = gateway.count("beacon-ask")
    phone.start()
    gateway.wait("beacon-ask", skip=before)
    phone.board.wait_display("Lift the handset")


def test_without_a_trust_bundle_calls_are_refused_plainly_and_its_delivery_heals_that(
    phone: Any, gateway: Any, world: Any
) -> None:
    reboot_after(phone, gateway, SPOIL.format(kind="trust"))
    phone.dial("2025550123")
    phone.board.wait_display("Phone is not ready")
    assert gateway.count("dial") == 0
    phone.board.hang_up()
    phone.board.wait_display("Lift the handset")
    before = gateway.count("fetch")
    gateway.offer(world.trust)
    gateway.wait("fetch", skip=before)
    gateway.offer(world.policy)
    gateway.offer(world.tariff)
    phone.wait_status("bundles", "policy:1,tariff:1,trust:1")
    phone.dial("2025550123")
    phone.board.wait_display("NOT RECORDED")
    assert "failed" not in (phone.work / "console.log").read_text()


@pytest.mark.parametrize("damage", [SPOIL, REMOVE], ids=["corrupt", "missing"])
def test_a_directory_that_is_not_whole_on_flash_is_doubt(phone: Any, gateway: Any, damage: str) -> None:
    reboot_after(phone, gateway, damage.format(kind="directory"))
    phone.talk(gateway)
    assert phone.board.display()[0].strip() == "NOT RECORDED"
    assert phone.board.lamp() == Lamp.AMBER
    phone.board.hang_up()
    record = gateway.record()
    assert (record["privileged"], record["directory"], record["recording"]) == ("doubt", None, None)
    assert gateway.count("chunk") == 0


def test_chunks_that_nobody_takes_stop_the_recording_and_not_the_call(phone: Any, gateway: Any, world: Any) -> None:
    gateway.saves_chunks = False
    call = phone.talk(gateway)
    phone.board.listen(clear=True)
    phone.board.wait_display("NOT RECORDED", 20)
    assert phone.board.lamp() == Lamp.AMBER
    assert phone.board.display()[1].strip() == "Talking"
    time.sleep(1)
    _, heard = phone.board.listen()
    assert any(heard), "no tone said so"
    before = len(gateway.voice)
    time.sleep(1)
    assert len(gateway.voice) > before + 25
    gateway.saves_chunks = True
    gateway.drop()
    time.sleep(0.5)
    phone.board.hang_up()
    message = gateway.wait("record", timeout_s=20)
    record = gateway.fields(message)
    facts = record["recording"]
    assert (facts["state"], record["privileged"], record["end_reason"]) == ("stopped", "none", "caller-hangup")
    assert 10 <= facts["chunks"] <= 13
    assert record["talk_ms"] > facts["chunks"] * 1000 + 1500
    # what was sealed before is kept, delivered late, and opens
    phone.wait_status("chunks", "0")
    chunks = gateway.chunks_of(call)
    assert recording.digest([recording.chunk_hash(chunks[i]) for i in range(facts["chunks"])]) == facts["digest"]
    key = world.open_key(message, (1, 2))
    recording.open_chunk(key, call, 3, chunks[3], final=False)


def test_a_forked_answer_lets_the_record_go_and_ends_all_signing(phone: Any, gateway: Any, world: Any) -> None:
    phone.talk(gateway)
    phone.board.hang_up()
    message = gateway.wait("record")
    subject = blake2b256(message["record"])
    word = {"hash": subject, "other": bytes(32), "time": time.time_ns() // 1_000_000}
    receipt = world.receipt(message["record"])
    lie = cose.sign("forked", codec.encode("forked", word), world.gateway.signing)
    gateway.deliver("forked", subject, lie, receipt=receipt)
    phone.wait_status("refused_answers", "1")
    assert (phone.status()["waiting"], phone.status()["alarm"]) == ("1", "")
    true = cose.sign("forked", codec.encode("forked", word), world.central.signing)
    gateway.deliver("forked", subject, true, receipt=receipt)
    phone.wait_status("alarm", "forked")
    assert phone.status()["waiting"] == "0"
    phone.board.wait_display("NEEDS ENROLMENT")
    gateway.call = None
    phone.reboot()
    phone.board.wait_display("NEEDS ENROLMENT")


def test_doubled_and_spoilt_frames_change_nothing(phone: Any, gateway: Any) -> None:
    def tamper(frame: bytes) -> list[bytes]:
        """Each frame twice, and in between with one bit of its seal turned."""
        place = len(frame) // 2
        spoilt = frame[:place] + bytes([frame[place] ^ 0x10 or 1]) + frame[place + 1 :]
        return [frame, spoilt, frame]

    gateway.tamper = tamper
    phone.dial("2025550199")
    phone.board.wait_display("PRIVATE")
    phone.board.press("#")
    call = gateway.answer()
    gateway.say(type="progress", call=call, state="accepted")
    phone.board.wait_display("Talking")
    for sequence in range(50):
        gateway.say_voice(sequence, bytes(160))
        time.sleep(0.02)
    duplicates = int(phone.status()["audio"].split(",")[7])
    phone.board.hang_up()
    record = gateway.record()
    assert (record["end_reason"], record["privileged"]) == ("caller-hangup", "directory")
    assert gateway.count("ready") == 1, "the link was let go"
    assert phone.status()["malformed"] == "0"
    assert duplicates == 0, "a replayed voice frame came through the seal"
