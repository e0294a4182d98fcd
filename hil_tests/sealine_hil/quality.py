"""How well speech came through: delay by cross-correlation, then PESQ (ITU-T P.862, narrow band)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from pesq import PesqError, pesq

from sealine_hil.errors import HilError
from sealine_hil.speech import SAMPLE_RATE_HZ

MIN_SPEECH_S: Final = 1.0  # P.862 wants speech, not a syllable

Samples = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Quality:
    """Of a degraded signal against what was spoken."""

    pesq: float
    delay_ms: float
    seconds: float


def compare(spoken: bytes, heard: bytes) -> Quality:
    """Align `heard` (16-bit samples, 8 kHz) to `spoken` and score the part that they share. Raises HilError."""
    reference, degraded = _samples(spoken), _samples(heard)
    delay = _delay(reference, degraded)
    start = max(0, -delay)
    end = min(len(reference), len(degraded) - delay)
    if end - start < MIN_SPEECH_S * SAMPLE_RATE_HZ:
        raise HilError("the two have less than a second in common")
    cut = slice(start + delay, end + delay)
    try:
        score = pesq(SAMPLE_RATE_HZ, reference[start:end], degraded[cut], "nb")
    except (PesqError, ValueError) as error:
        raise HilError(f"no PESQ: {error}") from error
    return Quality(float(score), delay / SAMPLE_RATE_HZ * 1000, (end - start) / SAMPLE_RATE_HZ)


def _samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)


def _delay(reference: Samples, degraded: Samples) -> int:
    """By how many samples `degraded` is later: the largest cross-correlation."""
    if not len(reference) or not len(degraded) or not reference.any() or not degraded.any():
        raise HilError("one of the two is silent")
    size = 1 << (len(reference) + len(degraded)).bit_length()
    spectrum = np.fft.rfft(degraded, size) * np.conj(np.fft.rfft(reference, size))
    place = int(np.argmax(np.fft.irfft(spectrum, size)))
    return place if place < len(degraded) else place - size
