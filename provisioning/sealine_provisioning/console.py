"""The technician's side of a terminal's console: one command a line, `OK`, `ERROR code "text"` or `PROGRESS text` back.

Works on anything with `write`, `readline` and a `timeout`: pyserial's Serial, its socket:// URL, or QEMU's console.
"""

import base64
import binascii
import shlex
import time
from collections.abc import Callable
from typing import Protocol

from sealine_provisioning.errors import ConsoleError

MAX_LINE_BYTES = 32 * 1024
"""A reply is at most an enrolment (CDDL: about 12 KB) in base64."""


class Stream(Protocol):
    """The part of pyserial that the console uses."""

    timeout: float | None

    def write(self, data: bytes, /) -> int | None:
        """Send all bytes."""
        ...

    def readline(self, size: int = -1, /) -> bytes:
        """A line with its newline, or what came until the timeout."""
        ...


class Console:
    """Sends commands and waits for the verdict; other lines (banners, logs) are passed to `log`."""

    def __init__(
        self,
        stream: Stream,
        *,
        progress: Callable[[str], None] = lambda _text: None,
        log: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._stream = stream
        self._progress = progress
        self._log = log

    def command(self, verb: str, *arguments: bytes, timeout_s: float = 30) -> bytes:
        """Run one command; returns the reply's bytes. Raises ConsoleError with the device's code, or `timeout`."""
        line = " ".join(["sealine", verb, *(base64.b64encode(argument).decode() for argument in arguments)])
        self._stream.timeout = 0.5
        self._stream.write(line.encode() + b"\r\n")
        deadline = time.monotonic() + timeout_s
        pending = b""
        while time.monotonic() < deadline:
            pending += self._stream.readline(MAX_LINE_BYTES)
            if len(pending) > MAX_LINE_BYTES:
                raise ConsoleError("oversize", f"{verb}: the device sent a line of over {MAX_LINE_BYTES} bytes")
            if not pending.endswith(b"\n"):
                continue
            text, pending = pending.decode("utf-8", "replace").strip(), b""
            reply = self._verdict(verb, text)
            if reply is not None:
                return reply
        raise ConsoleError("timeout", f"{verb}: no verdict within {timeout_s:g} s; is the terminal on?")

    def _verdict(self, verb: str, text: str) -> bytes | None:
        word, _, rest = text.partition(" ")
        if word == "OK":
            try:
                return base64.b64decode(rest, validate=True)
            except binascii.Error as error:
                raise ConsoleError("malformed", f"{verb}: the device's reply is not base64") from error
        if word == "ERROR":
            code, _, quoted = rest.partition(" ")
            try:
                words = shlex.split(quoted)
            except ValueError:
                words = [quoted]
            raise ConsoleError(code or "unknown", f"{verb}: {' '.join(words)}")
        if word == "PROGRESS":
            self._progress(rest)
        elif text:
            self._log(text)
        return None
