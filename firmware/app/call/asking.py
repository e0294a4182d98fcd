"""What comes before a call: language, person and PIN, the number, the quote; and what the display may ask for."""

from call import RefusedError, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from call.book import Book
    from call.voice import Voice


WARN_AT_S = (60, 10)
MAX_TYPED = 20
MIN_PIN = 4
MAX_PIN = 12


class Asking:
    """The part of the engine that asks the caller. Actions are named in `call.table`; each may return an event."""

    def __init__(self, panel: "Any", voice: "Voice", book: "Book", send: "Callable[[dict], None]") -> None:
        self.state = table.IDLE
        self.call: "Any" = None  # a Call, from `place_call` on
        self.service = "no-service"
        self._panel = panel
        self._voice = voice
        self._book = book
        self._send = send
        self._now = 0
        self._deadline: "Any" = None
        self._lifted = False
        self._since = ""
        self._clear_session()

    def begin(self, _: object) -> str | None:
        """A caller lifts the handset; without service he is told so."""
        self._clear_session()
        return "out-of-service" if self.service != "idle" else None

    def choose_language(self, key: str) -> str | None:
        """The caller's first key is his language."""
        if key not in "12":
            return None
        self._language = "es" if key == "2" else "en"
        return "chosen"

    def type_person(self, key: str) -> str | None:
        """The person's number, then the PIN; a protected line's code in its place needs neither."""
        if self._pin_asked or self._now < self._wait_until:
            return None
        if self._pin_refused:
            self._pin_refused = False
            return "again"
        typed = self._type(key, "person" if self._person is None else "pin")
        if typed is None:
            return None
        if self._person is not None:
            self._pin = typed
            return "pin-typed"
        self._protected = self._book.protected_number(typed)
        if self._protected:
            return "protected"
        self._person = typed
        return "person-typed"

    def ask_pin(self, _: object) -> str | None:
        """Ask the gateway, which alone knows the PINs; this end forgets it at once."""
        pin, self._pin = self._pin, ""
        if not MIN_PIN <= len(pin) <= MAX_PIN or not (pin + (self._person or "")).isdigit():
            return "pin-bad"
        self._pin_asked = True
        self._send({"type": "check-pin", "person": self._person, "pin": pin})
        return None

    def refuse_pin(self, wait_s: int | None) -> None:
        """Begin again with the person, after the gateway's wait."""
        self._person = None
        self._pin_refused = True
        self._wait_s = min(wait_s or 0, 3600)
        self._wait_until = self._now + self._wait_s * 1000

    def type_number(self, key: str) -> str | None:
        """The digits to dial."""
        typed = self._type(key, "dial")
        if typed is None:
            return None
        self._dialled = typed
        return "dialled"

    def check_number(self, _: object) -> str:
        """What the digits mean, whether they may be called, who may listen, what it costs."""
        try:
            self._plan = self._book.plan_call(self._dialled)
        except RefusedError as refused:
            self._reason = refused.reason
            return "refused"
        return "checked"

    def choose_protected(self, _: object) -> str:
        """A protected line is not checked, quoted or recorded."""
        self._plan = self._book.plan_protected(self._protected)
        return "protected"

    # ------------------------------------------------------------ what the display may ask for

    def field(self, name: str) -> tuple[str, object]:
        """A display field's kind and raw value; words and languages are the panel's."""
        secret = self.state == "pin" and self._person is not None
        privilege = self.call.shown if self.call else self._plan.privilege if self._plan else ""
        left_s = self._shown_left_s
        return {
            "typed": ("text", "*" * len(self._typed) if secret else self._typed),
            "status": ("status", privilege),
            "price": ("price", self._plan.rate if self._plan else 0),
            "cost": ("cost", self._cost),
            "reason": ("reason", self._reason),
            "wait": ("wait", self._wait_s),
            "left": ("left", left_s if 0 < left_s <= WARN_AT_S[0] else 0),
            "since": ("since", self._since),
        }[name]

    # ------------------------------------------------------------ inside

    def _clear_session(self) -> None:
        self._language = "en"
        self._typed = ""
        self._person: str | None = None
        self._pin = ""
        self._pin_asked = False
        self._pin_refused = False
        self._wait_s = 0
        self._wait_until = 0
        self._dialled = ""
        self._plan: "Any" = None
        self._protected: "Any" = None
        self._reason = ""
        self._cost = 0
        self._warned = 0
        self._entered_ms = 0

    def _type(self, key: str, display: str) -> str | None:
        """Add a key to what is being typed; the whole of it at `#`. A first `*` begins a code, a later one erases."""
        if key == "#":
            typed, self._typed = self._typed, ""
            if typed:
                return typed
        elif key == "*" and self._typed:
            self._typed = ""
        elif len(self._typed) < MAX_TYPED:
            self._typed += key
        self._deadline = self._limit()
        self._show(display)
        return None

    def _limit(self) -> int | None:
        """When the present state has lasted long enough, on the monotonic counter."""
        limit = table.LIMITS_MS.get(self.state)
        if limit is None or (self.state == "wrap-up" and self._lifted):
            return None
        if self._plan is not None and self.state == "ringing":
            limit = self._plan.ring_timeout_ms
        elif self._plan is not None and self.state == "talking":
            limit = self._plan.max_talk_ms
        return self._now + limit

    def _left_s(self) -> int:
        return max(0, (self._deadline - self._now + 999) // 1000) if self._deadline is not None else 0

    def _show(self, key: str) -> None:
        if key == "idle":
            key = self.service
        self._shown_left_s = self._left_s() if self.state == "talking" else 0
        self._panel.show(key, self._language, self)
