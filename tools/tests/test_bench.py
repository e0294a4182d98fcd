"""The bench's arithmetic: delays, losses and verdicts from made-up call data with known answers."""

import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
from sealine_tools.bench import figures, scene, timing, trunk
from sealine_tools.bench.figures import Figure
from sealine_tools.bench.timing import FRAME_NS


def stream(sequences: list[int], late_ns: dict[int, int] | None = None) -> list[tuple[int, int]]:
    """Frames in their places in time, some of them late."""
    late = late_ns or {}
    return [
        (sequence, 5_000 + number * FRAME_NS + late.get(number, 0))
        for number, sequence in zip(timing.unwrapped(sequences), sequences, strict=True)
    ]


@pytest.mark.parametrize(
    ("sequences", "lost", "repeated"),
    [
        ([], 0, 0),
        ([7], 0, 0),
        ([7, 8, 9], 0, 0),
        ([65534, 65535, 0, 1], 0, 0),
        ([65534, 1], 2, 0),
        ([5, 6, 6, 8], 1, 1),
        ([5, 7, 6, 8], 0, 0),
        ([0, 65535, 1], 0, 0),
    ],
)
def test_lost_and_repeated(sequences: list[int], lost: int, repeated: int) -> None:
    assert timing.lost_and_repeated(sequences) == (lost, repeated)


def test_lateness_is_against_the_quickest() -> None:
    heard = stream([65535, 0, 1, 2], {65536: 3_000_000, 65538: 20_000_000})
    assert timing.lateness_ms(heard) == [0, 3, 0, 20]
    assert timing.lateness_ms([]) == []


def test_clock_origin_takes_the_earliest_look() -> None:
    origin = 1_000_000_000
    noise = random.Random(1)
    looks = iter([(frame, origin + (frame - 1) * FRAME_NS + noise.randrange(FRAME_NS)) for frame in range(1, 400)])
    assert 0 <= timing.clock_origin(lambda: next(looks), 399) - origin < 1_000_000


def test_speech_is_found_where_it_is_quieter_than_the_rest() -> None:
    noise = np.random.default_rng(2)
    pattern = noise.normal(0, 300, 4000)
    where = noise.normal(0, 3000, 40_000)
    where[12_345 : 12_345 + 4000] = 0.5 * pattern
    assert timing.find(pattern, where) == 12_345
    with pytest.raises(ValueError, match="no place"):
        timing.find(pattern, where[:100])
    with pytest.raises(ValueError, match="nothing to find"):
        timing.find(np.zeros(100), where)


def test_delays_count_framing_at_both_ends() -> None:
    origin = 10_000_000_000
    # Spoken in microphone frame 50, heard in the third frame of a stream that lost its second one.
    heard = [(9, 0), (11, origin + 50 * FRAME_NS + 4_000_000)]
    assert timing.upward_ms(50, origin, 2 * 160, heard) == pytest.approx(24)
    # Sent when frame 50 is taken, played three frames later: 20 + 60 + 20 ms.
    assert timing.downward_ms(origin + 50 * FRAME_NS, origin, 53 * 160) == pytest.approx(100)


def test_limits() -> None:
    assert Figure("talk", "a", 35, "%", most=35).verdict == "ok"
    assert Figure("talk", "a", 35.1, "%", most=35).verdict == "MISS"
    assert Figure("talk", "a", 1, "", least=2).verdict == "MISS"
    assert Figure("talk", "a", 1, "").verdict == ""
    nothing = Figure("talk", "a", figures.middle([]), "ms", most=500)
    assert math.isnan(nothing.value)
    assert figures.missed([nothing]) == [nothing]


def test_json_holds_verdicts() -> None:
    told = json.loads(figures.to_json([Figure("talk", "a", 2, "ms", most=1)], {"emulator": "x"}))
    assert told["missed"] == 1
    assert told["figures"][0]["verdict"] == "MISS"


def test_script_starts_clips_at_whole_frames() -> None:
    script = scene.script(("morig", "forig", "hts1a"))
    assert all(start % timing.FRAME_SAMPLES == 0 for start in script.starts)
    for start, clip in zip(script.starts, script.clips, strict=True):
        assert script.pcm[2 * start : 2 * start + len(clip)] == clip


def test_times_survive_their_file(tmp_path: Path) -> None:
    path = tmp_path / "times" / "0.json"
    times = trunk.CallTimes([(1, 2), (3, 4)], [5])
    trunk.write(path, times)
    assert trunk.read(path) == times
