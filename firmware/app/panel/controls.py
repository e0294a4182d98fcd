"""Keypad and hook switch as events."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The hook must hold its place this long before it counts: a dropped handset bounces for some 20 ms.
HOOK_SETTLE_MS = 40


class Controls:
    """Reads keys and the hook from `board`-like functions; `poll(now_ms)` returns (event, argument) pairs."""

    def __init__(self, board: "Any") -> None:
        self._board = board
        self._lifted = False
        self._changed_ms: int | None = None

    def poll(self, now_ms: int) -> list[tuple[str, str | None]]:
        """What happened since the last poll, the hook before the keys."""
        events = []
        if self._board.hook() == self._lifted:
            self._changed_ms = None
        elif self._changed_ms is None:
            self._changed_ms = now_ms
        elif now_ms - self._changed_ms >= HOOK_SETTLE_MS:
            self._lifted = not self._lifted
            self._changed_ms = None
            events.append(("lift" if self._lifted else "hang-up", None))
        if self._changed_ms is not None:
            return events  # keys pressed right after a lift wait until the lift counts
        key = self._board.key()
        while key is not None:
            if self._lifted:
                events.append(("key", key))
            key = self._board.key()
        return events
