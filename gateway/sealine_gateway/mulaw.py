"""G.711 mu-law for WAV files of the loopback trunk (the voice path itself never converts)."""

import array
import sys
from typing import Final

_BIAS: Final = 0x84  # ITU-T G.711, mu-law: 33 << 2 in 16-bit samples
_CLIP: Final = 32635
SILENCE: Final = b"\xff" * 160


def decode(data: bytes) -> bytes:
    """Mu-law to 16-bit little-endian samples."""
    samples = array.array("h", map(_LINEAR.__getitem__, data))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def encode(data: bytes) -> bytes:
    """16-bit little-endian samples to mu-law."""
    samples = array.array("h")
    samples.frombytes(data[: len(data) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return bytes(map(_compress, samples))


def _expand(code: int) -> int:
    code = ~code & 0xFF
    value = (((code & 0x0F) << 3) + _BIAS << (code >> 4 & 7)) - _BIAS
    return -value if code & 0x80 else value


def _compress(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    value = min(abs(sample), _CLIP) + _BIAS
    exponent = value.bit_length() - 8
    return ~(sign | exponent << 4 | value >> (exponent + 3) & 0x0F) & 0xFF


_LINEAR: Final = tuple(map(_expand, range(256)))
