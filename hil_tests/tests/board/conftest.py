"""One emulated board without the program, for tests of the port and of the board model."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial
from sealine_hil import urlhandler
from sealine_hil.board import Board
from sealine_hil.qemu import Qemu
from sealine_hil.repl import Repl

ROOT = Path(__file__).parents[3]
UNIQUE_ID = b"board under test"
SETTINGS = b"gateway = 10.0.2.2:7000"


@pytest.fixture(scope="session")
def image() -> Path:
    """The image without the program."""
    subprocess.run(["make", "-s", "-C", ROOT / "firmware", "bare"], check=True)
    return ROOT / "build/firmware/bare/firmware.elf"


@pytest.fixture(scope="session")
def closed_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image whose program never opens the console, and dies at the first key."""
    app = tmp_path_factory.mktemp("app")
    (app / "main.py").write_text(
        "import board, time\nboard.display(0, 'running')\nwhile not board.key(): time.sleep_ms(10)\n1 / 0\n"
    )
    (app / "manifest.py").write_text('freeze(".", "main.py")\n')
    make = [
        "make",
        "-s",
        "-C",
        str(ROOT / "firmware"),
        "bare",
        "BARE=closed-console",
        f"BARE_MANIFEST={app}/manifest.py",
    ]
    subprocess.run(make, check=True)
    return ROOT / "build/firmware/closed-console/firmware.elf"


@pytest.fixture(scope="session")
def unix() -> Path:
    """MicroPython's unix port with the same modules."""
    subprocess.run(["make", "-s", "-C", ROOT / "firmware", "unix"], check=True)
    return ROOT / "build/firmware/unix/micropython"


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    """A board model with blank flash."""
    with Board(tmp_path / "window", unique_id=UNIQUE_ID, settings=SETTINGS) as board:
        yield board


@pytest.fixture
def qemu(image: Path, board: Board, tmp_path: Path) -> Iterator[Qemu]:
    """An emulator on that board, not started."""
    with Qemu(image, board.path, tmp_path / "qemu") as qemu:
        yield qemu


@pytest.fixture
def boot(qemu: Qemu) -> Iterator[Callable[[], Repl]]:
    """Switch the board on (or connect again after a reset) and enter its REPL."""
    urlhandler.register()
    ports: list[serial.SerialBase] = []

    def start() -> Repl:
        while ports:
            ports.pop().close()
        if off := not qemu.running:
            qemu.start()
        ports.append(serial.serial_for_url(qemu.console_url, timeout=0.05))
        if off:
            qemu.cont()
        return Repl(ports[-1])

    yield start
    for port in ports:
        port.close()
