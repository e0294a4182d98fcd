"""Bundles down: an offered header is judged before a byte is fetched, and the body streams to flash while idle."""

from store import StoreError
from wire import bundle
from wire.errors import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from store.bundle import Bundles


class Fetcher:
    """Fetches one bundle at a time. `store` is `store.bundle.Bundles`, `send(message)` the control channel."""

    def __init__(self, store: "Bundles", send: "Callable[[dict], None]") -> None:
        self._store = store
        self._send = send
        self._offers: dict[str, tuple[int, dict]] = {}
        self._writer: "Any" = None
        self._asked = False
        self.refused = 0

    def offer(self, message: dict) -> None:
        """Note an offer; only the newest of each kind is kept. What it says is checked when its turn comes."""
        try:
            header, _kid = bundle.read_header(message["header"])
        except WireError:
            self.refused += 1
            return
        known = self._offers.get(header["kind"])
        if known is None or known[0] < header["version"]:
            self._offers[header["kind"]] = (header["version"], message)

    def part(self, message: dict) -> None:
        """A piece of a body; one that was not asked for changes nothing, one that does not hold ends this fetch."""
        writer = self._writer
        if writer is None or not self._asked:
            self.refused += 1
            return
        if (message["kind"], message["version"], message["offset"]) != (writer.kind, writer.version, writer.offset):
            self.refused += 1
            return
        self._asked = False
        try:
            self._take(message["data"])
        except (StoreError, WireError):
            self.refused += 1
            self._give_up()

    def step(self, *, idle: bool) -> None:
        """Ask for the next piece. Installing erases flash, so nothing is asked for while someone uses the phone."""
        if not idle or self._asked:
            return
        while self._writer is None and self._offers:
            self._begin()
        if self._writer is not None:
            writer = self._writer
            self._asked = True
            self._send({"type": "fetch", "kind": writer.kind, "version": writer.version, "offset": writer.offset})

    def down(self) -> None:
        """The link dropped: a half-fetched body is given up, the gateway offers it again."""
        self._offers = {}
        self._asked = False
        self._give_up()

    def _begin(self) -> None:
        kind = "trust" if "trust" in self._offers else sorted(self._offers)[0]  # others may need the new trust
        _version, message = self._offers.pop(kind)
        try:
            self._writer = self._store.begin(message["header"], message["key"])
        except (StoreError, WireError):
            self.refused += 1
            return
        if self._writer.length == 0:
            self._finish()

    def _take(self, data: bytes) -> None:
        self._writer.write(data)
        if self._writer.offset == self._writer.length:
            self._finish()
        elif not data:
            self.refused += 1
            self._give_up()

    def _finish(self) -> None:
        writer, self._writer = self._writer, None
        writer.commit()

    def _give_up(self) -> None:
        if self._writer is not None:
            self._writer.abort()
            self._writer = None
