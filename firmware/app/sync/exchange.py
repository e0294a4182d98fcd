"""One terminal's conversation with its gateway, without a socket: messages in, messages out, `step` now and then."""

from micropython import const
from wire import codec
from wire.channel import LinkError
from wire.errors import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wire.link_stream import LinkStream


# docs/protocol.md: at each connect and every ten minutes.
BEACON_EVERY_MS = const(600_000)

_OF_CALLS = ("pin-result", "progress", "ended", "error")


class Exchange:
    """Dispatches between the link and its users; knows who may hear what, decides nothing about calls."""

    def __init__(self, parts: "Any") -> None:
        """`parts` names the users: engine, answers, fetcher, outgoing, chunks, hear_time, on_welcome, ready."""
        self._parts = parts
        self._link: "Any" = None
        self._welcomed = False
        self._beacon_ms = 0
        self.malformed = 0
        self.unsent = 0

    def up(self, link: "LinkStream", now_ms: int) -> None:
        """The link to a gateway that its credential names stands: say who we are."""
        self._link = link
        self._welcomed = False
        self._beacon_ms = now_ms
        self._put(self._parts.ready())

    def down(self) -> None:
        """The link dropped; whatever was under way starts over with the next one."""
        if self._link is None:
            return
        self._link = None
        self._welcomed = False
        self._parts.fetcher.down()
        self._parts.outgoing.down()
        self._parts.chunks.down()
        self._parts.engine.link_down()

    def send(self, message: dict) -> None:
        """A control message to the gateway; without a link it is dropped, as its sender is told by `link_down`."""
        if self._welcomed:
            self._put(message)

    def control(self, data: bytes, now_ms: int) -> None:
        """A control message of the gateway; one that is not in the CDDL is counted and changes nothing."""
        try:
            message = codec.decode("from-gateway", data)
        except WireError:
            self.malformed += 1
            return
        kind = message["type"]
        if kind == "welcome":
            self._welcome(message, now_ms)
        elif not self._welcomed:
            self.malformed += 1
        elif kind in _OF_CALLS:
            self._parts.engine.message(message)
        elif kind == "offer":
            self._parts.fetcher.offer(message)
        elif kind == "deliver":
            self._parts.answers.take(message["answer"])
        elif kind == "saved":
            self._parts.outgoing.saved(message["hash"])
        elif kind == "saved-chunk":
            self._parts.chunks.saved(message["record"], message["index"])

    def bulk(self, data: bytes) -> None:
        """A bulk message of the gateway: a part of a bundle."""
        try:
            message = codec.decode("bulk-down", data)
        except WireError:
            self.malformed += 1
            return
        self._parts.fetcher.part(message)

    def bulk_sent(self) -> None:
        """The link has delivered one bulk message to the gateway's memory (not yet to its disk)."""
        self._parts.outgoing.sent()

    def step(self, now_ms: int) -> None:
        """Give the link what waits."""
        if not self._welcomed:
            return
        try:
            self._parts.outgoing.step(self._link)
        except LinkError:
            return  # it went down since the last turn
        self._parts.fetcher.step(idle=self._parts.engine.idle())
        if now_ms - self._beacon_ms >= BEACON_EVERY_MS:
            self._ask_beacon(now_ms)

    def _welcome(self, message: dict, now_ms: int) -> None:
        if self._welcomed:
            self.malformed += 1
            return
        self._welcomed = True
        self._parts.hear_time(message["time"])
        self._parts.on_welcome(message)
        self._ask_beacon(now_ms)
        self._parts.engine.link_up(message["call"])

    def _ask_beacon(self, now_ms: int) -> None:
        self._beacon_ms = now_ms
        self._put(self._parts.answers.ask_beacon())

    def _put(self, message: dict) -> None:
        """Queue a message; a link that has gone down since takes it along, and `down` follows."""
        data = codec.encode("from-terminal", message)
        try:
            self._link.send_control(data)
        except LinkError:
            self.unsent += 1
