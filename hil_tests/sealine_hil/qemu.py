# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""One emulated wall phone: the firmware image in QEMU, on the board model's window."""

import atexit
import contextlib
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sealine_hil import window
from sealine_hil.errors import EmulatorError
from sealine_hil.qmp import Qmp

HOST_ADDRESS: Final = "10.0.2.2"  # the host, as the guest's user-mode network shows it
POWER_CUT_STATUS: Final = 86  # exit status after Board.cut_power_at
CRASH_STATUS: Final = 70  # exit status after a fault, where Board.exit_on_fault asks for it
STOP_SECONDS: Final = 10.0
_EMULATOR: Final = "qemu-system-arm"
# A throttled 125 million instructions per second in real time, about a 150 MHz Cortex-M33.
_ICOUNT: Final = "shift=3,align=on,sleep=on"


class Qemu:
    """An emulator that can be started, reset and killed as often as one likes; flash and identity are in the window.

    `console_url` and `link_url` are serial ports for pyserial (see `sealine_hil.urlhandler`); they stay the same over
    restarts. A connection ends with the emulator. What is sent to nobody is lost: connect before `cont`.
    """

    def __init__(
        self, image: Path, window_path: Path, work: Path, *, network: bool = True, icount: bool = False
    ) -> None:
        """`work` holds console.log, link.log and qemu.log. Nothing runs yet; `nic` may still be set to another."""
        self._image = image
        self._window = window_path
        self._work = work
        # User-mode network: outbound only, the host's loopback is 10.0.2.2. Not restrict=on with guestfwd, since one
        # forwarded port is one connection of the host, shared by all that the guest makes.
        self.nic = "user,model=lan9118,ipv6=off" if network else "none"
        self._icount = icount
        self._listeners = {name: _listener() for name in ("console", "link")}
        self._process: subprocess.Popen[bytes] | None = None
        self._qmp: Qmp | None = None
        atexit.register(self.kill9)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def console_url(self) -> str:
        """Serial URL of the console."""
        return self._url("console")

    @property
    def link_url(self) -> str:
        """Serial URL of the serial link."""
        return self._url("link")

    @property
    def console_log(self) -> Path:
        """All that the console has said, over all restarts."""
        return self._work / "console.log"

    @property
    def running(self) -> bool:
        """Whether the emulator's process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id of the emulator. EmulatorError: not started."""
        if self._process is None:
            raise EmulatorError("not started")
        return self._process.pid

    def start(self) -> None:
        """Start the emulator with the board halted at its first instruction. EmulatorError: it does not come up."""
        if self.running:
            raise EmulatorError("already running")
        self._work.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair()
        fds = {name: listener.fileno() for name, listener in self._listeners.items()} | {"qmp": theirs.fileno()}
        with theirs, (self._work / "qemu.log").open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    self._command(fds), stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=tuple(fds.values())
                )
            except OSError as error:
                ours.close()
                raise EmulatorError(f"{_EMULATOR} does not start: run 'make setup'") from error
        try:
            self._qmp = Qmp(ours)
        except EmulatorError as error:
            self.kill9()
            said = (self._work / "qemu.log").read_text(errors="replace")[-500:]
            raise EmulatorError(f"{_EMULATOR} does not come up: {said}") from error

    def cont(self) -> None:
        """Let the board run."""
        self._command_qmp("cont")

    def stop(self) -> None:
        """Halt the board's clock; `cont` goes on."""
        self._command_qmp("stop")

    def reset(self) -> None:
        """Press the reset pin: RAM that is not wiped survives."""
        self._command_qmp("system_reset")

    def save_memory(self, address: int, size: int, path: Path) -> None:
        """Write a range of the board's memory to a file, without the board's help."""
        self._command_qmp("memsave", val=address, size=size, filename=str(path))

    def kill9(self) -> None:
        """Pull the plug: the process dies at once, RAM is lost, the window stays. Nothing to do when it is off."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait(STOP_SECONDS)
        self._forget()

    def power_cycle(self) -> None:
        """Pull the plug and start again, running."""
        self.kill9()
        self.start()
        self.cont()

    def wait_exit(self, timeout_s: float) -> int:
        """Wait until the emulator ends by itself; its exit status. EmulatorError: it goes on."""
        if self._process is None:
            raise EmulatorError("not started")
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise EmulatorError(f"the emulator still runs after {timeout_s} s") from error
        self._forget()
        return status

    def close(self) -> None:
        """End it all, ports included."""
        self.kill9()
        atexit.unregister(self.kill9)
        for listener in self._listeners.values():
            listener.close()

    def _forget(self) -> None:
        if self._qmp is not None:
            self._qmp.close()
        self._qmp = None
        self._process = None

    def _command_qmp(self, command: str, **arguments: object) -> None:
        if self._qmp is None:
            raise EmulatorError("not started")
        self._qmp.execute(command, **arguments)

    def _url(self, name: str) -> str:
        host, port = self._listeners[name].getsockname()
        return f"chardev://{host}:{port}"

    def _command(self, fds: dict[str, int]) -> list[str]:
        memory = f"memory-backend-file,id=ram0,size={window.BYTES},mem-path={self._window},share=on"
        command = [_EMULATOR, "-machine", "mps2-an505,memory-backend=ram0", "-object", memory]
        command += ["-kernel", str(self._image), "-S", "-nodefaults", "-no-user-config", "-display", "none"]
        command += ["-semihosting-config", "enable=on,target=native"]
        for name in ("console", "link"):
            log = f"logfile={self._work / name}.log,logappend=on"
            command += ["-chardev", f"socket,id={name},fd={fds[name]},server=on,wait=off,nodelay=on,{log}"]
            command += ["-serial", f"chardev:{name}"]
        command += ["-chardev", f"socket,id=qmp,fd={fds['qmp']}", "-mon", "chardev=qmp,mode=control"]
        command += ["-nic", self.nic]
        return command + (["-icount", _ICOUNT] if self._icount else [])


def _listener() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.set_inheritable(True)
    return listener
