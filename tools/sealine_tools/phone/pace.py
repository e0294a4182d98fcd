"""How fast a page may send."""

from typing import Final

from sealine_tools.phone.errors import MessageError

PER_SECOND: Final = 120.0  # 50 frames of voice, keys, and room for a clock that runs fast
BURST: Final = 240.0  # a tab that slept sends what its microphone has gathered


class Pace:
    """A bucket of messages that fills with time."""

    def __init__(self) -> None:
        self._left = BURST
        self._at: float | None = None

    def count(self, now_s: float) -> None:
        """One message more. Raises MessageError when there have been too many."""
        if self._at is not None:
            self._left = min(BURST, self._left + (now_s - self._at) * PER_SECOND)
        self._at = now_s
        if self._left < 1:
            raise MessageError("page: too many messages")
        self._left -= 1
