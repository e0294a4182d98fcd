"""The privilege decision: the signed directory on flash, searched by halves. In doubt the call is not recorded."""

from micropython import const
from store.bundle import Bundles
from store.clock import Clock
from store.trust import Trust
from wire.hashes import directory_entry

_ENTRY_BYTES = const(8)


class Directory:
    """Decides for one number at a time; nothing outside of this object can override it."""

    def __init__(self, bundles: Bundles, trust: Trust, clock: Clock) -> None:
        """Read the installed directory of `bundles`, judged at the clock's floor."""
        self._bundles = bundles
        self._trust = trust
        self._clock = clock

    def decide(self, number: str) -> tuple[str, dict | None]:
        """Return (privilege of canonical digits, bundle-ref of the directory or None).

        `directory` for a match, stale or not, `none` only if a fresh directory does not hold it, else `doubt`.
        """
        found = self._bundles.installed("directory")
        if found is None:
            return "doubt", None
        try:
            listed = _search(found.path, found.length // _ENTRY_BYTES, directory_entry(found.key, number))
        except OSError:
            return "doubt", found.ref()
        if listed:
            return "directory", found.ref()
        return "doubt" if self.is_stale() else "none", found.ref()

    def is_stale(self) -> bool:
        """Whether recording must stop: see the table of stale things in docs/architecture.md."""
        found = self._bundles.installed("directory")
        if found is None or found.directory is None or self._clock.floor_ms() >= found.expires * 1000:
            return True
        age_ms = self._clock.beacon_age_ms()
        if age_ms is None or age_ms > found.directory["max_age_s"] * 1000:
            return True
        if self._clock.newest("directory") > found.version:
            return True
        listed = self._bundles.installed("revocations")
        if self._clock.newest("revocations") > (listed.version if listed else 0):
            return True
        return self._trust.is_stale()


def _search(path: str, entries: int, wanted: bytes) -> bool:
    """Whether a sorted file of 8-byte entries holds `wanted`; OSError if it is shorter than it should be."""
    entry = bytearray(_ENTRY_BYTES)
    low, high = 0, entries
    with open(path, "rb") as file:
        while low < high:
            middle = (low + high) // 2
            file.seek(middle * _ENTRY_BYTES)
            if file.readinto(entry) != _ENTRY_BYTES:
                raise OSError
            if entry == wanted:
                return True
            # bytearray has no order in MicroPython
            if bytes(entry) < wanted:
                low = middle + 1
            else:
                high = middle
    return False
