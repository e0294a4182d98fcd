"""The console client against devices that answer well, badly, and not at all."""

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealine_provisioning.console import MAX_LINE_BYTES, Console
from sealine_provisioning.errors import ConsoleError


class Device:
    """A console that says these bytes; stands for the wire only, the real device is in hil_tests."""

    def __init__(self, said: bytes) -> None:
        self.timeout: float | None = None
        self.written = b""
        self._said = said

    def write(self, data: bytes, /) -> int:
        self.written += data
        return len(data)

    def readline(self, size: int = -1, /) -> bytes:
        end = self._said.find(b"\n") + 1 or len(self._said)
        end = min(end, size) if size >= 0 else end
        line, self._said = self._said[:end], self._said[end:]
        return line


def test_passes_progress_and_logs_and_returns_the_reply() -> None:
    seen: list[str] = []
    device = Device(b"banner\r\nPROGRESS making keys\r\nOK " + base64.b64encode(b"reply") + b"\r\n")
    console = Console(device, progress=seen.append, log=seen.append)
    assert console.command("enrol-begin", b"\x00\x01") == b"reply"
    assert seen == ["banner", "making keys"]
    assert device.written == b"sealine enrol-begin AAE=\r\n"


def test_error_names_code_and_text() -> None:
    with pytest.raises(ConsoleError, match="locked: info: not while locked") as caught:
        Console(Device(b'ERROR locked "not while locked"\n')).command("info")
    assert caught.value.code == "locked"


def test_silence_is_a_timeout() -> None:
    with pytest.raises(ConsoleError, match="no verdict"):
        Console(Device(b"")).command("info", timeout_s=0.01)


def test_endless_line_is_refused() -> None:
    with pytest.raises(ConsoleError, match="over"):
        Console(Device(b"A" * (2 * MAX_LINE_BYTES))).command("info")


@given(st.binary(max_size=400))
def test_any_bytes_give_a_reply_or_a_console_error(said: bytes) -> None:
    with contextlib.suppress(ConsoleError):
        Console(Device(said)).command("info", timeout_s=0.001)
