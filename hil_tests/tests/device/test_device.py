"""A device at its console: from the first banner to the lock, and what it refuses on the way."""

import os
import random
import time
from typing import Any

import pytest
from nacl.signing import SigningKey
from pytest_embedded_serial.dut import SerialDut
from sealine_hil.facility import Facility
from sealine_hil.qemu import Qemu
from sealine_protocol import codec, cose
from sealine_protocol.credential import Credential
from sealine_protocol.unit import Unit
from sealine_provisioning.authority import fresh_challenge
from sealine_provisioning.enrolment import enrol_terminal
from sealine_provisioning.errors import ConsoleError

pytestmark = [pytest.mark.device, pytest.mark.timeout(90)]

MAX_LINE_BYTES = 24_576
WATCHDOG_S = 4


def refused(console: Any, code: str, verb: str, *arguments: bytes) -> None:
    """The command is refused with this code, and the device stays what it was."""
    before = console.info()
    with pytest.raises(ConsoleError) as error:
        console.command(verb, *arguments)
    assert error.value.code == code
    assert console.info() == before


def person(facility: Facility, role: str) -> tuple[Unit, bytes]:
    """Somebody with a role in this facility, and the chain that proves it."""
    unit = Unit.create(facility.directory / f"{role}-{os.urandom(2).hex()}", role, os.urandom(16))
    challenge = fresh_challenge()
    signed = facility.authority.issue(unit.request(challenge), subject="somebody", role=role, challenge=challenge)
    return unit, codec.encode("link-hello", {"credentials": [signed]})


def order(signer: SigningKey, terminal: Credential, challenge: bytes, verb: str, argument: bytes = b"") -> bytes:
    """A signed command."""
    fields = {"terminal": terminal.key_id, "challenge": challenge, "verb": verb, "argument": argument}
    return cose.sign("command", codec.encode("command", fields), signer)


def test_banner_and_nonsense(dut: SerialDut, console: Any, emulated: Qemu | None) -> None:
    if emulated is not None:
        log = emulated.console_log.read_text()
        assert log.startswith("start: power")
        assert "sealine sealine-1 blank" in log
    refused(console, "unknown-verb", "open-sesame")
    refused(console, "malformed", "enrol-begin")
    refused(console, "malformed", "enrol-begin", b"short")
    refused(console, "not-begun", "enrol-finish", bytes(100))
    before = console.info()
    for line in (b"sealine", b"sealine ", b"sealine info =", b"sealine info \xff\xfe", b"sealine info !!!!"):
        console.send(line)
    console.send(b"sealine enrol-begin " + b"A" * MAX_LINE_BYTES)
    dut.expect("ERROR too-long", timeout=20)
    noise = random.Random(8)
    for _ in range(20):
        # all bytes but those that end a line or a program (Ctrl-C, Ctrl-D)
        console.send(
            bytes(noise.choice([byte for byte in range(256) if byte not in b"\x03\x04\r\n"]) for _ in range(200))
        )
    time.sleep(0.5)
    assert console.info() == before


def test_from_enrolment_to_lock_and_reset(dut: SerialDut, console: Any, facility: Facility) -> None:
    console.command("enrol-begin", bytes(16))
    challenge = fresh_challenge()
    request = person(facility, "technician")[0].request(challenge)
    other = facility.authority.issue(request, subject="other", role="technician", challenge=challenge)
    refused(console, "refused", "enrol-finish", facility.authority.enrolment(other, trust=facility.trust.small()))
    assert console.info()["state"] == "born"
    refused(console, "refused", "enrol-finish", b"\xa0")
    terminal = enrol_terminal(
        console, facility.authority, subject="device", trust=facility.trust, gateway="10.0.2.2:1", lock=False
    )
    assert console.info()["state"] == "enrolled"
    refused(console, "enrolled", "enrol-begin", bytes(16))
    console.command("lock")
    console.send("sealine restart")
    dut.expect("ERROR locked", timeout=5)
    check_locked(dut, console, facility, terminal)


def check_locked(dut: SerialDut, console: Any, facility: Facility, terminal: Credential) -> None:
    """No REPL, no unsigned command; a technician's order counts once, for this terminal, over the last challenge."""
    for verb in ("status", "settings", "factory-reset", "enrol-begin", "lock", "restart"):
        refused(console, "locked", verb)
    dut.serial.proc.write(b"\x03\x03\x01\r")
    assert console.info()["state"] == "locked"
    assert b"raw REPL" not in dut.pexpect_proc.before
    technician, chain = person(facility, "technician")
    clerk, clerks_chain = person(facility, "requester")
    challenge = console.command("challenge")
    good = order(technician.identity, terminal, challenge, "status")
    assert b"serving=yes" in console.command("command", chain, good)
    refused(console, "refused", "command", chain, good)  # once
    challenge = console.command("challenge")
    refused(console, "refused", "command", clerks_chain, order(clerk.identity, terminal, challenge, "status"))
    challenge = console.command("challenge")
    refused(console, "refused", "command", chain, order(SigningKey.generate(), terminal, challenge, "status"))
    challenge = console.command("challenge")
    refused(console, "unknown-verb", "command", chain, order(technician.identity, terminal, challenge, "lock"))
    challenge = console.command("challenge")
    console.command("command", chain, order(technician.identity, terminal, challenge, "factory-reset"), timeout_s=60)
    dut.expect("sealine sealine-1 blank", timeout=20)
    assert console.info()["state"] == "blank"


def test_a_program_that_hangs_is_reset_by_the_watchdog(dut: SerialDut, console: Any) -> None:
    assert console.info()["state"] == "blank"
    dut.serial.proc.write(b"\r\x03\x03")
    dut.expect(">>> ", timeout=5)
    dut.serial.proc.write(b"while True: pass\r\r\r")
    began = time.monotonic()
    dut.expect("start: watchdog", timeout=3 * WATCHDOG_S)
    assert time.monotonic() - began > WATCHDOG_S / 2
    dut.expect("sealine sealine-1 blank", timeout=5)
