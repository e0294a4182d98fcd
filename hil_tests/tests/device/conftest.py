"""One device for pytest-embedded: the emulated board, or with `--port /dev/ttyACM0` a real one, just flashed."""

import re
import shutil
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_embedded_serial.dut import SerialDut
from sealine_hil import urlhandler
from sealine_hil.board import Board
from sealine_hil.facility import Facility
from sealine_hil.qemu import Qemu
from sealine_hil.town import plan_in
from sealine_provisioning.errors import ConsoleError

ANSWER = re.compile(rb"(?:^|\n)(OK|ERROR)(?: ([^\r\n]*))?\r")
SLICE_BYTES = 512  # a real UART has no flow control to hold back a whole enrolment


@pytest.fixture
def embedded_services() -> str:
    """Only a serial line is asked of a device."""
    return "serial"


@pytest.fixture
def emulated(request: pytest.FixtureRequest, image: Path, tmp_path: Path) -> Iterator[Qemu | None]:
    """The emulated board, halted at its first instruction; None when a real one is named."""
    if request.config.getoption("port"):
        yield None
        return
    urlhandler.register()
    with (
        Board(tmp_path / "window", unique_id=b"device under test"[:16]) as board,
        Qemu(image, board.path, tmp_path) as qemu,
    ):
        qemu.start()
        yield qemu


@pytest.fixture
def port(request: pytest.FixtureRequest, emulated: Qemu | None) -> str:
    """The device's console."""
    return str(request.config.getoption("port")) if emulated is None else emulated.console_url


@pytest.fixture
def dut(dut: SerialDut, emulated: Qemu | None) -> SerialDut:
    """Runs from its first instruction, with all that it says heard."""
    if emulated is not None:
        emulated.cont()
    return dut


class DutConsole:
    """The technician's side of the console, as `sealine_provisioning.console.Console`, through the device's log."""

    def __init__(self, dut: SerialDut) -> None:
        self.dut = dut

    def command(self, verb: str, argument: bytes | None = None, *more: bytes, timeout_s: float = 30) -> bytes:
        """Run one command. Raises ConsoleError with the device's code."""
        words = [word for word in (argument, *more) if word is not None]
        self.send(" ".join(["sealine", verb, *(b64encode(word).decode() for word in words)]))
        verdict, rest = self.dut.expect(ANSWER, timeout=timeout_s).groups()
        if verdict == b"OK":
            return b64decode(rest or b"")
        code, _, text = (rest or b"").decode().partition(" ")
        raise ConsoleError(code, text)

    def send(self, line: str | bytes) -> None:
        """One line, in pieces."""
        data = (line.encode() if isinstance(line, str) else line) + b"\r"
        for start in range(0, len(data), SLICE_BYTES):
            self.dut.serial.proc.write(data[start : start + SLICE_BYTES])

    def info(self) -> dict[str, str]:
        """What anybody may know of the device."""
        return dict(line.split("=", 1) for line in self.command("info").decode().splitlines())


@pytest.fixture
def console(dut: SerialDut) -> DutConsole:
    """The console of a terminal that nobody has enrolled yet."""
    console = DutConsole(dut)
    state = console.info()["state"]
    assert state == "blank", f"the board is {state}: erase it, or let its technician reset it, first"
    return console


@pytest.fixture
def facility(tmp_path: Path) -> Iterator[Any]:
    """Authority and trust bundle; nothing of it runs."""
    directory = tmp_path / "office"
    directory.mkdir()
    with Facility(directory, plan_in(directory)) as facility:
        yield facility
    shutil.rmtree(directory)
