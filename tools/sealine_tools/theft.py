"""What a thief of every disk would find: a search of stolen bytes for numbers, PINs, names and speech.

The search knows the secrets, which a thief does not, and looks for each in every form that a program might have left:
text in several encodings, reversed, packed digits, binary numbers, plain hashes; speech as mu-law, A-law and PCM.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from sealine_protocol import mulaw

MIN_NEEDLE_BYTES: Final = 5
"""Shorter ones are found in a few megabytes of ciphertext by chance alone (2^-40 a place)."""

WINDOW_BYTES: Final = 8
"""Speech is looked for in pieces of this size, at every place: 8 samples of mu-law are 1 ms."""

MIN_DIFFERENT: Final = 6
"""Different values in a piece; fewer is silence or a table, which any file may hold."""

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Find:
    """A secret in the open. `secret` names it, and does not repeat it."""

    secret: str
    form: str
    file: str
    offset: int

    def __str__(self) -> str:
        return f"{self.secret} as {self.form} in {self.file} at {self.offset}"


@dataclass(frozen=True)
class Loot:
    """What was searched and what was found."""

    files: int
    size: int
    needles: int
    audio_pieces: int
    finds: tuple[Find, ...]


def text_forms(text: str) -> dict[str, bytes]:
    """Every form of a word or number that is long enough to mean something when it is found."""
    raw = text.encode()
    forms = {
        "text": raw,
        "text, lower case": raw.lower(),
        "text, reversed": raw[::-1],
        "UTF-16": text.encode("utf-16-le"),
        "UTF-16, big-endian": text.encode("utf-16-be"),
        "hex": raw.hex().encode(),
        "hex, upper case": raw.hex().upper().encode(),
    }
    for shift in range(3):  # base64 of a longer text, with the word at any place in it
        encoded = base64.b64encode(bytes(shift) + raw)
        forms[f"base64, shift {shift}"] = encoded[(0, 2, 3)[shift] :].rstrip(b"=")[:-1]
    for name in ("sha256", "sha1", "md5", "sha3_256", "blake2s"):
        forms[f"plain {name}"] = hashlib.new(name, raw).digest()
    for size in (8, 16, 20, 32, 64):
        forms[f"plain blake2b-{8 * size}"] = hashlib.blake2b(raw, digest_size=size).digest()
    if text.isdigit():
        forms |= _digit_forms(text)
    return {form: needle for form, needle in forms.items() if len(needle) >= MIN_NEEDLE_BYTES}


def _digit_forms(digits: str) -> dict[str, bytes]:
    value = int(digits)
    length = (value.bit_length() + 7) // 8
    separated = " ".join(digits).encode()
    forms = {
        "digits apart": separated,
        "binary, big-endian": value.to_bytes(length, "big"),
        "binary, little-endian": value.to_bytes(length, "little"),
        "one byte a digit": bytes(map(int, digits)),
    }
    if len(digits) in {10, 11}:  # as people write a number of the numbering plan
        area, office, line = digits[-10:-7], digits[-7:-4], digits[-4:]
        forms["with dashes"] = f"{area}-{office}-{line}".encode()
        forms["with brackets"] = f"({area}) {office}-{line}".encode()
    # packed two to a byte, from either nibble on; only whole bytes count, since a neighbour may share the others
    for name, padded in (("", digits), (", shifted", "0" + digits)):
        packed = bytes.fromhex(padded[: len(padded) // 2 * 2])[1 if name else 0 :]
        forms[f"BCD{name}"] = packed
        forms[f"BCD, swapped{name}"] = bytes((byte & 15) << 4 | byte >> 4 for byte in packed)
    return forms


def audio_forms(pcm: bytes) -> dict[str, bytes]:
    """Speech (16 bit, 8 kHz) as a recorder would have left it."""
    samples = np.frombuffer(pcm, dtype="<i2")
    return {
        "mu-law": mulaw.encode(pcm),
        "A-law": _alaw(samples),
        "PCM": pcm,
        "PCM, big-endian": samples.astype(">i2").tobytes(),
        "PCM, 8 bit": ((samples >> 8) + 128).astype(np.uint8).tobytes(),
        # what a recorder behind mu-law would have written
        "PCM from mu-law": mulaw.decode(mulaw.encode(pcm)),
    }


def _alaw(samples: npt.NDArray[np.int16]) -> bytes:
    """G.711 A-law, by its thirteen segments."""
    value = samples.astype(np.int32)
    sign = np.where(value >= 0, 0x80, 0)
    size = np.minimum(np.where(value >= 0, value, -value - 1) >> 3, 4095)
    exponent = np.maximum(np.floor(np.log2(np.maximum(size, 1))).astype(np.int32) - 4, 0)
    mantissa = size >> np.maximum(exponent, 1) & 15
    return bytes(((sign | exponent << 4 | mantissa) ^ 0x55).astype(np.uint8))


def search(folder: Path, secrets: Mapping[str, str], speech: Mapping[str, bytes]) -> Loot:
    """Search every file below `folder`, its name included, for `secrets` and `speech` (name to text, to PCM)."""
    needles = [(name, form, data) for name, text in secrets.items() for form, data in text_forms(text).items()]
    pieces = Pieces(
        [(name, form, _pieces(data)) for name, pcm in speech.items() for form, data in audio_forms(pcm).items()]
    )
    finds: list[Find] = []
    files = size = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = str(path.relative_to(folder))
        data = path.read_bytes()
        files, size = files + 1, size + len(data)
        finds += _find_text(name, data, needles)
        finds += _find_audio(name, data, pieces)
    return Loot(files, size, len(needles), len(pieces.words), tuple(finds))


def _find_text(name: str, data: bytes, needles: Iterable[tuple[str, str, bytes]]) -> Iterator[Find]:
    lowered = data.lower()
    for secret, form, needle in needles:
        place = (lowered if form == "text, lower case" else data).find(needle)
        if place >= 0:
            yield Find(secret, form, name, place)
        elif needle in name.encode():
            yield Find(secret, form, f"the name of {name}", 0)


def _find_audio(name: str, data: bytes, pieces: "Pieces") -> Iterator[Find]:
    words = _words(data)
    if not len(words) or not len(pieces.words):
        return
    near = np.minimum(np.searchsorted(pieces.words, words), len(pieces.words) - 1)
    hits = np.flatnonzero(pieces.words[near] == words)
    for owner in np.unique(pieces.owners[near[hits]]):
        first = hits[pieces.owners[near[hits]] == owner][0]
        secret, form = pieces.names[owner]
        yield Find(f"speech ({secret})", form, name, int(first))


class Pieces:
    """All pieces of all speech in all forms: `words` sorted, each with its owner, an index of `names`."""

    def __init__(self, forms: Sequence[tuple[str, str, Words]]) -> None:
        self.names = [(secret, form) for secret, form, _ in forms]
        words = np.concatenate([np.empty(0, np.uint64), *(found for *_, found in forms)])
        owners = np.repeat(np.arange(len(forms)), [len(found) for *_, found in forms])
        order = np.argsort(words, kind="stable")
        self.words: Words = words[order]
        self.owners = owners[order]


def _words(data: bytes) -> Words:
    """The bytes at every place, WINDOW_BYTES of them as one number."""
    if len(data) < WINDOW_BYTES:
        return np.empty(0, np.uint64)
    view = np.lib.stride_tricks.sliding_window_view(np.frombuffer(data, np.uint8), WINDOW_BYTES)
    words: Words = np.ascontiguousarray(view).view("<u8").ravel()
    return words


def _pieces(data: bytes) -> Words:
    """The distinct pieces of a sound that are not silence, sorted."""
    words = np.unique(_words(data))
    values = np.sort(words.view(np.uint8).reshape(-1, WINDOW_BYTES), axis=1)
    different = 1 + np.count_nonzero(np.diff(values, axis=1), axis=1)
    kept: Words = words[different >= MIN_DIFFERENT]
    return kept
