"""What a call wants of the one who makes it: the leg of the trunk, or a test."""

from typing import Protocol


class Caller(Protocol):
    """Who makes the call."""

    def offer(self) -> bytes:
        """Our session description."""

    def on_progress(self) -> None:
        """The peer knows of the call (100 or more)."""

    def on_ringing(self) -> None:
        """The called party is rung; may come again."""

    def on_answer(self, body: bytes) -> None:
        """Picked up; `body` answers our offer. Raises SdpError to refuse it: the call is then ended."""

    def on_offer(self, body: bytes) -> bytes:
        """The peer changes the session: our answer. Raises SdpError to refuse the change and stay as it was."""

    def on_over(self, status: int) -> None:
        """The end, unless we made it: a SIP status of 300 or more, or BYE. Nothing follows."""
