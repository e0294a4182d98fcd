"""Instructions for each kind of work, counted on the real image by the emulator's own clock."""

import ast
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sealine_hil.repl import Repl

from sealine_tools.bench.figures import Figure
from sealine_tools.bench.scene import Scene

CODE: Final = Path(__file__).with_name("counting.upy")
MIPS: Final = 125
_TIMEOUT_S: Final = 120.0


def measure(scene: Scene) -> list[tuple[str, int]]:
    """End the phone's program and count on its parts; the phone is of no use afterwards. BoardError: it failed."""
    gateway = (scene.facility.directory / "gateway" / "credential.cose").read_bytes()
    scene.phone.board.wait_display("Lift the handset", 20)
    time.sleep(1)
    repl = Repl(scene.phone.open_console(), _TIMEOUT_S)
    printed = repl.run(CODE.read_text().replace("GATEWAY_CHAIN", repr([gateway])), timeout_s=_TIMEOUT_S)
    counted = []
    for line in printed.splitlines():
        name, instructions = ast.literal_eval(line)
        counted.append((str(name), int(instructions)))
    return counted


def figures(counted: list[tuple[str, int]]) -> Iterator[Figure]:
    """Each beside the time that it takes at 125 MIPS; of a name that was counted twice the last."""
    for name, instructions in dict(counted).items():
        yield Figure("instructions", name, instructions, "", remark=f"{instructions / MIPS / 1000:.1f} ms")
