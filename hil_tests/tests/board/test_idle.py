"""The count of idle time tells a sleeping processor from a working one."""

from collections.abc import Callable

import pytest
from sealine_hil.repl import Repl

pytestmark = pytest.mark.timeout(60)

SPENT = """
import board, time
def spent(work):
    idle, begun = board.idle_us(), time.ticks_us()
    work()
    return board.idle_us() - idle, time.ticks_diff(time.ticks_us(), begun)
def busy():
    end = time.ticks_add(time.ticks_ms(), 300)
    while time.ticks_diff(end, time.ticks_ms()) > 0:
        pass
"""


def test_sleep_is_idle(boot: Callable[[], Repl]) -> None:
    repl = boot()
    repl.run(SPENT)
    idle_us, whole_us = repl.eval("spent(lambda: time.sleep_ms(300))")
    assert 0.8 * whole_us < idle_us <= whole_us


def test_work_is_not(boot: Callable[[], Repl]) -> None:
    repl = boot()
    repl.run(SPENT)
    idle_us, whole_us = repl.eval("spent(busy)")
    assert whole_us >= 299_000
    assert idle_us == 0


def test_a_missing_tick_shows_as_a_gap(boot: Callable[[], Repl]) -> None:
    repl = boot()
    repl.run(
        "import board, machine, time\n"
        "tick = 0x50002028  # control register of the timer that ticks\n"
        "on = machine.mem32[tick]\n"
        "board.tick_gap_us()\n"
        "machine.mem32[tick] = 0\n"
        "time.sleep_us(30_000)\n"
        "machine.mem32[tick] = on\n"
        "time.sleep_ms(5)\n"
    )
    assert repl.eval("board.tick_gap_us()") >= 29_000
    assert repl.eval("board.tick_gap_us()") >= 900
