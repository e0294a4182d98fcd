"""The clock that state machines are given: asyncio's loop in the gateway, a virtual one in the tests."""

from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A pending call."""

    def cancel(self) -> None:
        """Do not make it."""


class Clock(Protocol):
    """Monotonic seconds, and calls to be made later. An asyncio event loop is one."""

    def time(self) -> float:
        """Now."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        """Call `callback` in `delay` seconds, unless cancelled."""


class Timers:
    """Named timers of one state machine; starting one again replaces it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timers: dict[str, Timer] = {}

    def start(self, name: str, delay_s: float, callback: Callable[[], object]) -> None:
        """Call back in `delay_s` seconds."""
        self.stop(name)

        def fire() -> None:
            self._timers.pop(name, None)
            callback()

        self._timers[name] = self._clock.call_later(delay_s, fire)

    def stop(self, name: str) -> None:
        """Forget one; none is no error."""
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def stop_all(self) -> None:
        """Forget all."""
        for name in list(self._timers):
            self.stop(name)
