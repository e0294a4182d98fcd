"""From hang-up to the terminal's verified receipt."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from sealine_hil.errors import HilError

from sealine_tools.bench.figures import Figure, middle, worst
from sealine_tools.bench.scene import LISTENER, Scene

TALK_S: Final = 3.0
_TIMEOUT_S: Final = 20.0
_PAUSE_S: Final = 0.08


def measure(scene: Scene, calls: int, say: Callable[[str], None]) -> list[float]:
    """Milliseconds on the host's clock until the phone itself says that no record waits, for each recorded call.

    The phone lets a record go only behind a verified receipt; the question and its answer on the console, and the
    pause between two questions, count too: an answer costs the phone some 20 ms, so that asking all the time would
    keep it from its work.
    """
    spent = []
    for call in range(calls):
        say(f"call {call + 1} of {calls}")
        scene.call(LISTENER)
        time.sleep(TALK_S)
        begun = time.monotonic()
        scene.phone.board.hang_up()
        time.sleep(_PAUSE_S)
        while (status := scene.phone.status())["waiting"] != "0" or status["state"] == "talking":
            time.sleep(_PAUSE_S)
            if time.monotonic() - begun > _TIMEOUT_S:
                raise HilError(f"no receipt within {_TIMEOUT_S:g} s")
        spent.append(1000 * (time.monotonic() - begun))
    return spent


def figures(spent: list[float]) -> Iterator[Figure]:
    """Median and worst."""
    remark = f"{len(spent)} recorded calls, as the phone's console tells it"
    yield Figure("receipt", "hang-up to verified receipt, median", middle(spent), "ms", most=500, remark=remark)
    yield Figure("receipt", "hang-up to verified receipt, worst", worst(spent), "ms")
