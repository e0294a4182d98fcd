"""Whether the opened recording is what was spoken."""

from pathlib import Path
from typing import Final

from sealine_hil import quality, speech
from sealine_hil.phone import WallPhone
from sealine_protocol import mulaw

from sealine_tools.demo.errors import DemoError
from sealine_tools.demo.stage import Step

MIN_PESQ: Final = 2.0
"""Below it the opened recording is not the speech that was spoken. How good it must be on a machine that does nothing
else is the bench's to say: here another program's load may cost frames."""

GOOD_PESQ: Final = 0.05
"""How far below mu-law alone a quiet machine may be."""


def compare(step: Step, spoken: Path, record_id: str, opened: Path, *, phone: WallPhone) -> dict[str, float]:
    """PESQ of both legs of an opened WAV against `spoken`. Raises DemoError when it is not the same speech."""
    found = {}
    busy = False
    for leg, heard in zip(("near", "far"), speech.read_wav(opened), strict=True):
        (said,) = speech.read_wav(spoken / f"{record_id}-{leg}.wav")
        result = quality.compare(said, heard)
        alone = quality.compare(said, mulaw.decode(mulaw.encode(said))).pesq
        found[leg] = round(result.pesq, 3)
        busy = busy or result.pesq < alone - GOOD_PESQ
        step.say(
            f"{leg} leg: {result.seconds:.1f} s of speech, PESQ {result.pesq:.2f} against what was spoken "
            f"(mu-law alone gives {alone:.2f})"
        )
    if busy:
        late = phone.board.counters().clock_late
        step.say(f"[yellow]this machine was busy: some frames came late ({late} ticks of the codec's clock)[/]")
    if min(found.values()) < MIN_PESQ:
        raise DemoError(f"the opened recording does not sound like what was spoken: PESQ {found}")
    return found
