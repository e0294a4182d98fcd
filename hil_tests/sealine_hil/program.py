"""A host program of the product as a child process, so that it can be stopped, killed and started like the real one."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from sealine_hil.errors import HilError

STOP_S = 10.0
START_S = 20.0


class Program:
    """One command of this environment; its output goes to a log file that outlives restarts."""

    def __init__(
        self, name: str, arguments: Sequence[str], log: Path, *, port: int | None = None, ready: str = ""
    ) -> None:
        """`port`: ready when it accepts connections there; `ready`: or when this text is in the log."""
        self.log = log
        self._command = [str(Path(sys.executable).with_name(name)), *arguments]
        self._port = port
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id. Raises HilError when it does not run."""
        if self._process is None:
            raise HilError("not started")
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it is ready. Raises HilError with the end of its log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as file:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        end = time.monotonic() + START_S
        while time.monotonic() < end and self._process.poll() is None:
            if self._is_ready(before):
                return
            time.sleep(0.02)
        self.kill()
        raise HilError(f"{Path(self._command[0]).name} does not start: {self.log.read_text()[-1500:]}")

    def stop(self) -> int | None:
        """End it in order; its exit code, None if it was not started. Raises HilError."""
        code = None
        if self._process is not None:
            self._process.terminate()
            try:
                code = self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(STOP_S)
                raise HilError(f"{Path(self._command[0]).name} did not stop within {STOP_S:g} s") from None
            finally:
                self._process = None
        return code

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait(STOP_S)
            self._process = None

    def _is_ready(self, log_start: int) -> bool:
        if self._port is not None:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
            except OSError:
                return False
            return True
        with self.log.open("rb") as file:
            file.seek(log_start, os.SEEK_SET)
            return self._ready.encode() in file.read()
