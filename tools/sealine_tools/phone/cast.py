"""Who lives and answers in the facility of `sealine phone`: the demo's people, and some more who can be called."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealine_hil import speech
from sealine_hil.facility import Party, Person, Plan

from sealine_tools.demo import cast
from sealine_tools.demo.cast import COUSIN, MARISOL, SISTER, TOMAS, Called, Caller

ATTORNEY: Final = cast.ATTORNEY
AUNT: Final = Called("Beatriz Ibarra", "12125550171", "2125550171")
WORKPLACE: Final = Called("Lakeside Bakery", "12125550174", "2125550174")
CALLERS: Final = (MARISOL, TOMAS)
ROUNDS: Final = 12  # how often a party repeats what it has to say: some minutes


@dataclass(frozen=True)
class Line:
    """A number to try, and what happens there."""

    called: Called
    what: str


LINES: Final = (
    Line(SISTER, "answers and talks; the call is recorded"),
    Line(ATTORNEY, "an attorney: answers; never recorded"),
    Line(COUSIN, "hears the notice and refuses"),
    Line(AUNT, "does not answer"),
    Line(WORKPLACE, "is busy"),
)


def plan(directory: Path) -> Plan:
    """The facility's people and parties; the speech of the parties lies in `directory`."""
    far, private = directory / "sister.wav", directory / "attorney.wav"
    speech.write_wav(far, cast.spoken(cast.FAR_CLIPS) * ROUNDS)
    speech.write_wav(private, cast.spoken(cast.PRIVATE_FAR_CLIPS) * ROUNDS)
    return Plan(
        people=[Person(caller.person, caller.pin, caller.language) for caller in CALLERS],
        parties={
            SISTER.number: Party(play=far, ring_ms=1500),
            ATTORNEY.number: Party(play=private, ring_ms=1500),
            COUSIN.number: Party(behaviour="refuse", ring_ms=1500),
            AUNT.number: Party(behaviour="no-answer"),
            WORKPLACE.number: Party(behaviour="busy"),
        },
        privileged=[ATTORNEY.dialled],
    )


def card(caller: Caller) -> dict[str, object]:
    """What a person at the phone must know, for the page."""
    return {
        "name": caller.name,
        "person": caller.person,
        "pin": caller.pin,
        "numbers": [{"name": line.called.name, "dial": line.called.dialled, "what": line.what} for line in LINES],
    }
