"""A phone without a network: the same link over the serial line, at the emulator's 11 to 21 kB/s towards the phone."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sealine_hil.facility import Facility
from sealine_hil.phone import BOOT_S, WallPhone
from sealine_hil.town import LAWYER, PEOPLE, PIN, dialled, plan_in
from sealine_hil.witness import Witness
from sealine_provisioning.enrolment import enrol_terminal

pytestmark = pytest.mark.timeout(180)

NAME = "wing-s-1"
LINK_S = 20.0  # a handshake that meets an old link costs a second one, with the waits between


@pytest.fixture(scope="module")
def facility(tmp_path_factory: pytest.TempPathFactory, image: Path) -> Iterator[Facility]:
    """A facility whose only phone is at the gateway's serial port."""
    directory = tmp_path_factory.mktemp("serial")
    with Facility(directory, plan_in(directory)) as facility:
        phone = WallPhone(NAME, directory / "phones" / NAME, image)
        facility.phones.append(phone)
        port = phone.qemu.link_url.replace("chardev://", "socket://")
        config = facility.gateway_config.read_text()
        facility.gateway_config.write_text(f'serial = ["{port}"]\n{config}')
        facility.start()
        phone.start()
        yield facility


@pytest.fixture(scope="module")
def phone(facility: Facility) -> WallPhone:
    """Enrolled with no gateway address, which means the serial line; it has all its bundles."""
    [phone] = facility.phones
    phone.wait_console("sealine", BOOT_S)
    phone.credential = enrol_terminal(
        phone.console(), facility.authority, subject=phone.name, trust=facility.trust, lock=False
    )
    facility.publish_directory()
    facility.wait_rules(phone, timeout_s=60)
    return phone


def private_call(facility: Facility, phone: WallPhone, count: int) -> None:
    """A call to the lawyer, up to its receipt."""
    phone.board.wait_display("Lift the handset", LINK_S)
    phone.begin_call(PEOPLE[0], PIN, dialled(LAWYER))
    assert phone.board.display()[0].strip() == "PRIVATE"
    phone.agree()
    phone.board.wait_display("Talking", 30)
    time.sleep(1)
    phone.board.hang_up()
    phone.board.wait_display("Lift the handset")
    *_, held = Witness(facility).wait_records(count, phone.name, timeout_s=20)
    assert (held.fields["privileged"], held.fields["end_reason"]) == ("directory", "caller-hangup")
    phone.wait_status("waiting", "0", 20)


def test_a_call_is_set_up_and_its_record_receipted(facility: Facility, phone: WallPhone) -> None:
    private_call(facility, phone, 1)


def test_a_gateway_that_starts_anew_gets_the_link_back(facility: Facility, phone: WallPhone) -> None:
    before = len(Witness(facility).records(NAME))
    facility.gateway.kill()
    phone.board.wait_display("NOT IN SERVICE", LINK_S)
    facility.gateway.start()
    private_call(facility, phone, before + 1)


def test_a_phone_that_starts_anew_gets_the_link_back(facility: Facility, phone: WallPhone) -> None:
    before = len(Witness(facility).records(NAME))
    phone.qemu.reset()  # the line stays, and the gateway believes in the old link for 2 s
    phone.board.wait_display("Please try later")
    private_call(facility, phone, before + 1)


def test_a_phone_that_lost_its_power_gets_the_link_back(facility: Facility, phone: WallPhone) -> None:
    before = len(Witness(facility).records(NAME))
    phone.power_cycle()
    phone.board.wait_display("Please try later")
    private_call(facility, phone, before + 1)
