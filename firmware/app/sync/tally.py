"""The daily tally: that this terminal lives, where its chain stands, and how many protected calls there were."""

import struct

from micropython import const
from wire import codec
from wire.hashes import blake2b256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from store.clock import Clock
    from store.files import Folder
    from store.identity import Identity
    from store.journal import Journal


_FILE = "tally"
_FORM = "<III"  # day, protected calls of the day, resets
_DAY_MS = const(86_400_000)
# Signed tallies that wait for the gateway; older ones give way after two months without a link.
_MAX_WAITING = const(60)


class Tally:
    """Counts the day, signs it when the next one begins, keeps it until the gateway has synced it."""

    def __init__(self, folder: "Folder", clock: "Clock", identity: "Identity", journal: "Journal") -> None:
        """`folder` is one of its own; the file of a signed tally is named by its day."""
        self._folder = folder
        self._clock = clock
        self._identity = identity
        self._journal = journal
        raw = folder.read(_FILE)
        state = struct.unpack(_FORM, raw) if raw is not None and len(raw) == struct.calcsize(_FORM) else (0, 0, 0)
        self._day, self._protected, self._resets = state
        self._dirty = False
        self.frames_lost = 0  # since the start, as the station counts them

    def booted(self, reset: bool) -> None:
        """Count a start that nobody asked for."""
        if reset:
            self._resets += 1
            self._dirty = True

    def count_protected(self) -> None:
        """A call to a protected line: the number of them is all that is kept."""
        self._protected += 1
        self._dirty = True

    def step(self, idle: bool) -> None:
        """Sign the day that is over, keep the count; only when idle, since the file system may erase."""
        if not idle:
            return
        today = self._clock.floor_ms() // _DAY_MS  # not the gateway's word: it could end the day, or not let it begin
        if self._day == 0:
            self._day, self._dirty = today, True
        elif today > self._day:
            self._sign()
            self._day, self._protected, self._dirty = today, 0, True
        if self._dirty:
            self._dirty = False
            self._folder.write(_FILE, struct.pack(_FORM, self._day, self._protected, self._resets))

    def waiting(self) -> bytes | None:
        """The oldest signed tally that the gateway has not synced."""
        days = self._days()
        return self._folder.read(days[0]) if days else None

    def saved(self, subject: bytes) -> bool:
        """The gateway has synced the object with this hash; True if it was a tally, which is let go of."""
        for day in self._days():
            if blake2b256(self._folder.read(day) or b"") == subject:
                self._folder.remove(day)
                return True
        return False

    def _days(self) -> list[str]:
        return sorted(name for name in self._folder.names() if name.startswith("day-"))

    def _sign(self) -> None:
        head = self._journal.head()
        waiting, quarantined = self._journal.counts()
        payload = codec.encode(
            "tally",
            {
                "version": 1,
                "terminal": self._identity.name,
                "facility": self._identity.facility,
                "day": self._day,
                "head": {"seq": head[0], "hash": head[1]} if head else None,
                "health": {
                    "resets": self._resets,
                    "journal": waiting,
                    "quarantined": quarantined,
                    "frames_lost": self.frames_lost,
                },
                "protected": self._protected,
            },
        )
        days = self._days()
        if len(days) >= _MAX_WAITING:
            self._folder.remove(days[0])
        self._folder.write("day-{:08d}".format(self._day), self._identity.sign("tally", payload))
