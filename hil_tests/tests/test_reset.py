"""Power cuts and resets in the middle of calls: a signed record of the broken call appears after the reboot."""

import struct
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sealine_hil import speech
from sealine_hil.facility import Facility
from sealine_hil.phone import WallPhone
from sealine_hil.town import PATIENT, PEOPLE, PIN, SILENT, dialled
from sealine_hil.witness import Witness, coded
from sealine_protocol import cose
from sealine_protocol.codec import decode

pytestmark = pytest.mark.timeout(120)

NAMES = ("plug", "reset-pin", "ringing")
CHECKPOINT_CHUNKS = 10
# firmware/app/store/log.py: the journal's partition in the flash image, its sectors, and the entry of an acceptance
JOURNAL = slice(0x400000, 0x600000)
SECTOR_BYTES = 4096
SECTOR_MAGIC = 0x314A4C53
ACCEPT = 2
TALK_S = 12.5  # past the first checkpoint
SPOKEN = "hts1a"


def break_talk(phone: WallPhone) -> None:
    """Talk past the first checkpoint, then lose the power, or have the reset pin pressed."""
    phone.begin_call(PEOPLE[NAMES.index(phone.name)], PIN, dialled(PATIENT))
    phone.agree()
    phone.board.wait_display("Talking", 20)
    phone.board.speak(speech.clip(SPOKEN))
    time.sleep(TALK_S)
    reboot(phone, plug=phone.name == "plug")


def break_ringing(phone: WallPhone) -> None:
    """Lose the power while it rings: the key was born, and never used."""
    phone.begin_call(PEOPLE[NAMES.index(phone.name)], PIN, dialled(SILENT))
    phone.agree()
    phone.board.wait_display("Calling")
    time.sleep(1)
    reboot(phone, plug=True)


def reboot(phone: WallPhone, *, plug: bool) -> None:
    """Start anew, with the handset back on its hook."""
    phone.board.hang_up()
    if plug:
        phone.power_cycle()
    else:
        phone.qemu.reset()
    time.sleep(1)
    phone.board.wait_display("SEALINE")


@pytest.fixture(scope="module")
def broken(facility: Facility, image: Path, pool: ThreadPoolExecutor) -> dict[str, Future[None]]:
    """Three broken calls at once."""
    phones = facility.rack(NAMES, image)
    plays = (break_talk, break_talk, break_ringing)
    return {phone.name: pool.submit(play, phone) for phone, play in zip(phones, plays, strict=True)}


def only_record(facility: Facility, name: str) -> dict[str, Any]:
    """The one record of a phone, which central has and the phone has let go of."""
    [held] = Witness(facility).wait_records(1, name)
    next(phone for phone in facility.phones if phone.name == name).wait_status("waiting", "0")
    return held.fields


@pytest.mark.parametrize(("name", "cause"), [("plug", "power"), ("reset-pin", "pin")])
def test_a_reset_in_talk_leaves_a_cut_record(
    facility: Facility, broken: dict[str, Future[None]], name: str, cause: str
) -> None:
    broken[name].result()
    record = only_record(facility, name)
    assert record["end_reason"] == "reset"
    assert record["accepted_at"] is not None
    assert record["charge"]["refunded"] == 1
    facts = record["recording"]
    assert (facts["state"], facts["chunks"]) == ("cut", CHECKPOINT_CHUNKS)
    checkpoint = cose.parse(facts["checkpoint"])
    assert checkpoint.content == "checkpoint"
    point = decode("checkpoint", checkpoint.payload)
    assert all(point[key] == facts[key] for key in ("chunks", "bytes", "digest"))
    witness = Witness(facility)
    witness.wait_whole(record)
    opened = witness.open(record["id"], ["monitor", "court"])
    assert (opened.seconds, opened.missing) == (CHECKPOINT_CHUNKS, ())
    assert coded(speech.clip(SPOKEN)[: 2 * 8000]) in opened.near
    phone = next(phone for phone in facility.phones if phone.name == name)
    assert f"start: {cause}" in phone.qemu.console_log.read_text().splitlines()
    phone.wait_status("chunks", "0", 20)


def test_a_power_cut_while_it_rings_leaves_a_record_without_recording(
    facility: Facility, broken: dict[str, Future[None]]
) -> None:
    broken["ringing"].result()
    record = only_record(facility, "ringing")
    assert (record["end_reason"], record["accepted_at"], record["recording"]) == ("reset", None, None)
    assert record["charge"] == {"minutes": 0, "amount": 0, "refunded": 0}
    assert Witness(facility).chunks(record["id"]) == []


def test_the_chain_goes_on_behind_it(facility: Facility, broken: dict[str, Future[None]]) -> None:
    broken["ringing"].result()
    phone = next(phone for phone in facility.phones if phone.name == "ringing")
    phone.begin_call(PEOPLE[3], PIN, dialled(SILENT))
    phone.board.hang_up()  # no call, no record
    phone.board.wait_display("SEALINE")
    phone.begin_call(PEOPLE[3], PIN, dialled(SILENT))
    phone.agree()
    phone.board.wait_display("Calling")
    time.sleep(0.3)
    phone.board.hang_up()
    before, after = Witness(facility).wait_records(2, "ringing")
    assert (after.fields["seq"], after.fields["prev"]) == (1, before.hash)


def accept_entry(image: bytes) -> int:
    """Where the data of the last acceptance stands in a flash image."""
    found = -1
    for sector in range(JOURNAL.start, JOURNAL.stop, SECTOR_BYTES):
        if struct.unpack_from("<I", image, sector)[0] != SECTOR_MAGIC:
            continue
        at = sector + 16
        while at + 16 <= sector + SECTOR_BYTES and image[at] != 0xFF:
            kind, _flags, length = struct.unpack_from("<BBH", image, at)
            if kind == ACCEPT:
                found = at + 12
            at += 16 + length
    assert found > 0
    return found


def test_a_rotten_byte_of_the_open_record_does_not_silence_a_locked_phone(facility: Facility, image: Path) -> None:
    """It signs no more and says so; the records from before go up, and its console answers without a trace."""
    [phone] = facility.rack(["rotten"], image)
    phone.console().command("lock")
    time.sleep(1)
    phone.board.wait_display("SEALINE", 20)
    facility.central.stop()
    phone.begin_call(PEOPLE[3], PIN, dialled(SILENT))
    phone.agree()
    phone.board.wait_display("Calling")
    time.sleep(0.3)
    phone.board.hang_up()
    phone.board.wait_display("SEALINE")
    phone.begin_call(PEOPLE[3], PIN, dialled(PATIENT))
    phone.agree()
    phone.board.wait_display("Talking", 20)
    time.sleep(1)
    phone.qemu.kill9()
    phone.board.hang_up()
    flash = bytearray(phone.board.flash_image())
    at = accept_entry(bytes(flash))
    flash[at] &= flash[at] - 1
    phone.board.load_flash(bytes(flash))
    before = len(phone.qemu.console_log.read_bytes())
    for _start in range(2):
        phone.start()
        phone.board.wait_display("NEEDS ENROLMENT", 20)
        phone.qemu.kill9()
    facility.central.start()
    phone.start()
    [record] = Witness(facility).wait_records(1, "rotten")
    assert record.fields["end_reason"] == "abandoned"
    phone.board.wait_display("NEEDS ENROLMENT", 20)
    assert b"state=locked" in phone.console().command("info")
    said = phone.qemu.console_log.read_bytes()[before:]
    assert b"failed" not in said
    assert b"Traceback" not in said
