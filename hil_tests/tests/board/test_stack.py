# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""The C stack's lower end, with the interpreter's own check out of the way."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sealine_hil.board import Board
from sealine_hil.qemu import Qemu
from sealine_hil.repl import Repl

pytestmark = pytest.mark.timeout(60)

STACK_OVERFLOW = 1 << 20  # CFSR.STKOF, ArmV8-M Architecture Reference Manual D1.2.7
# py/mpstate.h: mp_state_ctx begins with the thread's stack_top, then its stack_limit.
LIMIT_OFFSET = 4
RECURSE = """
import machine
def f(n):
    return f(n + 1)
machine.mem32[{limit:#x}] = 0x1000000
f(0)
"""


def address_of(image: Path, symbol: str) -> int:
    """Where the linker put a symbol."""
    listed = subprocess.run(["arm-none-eabi-nm", str(image)], check=True, capture_output=True, text=True).stdout
    return int(next(line for line in listed.splitlines() if line.endswith(f" {symbol}")).split()[0], 16)


def test_a_stack_that_overflows_is_a_fault_with_a_crash_log(
    board: Board, boot: Callable[[], Repl], image: Path, qemu: Qemu
) -> None:
    boot().start(RECURSE.format(limit=address_of(image, "mp_state_ctx") + LIMIT_OFFSET))
    end = time.monotonic() + 10
    while board.counters().boots < 2:
        assert time.monotonic() < end, "it neither ended nor restarted"
        time.sleep(0.02)
    cause, crash = boot().eval("[__import__('board').reset_cause(), __import__('board').crash_log()]")
    assert (cause, crash[0]) == ("fault", 1)
    assert crash[5] & STACK_OVERFLOW, "another fault"
    assert "FAULT kind=00000001" in qemu.console_log.read_text(errors="replace")
