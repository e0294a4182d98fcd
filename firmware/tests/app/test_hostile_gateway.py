"""A gateway with a true credential that tries what it must not be able to do."""

import time
from typing import Any

import pytest
from nacl.signing import SigningKey
from sealine_protocol import codec, cose
from sealine_protocol.hashes import blake2b256
from sealine_provisioning import bundles
from sealine_provisioning.errors import ConsoleError

pytestmark = pytest.mark.timeout(60)

YEAR_MS = 365 * 86_400_000


def ring(phone: Any, gateway: Any, number: str = "2025550123") -> bytes:
    """A call up to the ringing line."""
    phone.dial(number)
    phone.board.wait_display("Any key: call")
    phone.board.press("#")
    call: bytes = gateway.wait("dial")["call"]
    gateway.call = call
    return call


def end(phone: Any, gateway: Any) -> dict[str, Any]:
    """Hang up; the record's fields."""
    phone.board.hang_up()
    return gateway.record()


def test_an_acceptance_before_the_notice_opens_nothing(phone: Any, gateway: Any) -> None:
    call = ring(phone, gateway)
    gateway.say(type="progress", call=call, state="accepted")
    gateway.say(type="progress", call=call, state="answered")
    gateway.say(type="progress", call=call, state="accepted")
    gateway.say_voice(0, bytes(160))
    time.sleep(0.5)
    assert "Answered" in phone.board.display()[1]
    gateway.wait("notice-done")
    time.sleep(1.5)
    assert "Waits" in phone.board.display()[2]
    assert gateway.count("chunk") == 0
    record = end(phone, gateway)
    assert (record["accepted_at"], record["recording"], record["charge"]["minutes"]) == (None, None, 0)


def test_a_privileged_number_is_not_recorded_whatever_is_said(phone: Any, gateway: Any, world: Any) -> None:
    terminal = phone_credential(world)
    older = world.directory(terminal, version=1, numbers=("12025550000",))
    gateway.offer(older)  # an older directory, without the number
    phone.wait_status("refused_bundles", "1")
    stranger = bundles.directory(
        SigningKey.generate(), "bay-county", version=9, numbers=(), plan=PLAN, terminals=[terminal]
    )
    gateway.offer(stranger)  # a newer one, by somebody else
    phone.wait_status("refused_bundles", "2")
    assert "directory:1" in phone.status()["bundles"]
    call = ring(phone, gateway, "2025550199")
    for state in ("answered", "accepted"):
        gateway.say(type="progress", call=call, state=state)
    gateway.wait("notice-done")
    gateway.say(type="progress", call=call, state="accepted")
    phone.board.wait_display("Talking")
    time.sleep(1.2)
    record = end(phone, gateway)
    assert (record["privileged"], record["recording"]) == ("directory", None)
    assert gateway.count("chunk") == 0


def test_a_directory_with_a_changed_body_is_not_installed(phone: Any, gateway: Any, world: Any) -> None:
    newer = world.directory(phone_credential(world), version=2, numbers=("12025550000",))
    changed = bundles.Published(newer.kind, newer.version, newer.header, bytes(len(newer.body)), newer.keys)
    gateway.offer(changed)
    gateway.wait("fetch", skip=3)
    phone.wait_status("refused_bundles", "1")
    assert "directory:1" in phone.status()["bundles"]


def test_a_newer_directory_that_is_held_back_stops_recording(phone: Any, gateway: Any) -> None:
    gateway.versions = {**gateway.versions, "directory": 7}
    before = gateway.count("beacon-ask")
    gateway.drop()
    gateway.wait("beacon-ask", skip=before)
    time.sleep(0.5)
    phone.dial("2025550123")
    phone.board.wait_display("NOT RECORDED")


def test_a_beacon_for_another_question_is_none(phone: Any, gateway: Any, world: Any) -> None:
    stale = world.beacon(bytes(16), gateway.terminal, {**gateway.versions, "directory": 7})
    gateway.deliver("beacon", gateway.terminal + bytes(16), stale)
    phone.wait_status("refused_answers", "1")
    phone.dial("2025550123")
    assert phone.board.wait_display("Any key: call")[0].strip() == "RECORDED"


@pytest.mark.parametrize("shift", [-YEAR_MS, 2 * YEAR_MS])
def test_a_false_clock_is_not_believed(phone: Any, gateway: Any, shift: int) -> None:
    gateway.time_ms = time.time_ns() // 1_000_000 + shift
    gateway.answers_beacons = False
    before = gateway.count("ready")
    gateway.drop()
    gateway.wait("ready", skip=before)
    time.sleep(0.5)
    ring(phone, gateway)
    record = end(phone, gateway)
    assert abs(record["started"] - time.time_ns() // 1_000_000) < 60_000


def test_a_record_goes_only_on_centrals_word(phone: Any, gateway: Any, world: Any) -> None:
    ring(phone, gateway)
    for _state in ("open", "waiting"):
        with pytest.raises(ConsoleError, match="records wait"):
            phone.console().command("factory-reset")
        phone.board.hang_up()
        message = gateway.wait("record")
    subject = blake2b256(message["record"])
    refusal = {"hash": subject, "reason": "schema", "what": "record", "time": time.time_ns() // 1_000_000}
    forged = cose.sign("refusal", codec.encode("refusal", refusal), world.gateway.signing)
    gateway.deliver("refusal", subject, forged)
    gateway.deliver("receipt", subject, world.receipt(b"another record altogether"))
    gateway.deliver("receipt", bytes(32), world.receipt(message["record"]))
    phone.wait_status("refused_answers", "3")
    assert phone.status()["waiting"] == "1"
    gateway.deliver("refusal", subject, world.refusal({**refusal, "reason": "malformed"}))  # of the gateway's wrapping
    phone.wait_status("refused_answers", "4")
    assert (phone.status()["quarantined"], phone.status()["alarm"]) == ("0", "")
    gateway.deliver("refusal", subject, world.refusal(refusal))
    phone.wait_status("quarantined", "1")
    assert (phone.status()["waiting"], phone.status()["alarm"]) == ("0", "refused")
    with pytest.raises(ConsoleError, match="records wait"):
        phone.console().command("factory-reset")
    heard = gateway.count("record")
    gateway.drop()
    again = gateway.wait("record", skip=heard)  # with each new link, since a refusal may have been a mistake
    assert again == message
    gateway.deliver("receipt", subject, world.receipt(message["record"]))
    phone.wait_status("quarantined", "0")


def test_a_restored_flash_signs_no_more(phone: Any, gateway: Any) -> None:
    time.sleep(1.5)
    old = phone.board.flash_image()
    ring(phone, gateway)
    phone.board.hang_up()
    message = gateway.wait("record")
    record = gateway.fields(message)
    phone.kill()
    phone.board.load_flash(old)
    gateway.call = None
    gateway.head = {"seq": record["seq"], "hash": blake2b256(message["record"])}
    phone.start()
    phone.board.wait_display("NEEDS ENROLMENT")
    phone.wait_status("alarm", "restored")
    phone.reboot()
    phone.board.wait_display("NEEDS ENROLMENT")
    phone.board.lift()
    time.sleep(0.5)
    assert "1 English" not in phone.board.display()[0]


@pytest.mark.parametrize("data", [b"\xff", b"\xa0", b"\xa1\x00\x67welcome", b"\xbf\xff", bytes(4000)])
def test_nonsense_changes_nothing(phone: Any, gateway: Any, data: bytes) -> None:
    gateway.say_raw(data)
    phone.wait_status("malformed", "1")
    ring(phone, gateway)
    assert end(phone, gateway)["end_reason"] == "abandoned"


PLAN = {"country": "1", "international": "011", "trunk": "1", "national_length": 10, "area": ""}


def phone_credential(world: Any) -> bytes:
    """The terminal's credential, as the authority issued it last."""
    issued: bytes = world.authority.issued("terminal")[-1]
    return issued
