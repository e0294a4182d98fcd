"""The facility that is measured: one phone at the speed of a wall phone, two called parties, eight clips of speech."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealine_hil import speech
from sealine_hil.facility import Facility, Party, Person, Plan
from sealine_hil.phone import WallPhone
from sealine_hil.program import Program

CLIPS: Final = ("hts1a", "hts2a", "morig", "forig", "mmt1", "kristoff", "cross", "big_dog")
GAP_BYTES: Final = 8000  # half a second of silence behind each clip
FRAME_BYTES: Final = 320
PERSON: Final = Person("4711", "135790")
TALKER: Final = "12125550142"
LISTENER: Final = "12125550143"


@dataclass(frozen=True)
class Script:
    """Clips one after the other, each from a whole frame on."""

    names: tuple[str, ...]
    clips: tuple[bytes, ...]
    starts: tuple[int, ...]  # first sample of each clip
    pcm: bytes

    @property
    def seconds(self) -> float:
        """How long it takes to speak."""
        return len(self.pcm) / 2 / speech.SAMPLE_RATE_HZ


def script(names: tuple[str, ...]) -> Script:
    """These clips in this order."""
    clips = tuple(speech.clip(name) for name in names)
    pcm = bytearray()
    starts = []
    for clip in clips:
        starts.append(len(pcm) // 2)
        pcm += clip
        pcm += bytes(GAP_BYTES + -(len(clip) + GAP_BYTES) % FRAME_BYTES)
    return Script(names, clips, tuple(starts), bytes(pcm))


@dataclass(frozen=True)
class Scene:
    """What is spoken, and where the parts lie."""

    facility: Facility
    phone: WallPhone
    near: Script
    far: Script

    @property
    def times(self) -> Path:
        """Where the trunk keeps the times of its calls."""
        return self.facility.directory / "times"

    @property
    def heard(self) -> Path:
        """What the talking party heard."""
        return self.facility.directory / "heard.wav"

    def call(self, number: str) -> None:
        """Place a call and wait until both may talk."""
        self.phone.board.wait_display("Lift the handset", 20)
        self.phone.begin_call(PERSON.person, PERSON.pin, number[1:])
        self.phone.agree()
        self.phone.board.wait_display("Talking", 60)


def build(directory: Path, *, rounds: int) -> Facility:
    """A facility, not started, whose talking party speaks the script `rounds` times."""
    far = directory / "far.wav"
    speech.write_wav(far, script(CLIPS[::-1]).pcm * rounds)
    parties = {
        TALKER: Party(play=far, record=directory / "heard.wav"),
        LISTENER: Party(play=far),
    }
    facility = Facility(directory, Plan(people=[PERSON], parties=parties))
    state = (facility.gateway_config, directory / "office" / "secret", directory / "times")
    facility.gateway = Program(
        "python",
        ["-m", "sealine_tools.bench.trunk", *map(str, state)],
        directory / "logs" / "gateway.log",
        port=facility.link_port,
    )
    return facility


def enter(facility: Facility, image: Path, *, rounds: int) -> Scene:
    """Start it all, with one enrolled, unlocked phone that runs at 125 MIPS in real time."""
    facility.start()
    phone = facility.phone("wing-a-1", image, icount=True, lock=False)
    facility.wait_rules(phone, timeout_s=60)
    near = script(CLIPS * rounds)
    return Scene(facility, phone, near, script(CLIPS[::-1] * rounds))
