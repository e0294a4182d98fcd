"""Sealed chunks up, one at a time in order."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from store.spool import Spool


class Chunks:
    """Offers the spool's oldest chunk until the gateway has synced it; `book` hears of it for its checkpoints."""

    def __init__(self, spool: "Spool", book: "Any") -> None:
        self._spool = spool
        self._book = book
        self._offered: tuple | None = None

    def next_bulk(self) -> tuple | None:
        """The parts of the next bulk message, None if nothing waits."""
        chunk = self._spool.outgoing()
        if chunk is None or self._offered == chunk[:2]:
            return None
        self._offered = chunk[:2]
        return (chunk[2],)

    def saved(self, record_id: bytes, index: int) -> None:
        """The gateway has synced a chunk; only the one that was offered counts."""
        if self._offered == (record_id, index):
            self._offered = None
            self._book.chunk_saved(record_id, index)
            self._spool.confirmed(record_id, index)

    def down(self) -> None:
        """The link dropped: the chunk under way is offered again."""
        self._offered = None
