"""A wall phone for tests and the demo: board model, emulator, console, enrolment, and a person's hands."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import serial
from sealine_protocol.credential import Credential
from sealine_provisioning.authority import Authority
from sealine_provisioning.bundles import Published
from sealine_provisioning.console import Console
from sealine_provisioning.enrolment import enrol_terminal

from sealine_hil import urlhandler
from sealine_hil.board import Board
from sealine_hil.errors import BoardError
from sealine_hil.qemu import HOST_ADDRESS, Qemu

BOOT_S = 15.0


@dataclass(frozen=True)
class Prompts:
    """What a person looks for on the display in one language, and the key that chooses it."""

    key: str
    person: str
    pin: str
    dial: str
    quote: str


PROMPTS = {
    "en": Prompts("1", "Your number", "Your PIN", "Dial, then", "Any key: call"),
    "es": Prompts("2", "Su numero", "Su PIN", "Marque, luego", "Tecla: llamar"),
}


class WallPhone:
    """One emulated wall phone; its files are in `directory`."""

    def __init__(
        self, name: str, directory: Path, image: Path, *, icount: bool = False, window: Board | None = None
    ) -> None:
        """`window`: another phone's board, which is copied whole, flash and identity."""
        directory.mkdir(parents=True, exist_ok=True)
        if window is not None:
            window.clone(directory / "window")
        self.name = name
        self.directory = directory
        self.board = Board(directory / "window", unique_id=name.encode().ljust(16, b"-")[:16])
        self.qemu = Qemu(image, directory / "window", directory, icount=icount)
        self.credential: Credential | None = None
        self._serial: serial.SerialBase | None = None
        urlhandler.register()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Power on, with the console connected before the first instruction."""
        self.board.blank_display()
        self.qemu.start()
        self.open_console()
        self.qemu.cont()

    def open_console(self) -> serial.SerialBase:
        """The console's port, connected anew."""
        if self._serial is not None:
            self._serial.close()
        self._serial = serial.serial_for_url(self.qemu.console_url, timeout=0.5)
        return self._serial

    def power_cycle(self) -> None:
        """Pull the plug and put it back: RAM is lost, flash stays."""
        self.qemu.kill9()
        self.start()

    def close(self) -> None:
        """Switch off and let go of all files."""
        if self._serial is not None:
            self._serial.close()
        self.qemu.close()
        self.board.close()

    def console(self, progress: Callable[[str], None] = lambda _text: None) -> Console:
        """The technician's console."""
        if self._serial is None:
            self.open_console()
        if self._serial is None:
            raise BoardError("no console")
        return Console(self._serial, progress=progress)

    def enrol(
        self,
        authority: Authority,
        trust: Published,
        gateway_port: int,
        *,
        lock: bool = True,
        progress: Callable[[str], None] = lambda _text: None,
    ) -> Credential:
        """Enrol over the console; the gateway is on the host's loopback."""
        self.wait_console("sealine", BOOT_S)
        self.credential = enrol_terminal(
            self.console(progress),
            authority,
            subject=self.name,
            trust=trust,
            gateway=f"{HOST_ADDRESS}:{gateway_port}",
            lock=lock,
        )
        return self.credential

    def wait_console(self, text: str, timeout_s: float) -> None:
        """Wait until the console has said the text, ever. Raises BoardError."""
        end = time.monotonic() + timeout_s
        while not (self.qemu.console_log.exists() and text.encode() in self.qemu.console_log.read_bytes()):
            if time.monotonic() > end:
                raise BoardError(f"{self.name}: the console does not say {text!r} within {timeout_s:g} s")
            time.sleep(0.05)

    def status(self) -> dict[str, str]:
        """What an unlocked phone says of itself: names and values, see docs/operations.md."""
        lines = self.console().command("status", timeout_s=10).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def wait_status(self, name: str, value: str, timeout_s: float = 10.0) -> None:
        """Wait until an unlocked phone says so of itself. Raises BoardError with all that it says."""
        end = time.monotonic() + timeout_s
        while (said := self.status()).get(name) != value:
            if time.monotonic() > end:
                raise BoardError(f"{self.name}: {name} is not {value} after {timeout_s:g} s: {said}")
            time.sleep(0.1)

    # A person's hands.

    def begin_call(self, person: str, pin: str, number: str, *, language: str = "en") -> None:
        """Lift, choose the language, enter person, PIN and number; ends with the price on the display."""
        prompts = PROMPTS[language]
        self.board.lift()
        self.board.wait_display("English")
        self.board.press(prompts.key)
        for prompt, typed in ((prompts.person, person), (prompts.pin, pin), (prompts.dial, number)):
            self.board.wait_display(prompt)
            self.board.press(f"{typed}#")
        self.board.wait_display(prompts.quote)

    def agree(self) -> None:
        """Any key: the price is all right, call."""
        self.board.press("#")
