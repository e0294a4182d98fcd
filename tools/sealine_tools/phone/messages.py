"""What a page may say: three events as JSON text, and voice as binary. All else is refused whole."""

import json
from dataclasses import dataclass
from typing import Any, Final

from sealine_hil.board import KEYS

from sealine_tools.phone.errors import MessageError

MAX_TEXT_CHARS: Final = 64  # the longest event has 27
VOICE_FRAME_BYTES: Final = 320  # 20 ms of 8 kHz, signed 16 bit, little endian: the board's frame
MAX_VOICE_FRAMES: Final = 5  # a page sends frames as they are spoken; a late task may bring a few together
MAX_MESSAGE_BYTES: Final = VOICE_FRAME_BYTES * MAX_VOICE_FRAMES


@dataclass(frozen=True)
class Hook:
    """The handset was lifted or put back."""

    lifted: bool


@dataclass(frozen=True)
class Key:
    """A key was pressed."""

    key: str


Event = Hook | Key
_PLAIN: Final[dict[str, Event]] = {"lift": Hook(lifted=True), "hang-up": Hook(lifted=False)}


def parse(text: str) -> Event:
    """One event. Raises MessageError."""
    if len(text) > MAX_TEXT_CHARS:
        raise MessageError("event: too long")
    try:
        said: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise MessageError("event: not JSON") from None
    if not isinstance(said, dict) or not all(isinstance(value, str) for value in said.values()):
        raise MessageError("event: not an object of texts")
    if said.keys() == {"type"} and said["type"] in _PLAIN:
        return _PLAIN[said["type"]]
    if said.keys() == {"type", "key"} and said["type"] == "key" and said["key"] in KEYS:
        return Key(said["key"])
    raise MessageError("event: no such event")


def parse_voice(data: bytes) -> bytes:
    """Some whole frames of voice. Raises MessageError."""
    if not data or len(data) > MAX_MESSAGE_BYTES or len(data) % VOICE_FRAME_BYTES:
        raise MessageError("voice: not 1 to 5 frames of 320 bytes")
    return data
