"""Telephone-event digits (RFC 4733) and what the called party says with them."""

from typing import Final, Literal

from sealine_gateway.sip.errors import RtpError

KEYS: Final = "0123456789*#ABCD"  # RFC 4733 section 3.2, events 0 to 15

Choice = Literal["accept", "refuse", "block"]


class DigitReader:
    """One digit per event: its packets share a timestamp, and only a newer timestamp is a new key press."""

    def __init__(self) -> None:
        self._last: int | None = None

    def feed(self, timestamp: int, payload: bytes) -> str | None:
        """The key, at the first packet of its event that arrives; None else. Raises RtpError."""
        if len(payload) < 4:
            raise RtpError("event: cut")
        if self._last is not None and not 0 < (timestamp - self._last) & 0xFFFFFFFF < 2**31:
            return None  # the same event again, or a late packet of an older one
        self._last = timestamp
        return KEYS[payload[0]] if payload[0] < len(KEYS) else None

    def reset(self) -> None:
        """Another stream begins."""
        self._last = None


class Choosing:
    """The keys of the called party. Only what is pressed behind the notice counts: 1 accepts, 2 refuses, 9 9 blocks."""

    def __init__(self) -> None:
        self._open = False
        self._done = False
        self._nine = False

    def begin(self) -> None:
        """The notice has been played to its end."""
        self._open = True

    def press(self, key: str) -> Choice | None:
        """The choice that this key makes, at most one in a call."""
        if not self._open or self._done:
            return None
        second_nine = self._nine and key == "9"
        self._nine = key == "9"
        choice: Choice | None = "accept" if key == "1" else "refuse" if key == "2" else None
        if second_nine:
            choice = "block"
        self._done = choice is not None
        return choice
