"""One recorded call with speech in both directions: what was lost, how busy the phone was, how late and how good."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sealine_hil import quality, speech
from sealine_hil.board import Board, Counters
from sealine_hil.errors import HilError
from sealine_hil.witness import Held, Witness, coded
from sealine_protocol.recording import TAG_SIZE

from sealine_tools.bench import timing, trunk
from sealine_tools.bench.figures import Figure, middle, worst
from sealine_tools.bench.scene import TALKER, Scene, Script

MIPS: Final = 125
FRAMES_A_SECOND: Final = 50
AUDIO: Final = (  # firmware/stubs/audio.pyi, stats()
    "frames",
    "tx_frames",
    "tx_overrun",
    "rx_received",
    "rx_played",
    "rx_concealed",
    "rx_late",
    "rx_duplicate",
    "rx_skipped",
    "rx_restarted",
    "rx_overrun",
    "rec_frames",
    "rec_overrun",
    "prompt_underrun",
)
_LOSSES: Final = ("tx_overrun", "rx_concealed", "rx_late", "rx_skipped", "rx_overrun", "rec_overrun")
_SEARCH: Final = 2000  # samples either side of where a clip should be: a quarter of a second
_LOOKS: Final = 400


@dataclass(frozen=True)
class Talk:
    """What was seen of the call."""

    seconds: float
    begun_ns: int
    before: dict[str, str]
    after: dict[str, str]
    board_before: Counters
    board_after: Counters
    mic_frame: int
    speaker: tuple[int, bytes]
    origin_ns: int
    times: trunk.CallTimes
    heard: bytes
    record: Held


def hold(scene: Scene, call: int, seconds: float, say: Callable[[str], None]) -> Talk:
    """Talk for so long, hang up, and gather what the hops have counted; `call` counts the phone's calls from 0."""
    board, witness = scene.phone.board, Witness(scene.facility)
    scene.call(TALKER)
    board.listen(clear=True)
    mic_frame = board.speak(scene.near.pcm)
    before = scene.phone.status()
    board.reset_worst_answer()
    board_before = board.counters()
    begun_ns, begun = time.monotonic_ns(), time.monotonic()
    while (left := seconds - (time.monotonic() - begun)) > 0:
        say(f"talking, {left:.0f} s left")
        time.sleep(min(left, 5))
    board_after = board.counters()
    talked = time.monotonic() - begun
    after = scene.phone.status()
    speaker = board.listen()
    board.hang_up()
    say("waiting for the recording at central")
    record = witness.wait_records(call + 1, scene.phone.name)[-1]
    if record.fields["recording"] is None:
        raise HilError(f"the call was not recorded: privileged is {record.fields['privileged']}")
    witness.wait_whole(record.fields, timeout_s=20)
    return Talk(
        talked,
        begun_ns,
        before,
        after,
        board_before,
        board_after,
        mic_frame,
        speaker,
        _origin(board),
        trunk.read(scene.times / f"{call}.json"),
        speech.read_wav(scene.heard)[0],
        record,
    )


def _origin(board: Board) -> int:
    def look() -> tuple[int, int]:
        time.sleep(0.0013)
        return board.counters().mic_frames, time.monotonic_ns()

    return timing.clock_origin(look, _LOOKS)


def figures(talk: Talk) -> Iterator[Figure]:
    """Losses, load and lateness."""
    audio = dict(zip(AUDIO, map(int, talk.after["audio"].split(",")), strict=True))
    least = int(0.99 * FRAMES_A_SECOND * talk.seconds)
    lost, repeated = timing.lost_and_repeated([sequence for sequence, _ in talk.times.heard])
    lateness = timing.lateness_ms([frame for frame in talk.times.heard if frame[1] >= talk.begun_ns])
    yield _figure("length of the call", talk.seconds, "s")
    for name in _LOSSES:
        yield _figure(f"frames, {name.replace('_', ' ')}", audio[name], "", most=0)
    yield _figure("frames lost by the codec's ring", _grown(talk, "mic_lost"), "", most=0)
    yield _figure(
        "frames that the codec had to go without", _grown(talk, "speaker_late"), "", most=0, remark=_noise(talk)
    )
    yield _figure("frames lost on the way to the trunk", lost, "", most=0, remark=f"{repeated} came twice")
    yield _figure("frames that came to the trunk", len(lateness), "", least=least)
    yield _figure("frames that came to the handset", audio["rx_received"], "", least=least)
    sealed = _sealed_seconds(talk.record.fields)
    yield _figure(
        "audio sealed and stored", sealed, "s", least=round(talk.seconds - 0.1, 1), remark="digest holds at central"
    )
    yield _figure("processor busy", 100 * busy(talk), "%", most=35, remark="of its own time, interrupts included")
    insn = busy(talk) * MIPS * 1e6 / FRAMES_A_SECOND
    yield _figure("instructions per 20 ms of talk, all work", insn, "", remark="at 125 MIPS")
    gap = int(talk.after["tick_gap_us"]) / 1000
    yield _figure("a frame of the codec late by, worst", gap, "ms", most=10, remark="on the phone's own clock")
    answer = talk.board_after.worst_answer_ms
    yield _figure(
        "the same on the host's clock", answer, "ms", remark="the host's own delays count; 20 = a frame was missed"
    )
    stood = 1000 * talk.seconds - (int(talk.after["uptime_ms"]) - int(talk.before["uptime_ms"]))
    yield _figure("the phone's clock fell behind the host's by", stood, "ms")
    yield _figure(
        "a frame at the trunk late by, median", middle(lateness), "ms", remark="against the quickest of the call"
    )
    yield _figure("a frame at the trunk late by, worst", worst(lateness), "ms")


def _figure(
    name: str, value: float, unit: str, most: float | None = None, least: float | None = None, remark: str = ""
) -> Figure:
    return Figure("talk", name, value, unit, most, least, remark)


def _grown(talk: Talk, counter: str) -> int:
    return int(getattr(talk.board_after, counter) - getattr(talk.board_before, counter))


def _noise(talk: Talk) -> str:
    return f"the host itself missed {_grown(talk, 'clock_late')} beats"


def _sealed_seconds(record: dict[str, Any]) -> float:
    """Of speech in the recording; the record's own time is the phone's clock, which a slow host holds back."""
    recording = record["recording"]
    if recording is None:
        return float("nan")
    return float((recording["bytes"] - recording["chunks"] * TAG_SIZE) / 2 / speech.SAMPLE_RATE_HZ)


def busy(talk: Talk) -> float:
    """Share of the phone's own time in which its processor did not sleep."""
    idle, uptime = (int(talk.after[name]) - int(talk.before[name]) for name in ("idle_ms", "uptime_ms"))
    return 1 - idle / uptime


def delays(talk: Talk, near: Script, far: Script) -> Iterator[Figure]:
    """Mouth to ear, clip by clip."""
    heard, speaker = timing.samples(talk.heard), timing.samples(talk.speaker[1])
    up = [
        timing.upward_ms(talk.mic_frame + start // timing.FRAME_SAMPLES, talk.origin_ns, place, talk.times.heard)
        for start, place in _places(near, heard)
    ]
    down = [
        timing.downward_ms(
            talk.times.spoken[start // timing.FRAME_SAMPLES],
            talk.origin_ns,
            talk.speaker[0] * timing.FRAME_SAMPLES + place,
        )
        for start, place in _places(far, speaker)
    ]
    for name, values in (("mouth to trunk", up), ("trunk to ear", down)):
        yield Figure(
            "quality", f"{name}, median", middle(values), "ms", most=150, remark="20 ms of framing counted at each end"
        )
        yield Figure("quality", f"{name}, worst clip", worst(values), "ms", most=150)


def _places(script: Script, where: timing.Samples) -> Iterator[tuple[int, int]]:
    """Of each clip: its first sample in the script, and where it begins in what was heard."""
    whole = timing.samples(script.pcm)
    spoken = whole[: min(len(whole), len(where)) - 4 * timing.FRAME_SAMPLES * FRAMES_A_SECOND]
    offset = timing.find(spoken, where)
    for start, clip in zip(script.starts, script.clips, strict=True):
        begin = max(0, offset + start - _SEARCH)
        window = where[begin : offset + start + len(clip) // 2 + _SEARCH]
        if len(window) >= len(clip) // 2 + _SEARCH:
            yield start, begin + timing.find(timing.samples(clip), window)


def scores(opened: Sequence[tuple[str, bytes, Script]]) -> Iterator[Figure]:
    """PESQ of each opened leg against what was spoken, beside the score of mu-law alone."""
    for name, leg, script in opened:
        found = list(_places(script, timing.samples(leg)))
        losses, values = [], []
        for start, place in found:
            clip = script.clips[script.starts.index(start)]
            best = quality.compare(clip, coded(clip)).pesq
            value = quality.compare(clip, leg[2 * place : 2 * place + len(clip)]).pesq
            values.append(value)
            losses.append(best - value)
        yield Figure("quality", f"PESQ, {name} leg opened, median", middle(values), "", remark=f"{len(found)} clips")
        yield Figure("quality", f"PESQ lost beyond mu-law, {name} leg, worst clip", worst(losses), "", most=0.05)
