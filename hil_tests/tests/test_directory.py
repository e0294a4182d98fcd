"""A privilege directory that is missing, expired or not fresh: no recording, and the display says so."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sealine_hil.board import Lamp
from sealine_hil.facility import Facility
from sealine_hil.phone import WallPhone
from sealine_hil.town import LAWYER, PATIENT, PEOPLE, PIN, dialled
from sealine_hil.witness import Witness
from sealine_provisioning.bundles import DEFAULT_MAX_AGE_S

pytestmark = pytest.mark.timeout(90)

DAY_S = 86_400
SHORT_S = 3


@pytest.fixture(scope="module")
def phones(facility: Facility, image: Path) -> tuple[WallPhone, WallPhone]:
    """One phone with the directory, and one that came after its last issue, for which no key is sealed."""
    [listed] = facility.rack(["listed"], image)
    late = facility.phone("late", image, enrol=False)
    late.enrol(facility.authority, facility.trust, facility.link_port, lock=False)
    late.board.wait_display("SEALINE")
    rules = {kind: version for kind, version in facility.versions.items() if kind != "directory"}
    late.wait_status("bundles", ",".join(f"{kind}:{rules[kind]}" for kind in sorted(rules)))
    return listed, late


def quote(phone: WallPhone, number: str) -> str:
    """What the display says of a number before the call; the caller hangs up then."""
    phone.begin_call(PEOPLE[0], PIN, dialled(number))
    shown = phone.board.display()[0].strip()
    phone.board.hang_up()
    phone.board.wait_display("SEALINE")
    return shown


def talk_unrecorded(phone: WallPhone, person: str) -> None:
    """A whole call that says NOT RECORDED from the quote on."""
    phone.begin_call(person, PIN, dialled(PATIENT))
    assert "NOT RECORDED" in phone.board.display()[0]
    phone.agree()
    assert "NOT RECORDED" in phone.board.wait_display("Talking", 20)[0]
    assert phone.board.lamp() is Lamp.AMBER
    time.sleep(1.5)
    phone.board.hang_up()
    phone.board.wait_display("SEALINE")


def test_no_directory_no_recording(
    facility: Facility, phones: tuple[WallPhone, WallPhone], pool: ThreadPoolExecutor
) -> None:
    listed, late = phones
    talking = pool.submit(talk_unrecorded, late, PEOPLE[1])
    assert quote(listed, PATIENT) == "RECORDED"
    assert quote(listed, LAWYER) == "PRIVATE"
    talking.result()
    check_unrecorded(facility, "late")


def test_an_expired_directory_is_none(facility: Facility, phones: tuple[WallPhone, WallPhone]) -> None:
    listed, _ = phones
    facility.publish_directory(days=SHORT_S / DAY_S)
    facility.wait_rules(listed)
    time.sleep(SHORT_S + 1)
    talk_unrecorded(listed, PEOPLE[0])
    check_unrecorded(facility, "listed")
    assert quote(listed, LAWYER) == "PRIVATE"  # a match is a match, however old


def test_an_old_beacon_makes_the_directory_stale(facility: Facility, phones: tuple[WallPhone, WallPhone]) -> None:
    listed, _ = phones
    facility.plan.max_age_s = SHORT_S
    facility.publish_directory()
    facility.wait_rules(listed)
    time.sleep(SHORT_S)
    assert quote(listed, PATIENT) == "NOT RECORDED"
    assert quote(listed, LAWYER) == "PRIVATE"
    facility.plan.max_age_s = DEFAULT_MAX_AGE_S
    facility.publish_directory()
    facility.wait_rules(listed)
    assert quote(listed, PATIENT) == "RECORDED"


def check_unrecorded(facility: Facility, name: str) -> None:
    """The record says why nobody can hear the call: in doubt, no readers, no key, nothing sealed."""
    witness = Witness(facility)
    record = witness.wait_records(1, name)[-1].fields
    assert (record["privileged"], record["recording"]) == ("doubt", None)
    assert record["accepted_at"] is not None
    assert not [envelope for envelope in record["envelopes"] if envelope["kind"] == "share"]
    assert witness.chunks(record["id"]) == []
