# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""A small client of QEMU's machine protocol (QMP), on a connected socket."""

import json
import socket

from sealine_hil.errors import EmulatorError

TIMEOUT_SECONDS = 10.0


class Qmp:
    """Commands to one emulator, one at a time; events are passed over."""

    def __init__(self, connection: socket.socket) -> None:
        """Negotiate. EmulatorError: no QMP there."""
        connection.settimeout(TIMEOUT_SECONDS)
        self._socket = connection
        self._lines = connection.makefile("r", encoding="utf-8")
        if "QMP" not in self._next():
            raise EmulatorError("no QMP greeting")
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: object) -> object:
        """Run a command and return its result. EmulatorError: refused, or the emulator is gone."""
        message = {"execute": command} | ({"arguments": arguments} if arguments else {})
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise EmulatorError(f"QMP {command}: the emulator is gone") from error
        while True:
            answer = self._next()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise EmulatorError(f"QMP {command}: {answer['error']}")

    def close(self) -> None:
        """Let go of the socket."""
        self._lines.close()
        self._socket.close()

    def _next(self) -> dict[str, object]:
        try:
            line = self._lines.readline()
        except OSError as error:
            raise EmulatorError("QMP: no answer") from error
        if not line:
            raise EmulatorError("QMP: the emulator is gone")
        answer = json.loads(line)
        if not isinstance(answer, dict):
            raise EmulatorError("QMP: answer is not an object")
        return answer
