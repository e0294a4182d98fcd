"""A cloned flash and a restored old one: seen, named, and stopped."""

import time
from pathlib import Path

import pytest
from sealine_hil.facility import Facility
from sealine_hil.phone import WallPhone
from sealine_hil.town import PEOPLE, PIN, SILENT, dialled
from sealine_hil.witness import Witness

pytestmark = pytest.mark.timeout(120)

BACK_S = 45.0


def abandon(phone: WallPhone) -> None:
    """The shortest call with a record."""
    phone.begin_call(PEOPLE[0], PIN, dialled(SILENT))
    phone.agree()
    phone.board.wait_display("Calling")
    time.sleep(0.3)
    phone.board.hang_up()


def test_a_restored_flash_signs_no_more(facility: Facility, image: Path) -> None:
    [phone] = facility.rack(["restored"], image)
    witness = Witness(facility)
    abandon(phone)
    witness.wait_records(1, "restored")
    phone.wait_status("waiting", "0")
    phone.qemu.kill9()
    old = phone.board.flash_image()
    phone.start()
    phone.board.wait_display("SEALINE")
    abandon(phone)
    witness.wait_records(2, "restored")
    phone.wait_status("waiting", "0")
    phone.qemu.kill9()
    phone.board.load_flash(old)
    phone.start()
    phone.board.wait_display("NEEDS ENROLMENT", 20)
    assert phone.status()["alarm"] == "restored"
    phone.power_cycle()  # it stays so
    phone.board.wait_display("NEEDS ENROLMENT", 20)
    phone.board.lift()
    phone.board.wait_display("NEEDS ENROLMENT")
    assert len(witness.records("restored")) == 2


def test_a_cloned_flash_forks_and_the_fork_is_named(facility: Facility, image: Path) -> None:
    """Two boards with one key. The second signs while central is away, so that no beacon can warn it."""
    [phone] = facility.rack(["cloned"], image)
    witness = Witness(facility)
    phone.qemu.kill9()
    twin = WallPhone("cloned", facility.directory / "phones" / "twin", image, window=phone.board)
    facility.phones.append(twin)
    phone.start()
    phone.board.wait_display("SEALINE")
    abandon(phone)
    [first] = witness.wait_records(1, "cloned")
    phone.wait_status("waiting", "0")
    phone.qemu.kill9()
    facility.central.stop()
    twin.start()
    twin.board.wait_display("SEALINE", 20)
    abandon(twin)
    twin.board.wait_display("SEALINE")
    assert twin.status()["waiting"] == "1"
    facility.central.start()
    held = witness.wait_records(2, "cloned", timeout_s=BACK_S)
    assert [record.fields["seq"] for record in held] == [0, 0]
    assert held[1].fork_of == first.hash
    twin.board.wait_display("NEEDS ENROLMENT", BACK_S)
    # A forked receipt and a beacon are under way at the same time, and both stop it; the record is safe at central.
    assert twin.status()["alarm"] in {"forked", "restored"}
    twin.wait_status("waiting", "0")
    assert "fork" in witness.watch()
