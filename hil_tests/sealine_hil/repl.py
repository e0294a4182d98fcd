# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""Run Python on a board that still has its console open (MicroPython's raw REPL)."""

import ast
import time
from typing import Any, Protocol

from sealine_hil.errors import BoardError

_CHUNK_BYTES = 128  # the console's ring holds back the sender, but one large write would race its echo
_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
_RETRY_SECONDS = 0.5


class Port(Protocol):
    """What is asked of a serial port (pyserial's has it)."""

    def read(self, size: int = 1, /) -> bytes:
        """At most so many bytes; fewer, or none, when its own timeout is over."""

    def write(self, data: bytes, /) -> int | None:
        """Send all of it."""


class Repl:
    """The raw REPL behind a serial port."""

    def __init__(self, port: Port, timeout_s: float = 10.0) -> None:
        """Interrupt what runs and enter the raw REPL. BoardError: no answer."""
        self._port = port
        self._timeout_s = timeout_s
        deadline = time.monotonic() + timeout_s
        while True:  # a program that has not opened the console yet takes no notice
            self._write(b"\r\x03\x03\r\x01")
            try:
                self._until(_PROMPT, _RETRY_SECONDS)
            except BoardError:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def run(self, code: str, *, timeout_s: float | None = None) -> str:
        """What the code prints. BoardError: it raised, or did not end in time."""
        self._write(code.encode() + b"\x04")
        self._until(b"OK", timeout_s)
        printed = self._until(b"\x04", timeout_s)
        raised = self._until(b"\x04>", timeout_s)
        if raised:
            raise BoardError(raised.decode(errors="replace").strip())
        return printed.decode()

    def eval(self, expression: str, *, timeout_s: float | None = None) -> Any:
        """Value of an expression that prints as a Python literal."""
        return ast.literal_eval(self.run(f"print(repr({expression}))", timeout_s=timeout_s).strip())

    def start(self, code: str) -> None:
        """Start code that does not come back."""
        self._write(code.encode() + b"\x04")
        self._until(b"OK")

    def _write(self, data: bytes) -> None:
        for i in range(0, len(data), _CHUNK_BYTES):
            self._port.write(data[i : i + _CHUNK_BYTES])

    def _until(self, end: bytes, timeout_s: float | None = None) -> bytes:
        deadline = time.monotonic() + (timeout_s or self._timeout_s)
        seen = bytearray()
        while not seen.endswith(end):
            if time.monotonic() > deadline:
                raise BoardError(f"no {end!r} from the board, but {bytes(seen[-200:])!r}")
            seen += self._port.read(1)
        return bytes(seen[: -len(end)])
