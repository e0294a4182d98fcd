"""A real Mosquitto on loopback, started from the configuration that the product writes."""

import random
import signal
import socket
import subprocess
import time
from pathlib import Path

from sealine_hil.errors import HilError

START_S = 10.0
PORTS = (20_000, 32_000)


def free_port() -> int:
    """A TCP port on loopback that nobody listens on, outside the range of outgoing connections.

    From inside that range a client that retries a closed port may one day be connected to itself.
    """
    while True:
        port = random.randrange(*PORTS)  # noqa: S311 - no secret
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


class Mosquitto:
    """One broker process; `directory` holds mosquitto.conf and all that it names."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it accepts connections. Raises HilError with its log."""
        log = self.directory / "mosquitto.log"
        with log.open("ab") as file:
            self._process = subprocess.Popen(["mosquitto", "-c", str(self.directory / "mosquitto.conf")], stderr=file)
        end = time.monotonic() + START_S
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    return
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise HilError(f"mosquitto does not start: {log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End it in order (it saves its store)."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def save(self) -> None:
        """Have it write its store to disk now, as it does from time to time."""
        store = self.directory / "data" / "mosquitto.db"
        before = store.stat().st_mtime_ns if store.exists() else 0
        if self._process is not None:
            self._process.send_signal(signal.SIGUSR1)
        end = time.monotonic() + START_S
        while not store.exists() or store.stat().st_mtime_ns == before:
            if time.monotonic() > end:
                raise HilError("mosquitto does not save its store")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None
