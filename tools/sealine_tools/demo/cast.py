"""Who takes part, with numbers of the fictional range and secrets long enough for an honest search.

The numbers and PINs are the demo's own, not defaults of anything: they exist in this made-up facility only.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealine_hil import speech
from sealine_hil.facility import Party, Person, Plan


@dataclass(frozen=True)
class Caller:
    """Somebody in the roster. The name is never given to a machine: it is for the audience."""

    name: str
    person: str
    pin: str
    language: str


@dataclass(frozen=True)
class Called:
    """Somebody with a telephone; `dialled` is what the caller types."""

    name: str
    number: str
    dialled: str


MARISOL: Final = Caller("Marisol Ibarra", "4711200936", "1357902468", "en")
TOMAS: Final = Caller("Tomas Quintero", "4711200937", "8642097531", "es")
SISTER: Final = Called("Rosalind Ibarra", "12125550142", "2125550142")
ATTORNEY: Final = Called("Helen Brandtner", "12125550199", "12125550199")
COUSIN: Final = Called("Joaquin Quintero", "12125550163", "2125550163")

CALLED: Final = (SISTER, ATTORNEY, COUSIN)

NEAR_CLIPS: Final = ("hts1a", "hts2a", "mmt1", "forig")
FAR_CLIPS: Final = ("morig", "kristoff", "hts1a", "forig")
PRIVATE_NEAR_CLIPS: Final = ("g3plx",)  # no clip of the other call: the search must tell them apart
PRIVATE_FAR_CLIPS: Final = ("cq_ref",)
CASE: Final = "26-CR-0117"


def spoken(clips: tuple[str, ...]) -> bytes:
    """Clips of human speech, one behind the other."""
    return b"".join(map(speech.clip, clips))


def plan(directory: Path) -> Plan:
    """The facility's people, and what the called parties do; their speech lies in `directory`."""
    far, private = directory / "sister.wav", directory / "attorney.wav"
    speech.write_wav(far, spoken(FAR_CLIPS))
    speech.write_wav(private, spoken(PRIVATE_FAR_CLIPS))
    return Plan(
        people=[Person(caller.person, caller.pin, caller.language) for caller in (MARISOL, TOMAS)],
        parties={
            SISTER.number: Party(play=far, record=directory / "sister-heard.wav"),
            ATTORNEY.number: Party(play=private, record=directory / "attorney-heard.wav"),
            COUSIN.number: Party(behaviour="refuse"),
        },
        privileged=[ATTORNEY.dialled],
    )


def secrets() -> dict[str, str]:
    """What a thief must not find: a name of each secret, and the secret."""
    found: dict[str, str] = {}
    for caller in (MARISOL, TOMAS):
        first = caller.name.split()[0]
        found |= {f"{first}'s name": caller.name, f"{first}'s first name": first}
        found |= {f"{first}'s person number": caller.person, f"{first}'s PIN": caller.pin}
    for called in CALLED:
        first = called.name.split()[0]
        found |= {f"{first}'s name": called.name, f"{first}'s first name": first, f"{first}'s number": called.number}
        found[f"{first}'s number without country code"] = called.number[1:]
    return found
