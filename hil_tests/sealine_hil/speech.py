"""Real human speech for calls: the clips of Debian's codec2-examples, 8 kHz, mono, signed 16 bit."""

import wave
from pathlib import Path
from typing import Final

from sealine_hil.errors import HilError

CLIPS: Final = Path("/usr/share/codec2/raw")
SAMPLE_RATE_HZ: Final = 8000


def clip(name: str) -> bytes:
    """The samples of one clip, such as `hts1a`. Raises HilError when the clips are not installed."""
    try:
        return (CLIPS / f"{name}.raw").read_bytes()
    except OSError as error:
        raise HilError(f"no speech clip {name}: run 'make setup'") from error


def write_wav(path: Path, pcm: bytes, *, channels: int = 1) -> None:
    """Samples as a WAV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(pcm)


def read_wav(path: Path) -> list[bytes]:
    """The samples of each channel."""
    with wave.open(str(path), "rb") as file:
        channels, frames = file.getnchannels(), file.readframes(file.getnframes())
    samples = memoryview(frames).cast("h")
    return [samples[place::channels].tobytes() for place in range(channels)]
