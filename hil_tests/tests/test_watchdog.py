"""A program that no longer goes round: the watchdog restarts the phone, which says so and serves again by itself."""

from pathlib import Path

import pytest
from sealine_hil.errors import BoardError
from sealine_hil.facility import Facility
from sealine_hil.phone import WallPhone
from sealine_hil.town import PATIENT, PEOPLE, PIN, dialled
from sealine_hil.witness import Witness

pytestmark = pytest.mark.timeout(90)

WATCHDOG_S = 10.0  # the program's own limit is 4 s
CTRL_C = b"\x03"  # an unlocked phone's program ends in a REPL that feeds no watchdog


def test_a_program_that_stops_is_started_again(facility: Facility, image: Path) -> None:
    [phone] = facility.rack(["hangs"], image)
    phone.begin_call(PEOPLE[0], PIN, dialled(PATIENT))
    phone.agree()
    phone.board.wait_display("Talking", 20)
    stop_program(phone)
    phone.wait_console("start: watchdog", WATCHDOG_S)
    phone.board.hang_up()
    phone.board.wait_display("Lift the handset", 20)
    said = phone.qemu.console_log.read_text(errors="replace")
    assert "crash: 2 " in said, "no crash log"
    [held] = Witness(facility).wait_records(1, phone.name, timeout_s=20)
    assert held.fields["end_reason"] == "reset"


def stop_program(phone: WallPhone) -> None:
    """Interrupt the program at its console."""
    port = phone.open_console()
    if port.write(CTRL_C) != 1:
        raise BoardError("the console takes nothing")
