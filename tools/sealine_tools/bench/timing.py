"""From time stamps and samples to delays and losses; no I/O."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

FRAME_NS: Final = 20_000_000
FRAME_SAMPLES: Final = 160
_NS_A_MS: Final = 1e6

Samples = npt.NDArray[np.float64]


def samples(pcm: bytes) -> Samples:
    """16-bit little-endian samples."""
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)


def clock_origin(read_frames: Callable[[], tuple[int, int]], looks: int) -> int:
    """When frame 0 of a codec clock was given, in ns: the earliest that any look (frames so far, now) allows.

    The clock keeps its pace over late frames, so each look is at most late, never early.
    """
    origins = []
    for _ in range(looks):
        frames, now = read_frames()
        origins.append(now - (frames - 1) * FRAME_NS)
    return min(origins)


def find(pattern: Samples, where: Samples) -> int:
    """Index in `where` at which the pattern begins: the largest normalised cross-correlation. ValueError: too short."""
    if len(where) < len(pattern) or not pattern.any():
        raise ValueError("nothing to find, or no place for it")
    size = 1 << (len(where) + len(pattern)).bit_length()
    product = np.fft.irfft(np.fft.rfft(where, size) * np.conj(np.fft.rfft(pattern, size)), size)
    places = len(where) - len(pattern) + 1
    power = np.concatenate(([0.0], np.cumsum(where**2)))
    energy = power[len(pattern) :] - power[:places]
    scaled = product[:places] / np.sqrt(np.maximum(energy, 1e-9 * power[-1] + 1.0))
    return int(np.argmax(scaled))


def unwrapped(sequences: Sequence[int]) -> Iterator[int]:
    """16-bit sequence numbers as ever growing ones, the first as it is."""
    last = None
    for sequence in sequences:
        last = sequence if last is None else last + ((sequence - last + 0x8000) & 0xFFFF) - 0x8000
        yield last


def lost_and_repeated(sequences: Sequence[int]) -> tuple[int, int]:
    """How many numbers between the first and the last are missing, and how many came again."""
    numbers = list(unwrapped(sequences))
    if not numbers:
        return 0, 0
    distinct = set(numbers)
    return max(distinct) - min(distinct) + 1 - len(distinct), len(numbers) - len(distinct)


def lateness_ms(heard: Sequence[tuple[int, int]]) -> list[float]:
    """How much later each frame came than the quickest one of its stream, in ms."""
    numbers = unwrapped([sequence for sequence, _ in heard])
    delays = [when - number * FRAME_NS for number, (_, when) in zip(numbers, heard, strict=True)]
    least = min(delays, default=0)
    return [(delay - least) / _NS_A_MS for delay in delays]


def upward_ms(mic_frame: int, origin_ns: int, place: int, heard: Sequence[tuple[int, int]]) -> float:
    """From the mouth to the trunk: the first sample is spoken one frame before its frame is whole.

    `mic_frame` is the microphone frame in which something begins, `place` the sample at which the party hears it.
    """
    when = _times(heard)[place // FRAME_SAMPLES]
    return (when - (origin_ns + (mic_frame - 1) * FRAME_NS)) / _NS_A_MS


def downward_ms(spoken_ns: int, origin_ns: int, speaker_sample: float) -> float:
    """From the trunk's party to the ear: its frame begins one frame before it is sent; a speaker frame that is

    given while frame n is taken sounds when n + 1 is. `speaker_sample` counts from speaker frame 0.
    """
    heard = origin_ns + FRAME_NS + speaker_sample / FRAME_SAMPLES * FRAME_NS
    return (heard - (spoken_ns - FRAME_NS)) / _NS_A_MS


def _times(heard: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Arrival by place in the stream from its first frame; the first copy counts."""
    times: dict[int, int] = {}
    first = None
    for number, (_, when) in zip(unwrapped([sequence for sequence, _ in heard]), heard, strict=True):
        first = number if first is None else first
        times.setdefault(number - first, when)
    return times
