"""The trunk port: what the call control needs of the telephone network, whatever adapter is behind it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

FRAME_BYTES: Final = 160  # 20 ms of G.711 mu-law at 8 kHz
FRAME_S: Final = 0.02

EndReason = Literal["called-hangup", "refused", "blocked", "busy", "unanswered", "trunk-failed"]


@dataclass(frozen=True)
class Ringing:
    """The called party is being rung."""


@dataclass(frozen=True)
class Answered:
    """The called party has picked up."""


@dataclass(frozen=True)
class Accepted:
    """The called party has accepted the call (only valid behind the notice)."""


@dataclass(frozen=True)
class Ended:
    """The trunk's side is over; nothing follows."""

    reason: EndReason


Event = Ringing | Answered | Accepted | Ended


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Where a leg's events and voice frames go. Called in the event loop; must not block or raise."""

    on_event: Callable[[Event], None]
    on_voice: Callable[[bytes], None]


class Leg(ABC):
    """One outgoing call. All methods return at once and may be called again behind the end."""

    @abstractmethod
    def send_voice(self, seq: int, frame: bytes) -> None:
        """One 20 ms frame for the called party; `seq` counts frames, so that a gap can be heard as a gap."""

    @abstractmethod
    def notice_done(self) -> None:
        """The notice has been played; from now on the called party may accept."""

    @abstractmethod
    def hang_up(self) -> None:
        """End the leg from our side; no event follows."""


class Trunk(ABC):
    """An adapter to the telephone network."""

    @abstractmethod
    def dial(self, number: str, listener: Listener) -> Leg:
        """Call exactly `number` (canonical digits). Raises TrunkError if no leg can be made at all."""

    @abstractmethod
    async def close(self) -> None:
        """End all legs and let go of the network."""
