"""Time as a floor: only verified signatures raise it, its own ticks carry it on, and nothing ever sets it back.

All times are unix milliseconds. The monotonic counter starts again at each boot; what is saved here does not.
"""

import struct

import sodium
from micropython import const

from store import ClockError
from store.files import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAX_STEP_MS = 400 * 86_400_000  # a longer step needs a technician (re-enrolment)
SAVE_EVERY_MS = const(3_600_000)  # at most an hour of powered time is forgotten by a reset
KINDS = ("trust", "revocations", "directory", "policy", "tariff", "firmware")
_FILE = "clock"
_FORM = "<QQB32s6I"  # floor, powered ms since the beacon, flags, anchor, newest versions
_HAS_BEACON = const(1)
_HAS_ANCHOR = const(2)


class Clock:
    """Floor, beacon and anchor of the terminal."""

    def __init__(self, folder: Folder, monotonic_ms: "Callable[[], int]") -> None:
        """Load what was saved; `monotonic_ms` counts from boot and never wraps."""
        self._folder = folder
        self._monotonic_ms = monotonic_ms
        self._mark = monotonic_ms()
        self._floor = 0  # at _mark
        self._beacon_at: int | None = None  # on the monotonic counter; below 0 if heard before this boot
        self._nonce: bytes | None = None
        self._asked_at = 0
        self._gateway: tuple[int, int] | None = None  # its time, and when it was heard
        self._newest = [0] * len(KINDS)
        self.anchor: bytes | None = None  # hash of the last beacon or receipt that verified
        self._saved_at = self._mark
        self._dirty = False
        self._load()

    # ------------------------------------------------------------ reading

    def floor_ms(self) -> int:
        """Return the time that security decisions use: it is at least that late."""
        return self._floor + self._monotonic_ms() - self._mark

    def now_ms(self) -> int:
        """Return the best known time, for records and the display: the gateway's if it is above the floor."""
        floor = self.floor_ms()
        if self._gateway is None:
            return floor
        told, heard = self._gateway
        return max(floor, told + self._monotonic_ms() - heard)

    def stamp(self) -> dict:
        """Return a record's `clock`: where its time comes from, and how long ago that was heard."""
        now = self._monotonic_ms()
        if self._gateway is not None and self.now_ms() > self.floor_ms():
            return {"source": "gateway", "age": now - self._gateway[1]}
        if self._beacon_at is not None:
            return {"source": "beacon", "age": now - self._beacon_at}
        return {"source": "floor", "age": now - self._mark}

    def beacon_age_ms(self) -> int | None:
        """Return the powered time since the last beacon that verified, None if there never was one."""
        return None if self._beacon_at is None else self._monotonic_ms() - self._beacon_at

    def newest(self, kind: str) -> int:
        """Return the newest version of a bundle that a beacon has named, 0 if none."""
        return self._newest[KINDS.index(kind)]

    # ------------------------------------------------------------ hearing

    def enrolled(self, time_ms: int) -> None:
        """Take the time of an enrolment: a technician stands by, so any step forward is believed."""
        self._raise(time_ms)
        self.save()

    def check(self, time_ms: int) -> None:
        """Refuse a time that steps too far ahead of the floor."""
        if time_ms - self.floor_ms() > MAX_STEP_MS:
            raise ClockError("clock: step of over 400 days")

    def verified(self, time_ms: int, anchor: bytes | None = None) -> None:
        """Take a time from a signature that verified (receipt, bundle); `anchor` is a receipt's hash."""
        self.check(time_ms)
        self._raise(time_ms)
        if anchor is not None:
            self.anchor = anchor

    def ask(self) -> bytes:
        """Return the nonce of a new beacon request; an answer to an earlier one no longer counts."""
        self._nonce = sodium.random(16)
        self._asked_at = self._monotonic_ms()
        return self._nonce

    def beacon(self, beacon: dict, beacon_hash: bytes) -> None:
        """Take a beacon whose signature and addressee held. Its age counts from our question, not from its arrival."""
        if self._nonce is None or beacon["nonce"] != self._nonce:
            raise ClockError("beacon.nonce: not the one that was asked")
        self.check(beacon["time"])
        self._nonce = None
        self._raise(beacon["time"])
        self._beacon_at = self._asked_at
        self.anchor = beacon_hash
        for place, kind in enumerate(KINDS):
            self._newest[place] = max(self._newest[place], beacon["newest"].get(kind, 0))

    def gateway(self, time_ms: int) -> None:
        """Take the gateway's word. It is used only above the floor and raises nothing."""
        self.check(time_ms)
        self._gateway = (time_ms, self._monotonic_ms())

    # ------------------------------------------------------------ keeping

    def tick(self, idle: bool) -> None:
        """Save when it is time to; only when idle, since littlefs may erase a block."""
        if idle and (self._dirty or self._monotonic_ms() - self._saved_at >= SAVE_EVERY_MS):
            self.save()

    def save(self) -> None:
        """Keep all of it, durable on return."""
        age = self.beacon_age_ms()
        flags = (_HAS_BEACON if age is not None else 0) | (_HAS_ANCHOR if self.anchor else 0)
        self._folder.write(
            _FILE,
            struct.pack(_FORM, self.floor_ms(), age or 0, flags, self.anchor or bytes(32), *self._newest),
        )
        self._saved_at = self._monotonic_ms()
        self._dirty = False

    def _load(self) -> None:
        raw = self._folder.read(_FILE)
        if raw is None or len(raw) != struct.calcsize(_FORM):
            return
        self._floor, age, flags, anchor, *newest = struct.unpack(_FORM, raw)
        self._newest = list(newest)
        self._beacon_at = self._mark - age if flags & _HAS_BEACON else None
        self.anchor = anchor if flags & _HAS_ANCHOR else None

    def _raise(self, time_ms: int) -> None:
        if time_ms > self.floor_ms():
            self._floor, self._mark = time_ms, self._monotonic_ms()
        self._dirty = True
