"""One wall phone in the hands of one page: what it does reaches the board, what the board shows and plays reaches it.

A page that goes away in mid-call leaves the handset off the hook for GRACE_S, so that a reload keeps the call; then the
handset is put back. A newer page takes the phone over from an older one.
"""

import asyncio
import contextlib
from typing import Any, Final

from sealine_hil.board import Board
from sealine_hil.errors import HilError
from sealine_hil.phone import WallPhone

from sealine_tools.phone.errors import MessageError
from sealine_tools.phone.messages import VOICE_FRAME_BYTES, Event, Hook, Key

LOOK_S: Final = 0.02  # the board's frame
GRACE_S: Final = 10.0
MAX_KEYS: Final = 16  # waiting for the board; nobody's fingers are faster
MAX_BACKLOG_FRAMES: Final = 10  # 200 ms of voice that waits for the codec; what is more is dropped, not queued
MAX_OUTBOX: Final = 100  # messages that a page has not taken; two seconds of voice

Message = dict[str, Any] | bytes


class Page:
    """What waits for one connected page. A dict is JSON for it, bytes are voice, None is the end."""

    def __init__(self) -> None:
        self.outbox: asyncio.Queue[Message | None] = asyncio.Queue(MAX_OUTBOX)
        self.taken_over = False

    def send(self, message: Message) -> None:
        """Queue; voice that finds no room is dropped, anything else ends a page that does not read."""
        if not self.outbox.full():
            self.outbox.put_nowait(message)
        elif not isinstance(message, bytes):
            self.end()

    def end(self) -> None:
        """Nothing more comes."""
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                self.outbox.get_nowait()
        self.outbox.put_nowait(None)


class Handset:
    """`run` is its task; the other methods are for the loop that runs it."""

    def __init__(self, phone: WallPhone) -> None:
        self.name = phone.name
        self.lifted = False
        self.played_frames = 0
        self.spoken_frames = 0
        self.dropped_frames = 0
        self._board: Board = phone.board
        self._page: Page | None = None
        self._state: dict[str, Any] = {}
        self._drawer: dict[str, Any] | None = None
        self._keys: asyncio.Queue[str] = asyncio.Queue(MAX_KEYS)
        self._spoken_until = 0
        self._grace: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Watch the board and press keys, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(), name=f"watch {self.name}")
            group.create_task(self._press(), name=f"keys {self.name}")

    # The page's side.

    def attach(self, page: Page) -> None:
        """Give the phone to this page."""
        if self._page is not None:
            self._page.taken_over = True
            self._page.end()
        self._end_grace()
        self._page = page
        page.send(self._look())
        if self._drawer is not None:
            page.send(self._drawer)

    def detach(self, page: Page) -> None:
        """Take a page that is gone away; if it had the phone off the hook, the grace time begins."""
        if self._page is not page:
            return
        self._page = None
        if self.lifted:
            self._grace = asyncio.get_running_loop().call_later(GRACE_S, self._hook, False)

    def handle(self, event: Event) -> None:
        """What the person did. Raises MessageError when keys come faster than anybody presses."""
        match event:
            case Hook(lifted):
                self._hook(lifted)
            case Key(key):
                try:
                    self._keys.put_nowait(key)
                except asyncio.QueueFull:
                    raise MessageError("key: too many at once") from None

    def speak(self, pcm: bytes) -> None:
        """Whole frames of voice; ignored while the handset is down, dropped when they pile up."""
        if not self.lifted:
            return
        frames = len(pcm) // VOICE_FRAME_BYTES
        if self._spoken_until - self._board.counters().mic_frames > MAX_BACKLOG_FRAMES:
            self.dropped_frames += frames
            return
        self._spoken_until = self._board.speak(pcm) + frames
        self.spoken_frames += frames

    def show_drawer(self, drawer: dict[str, Any]) -> None:
        """What is behind the wall has changed."""
        self._drawer = {"type": "drawer", **drawer}
        if self._page is not None:
            self._page.send(self._drawer)

    # The board's side.

    def _hook(self, lifted: bool) -> None:
        self._end_grace()
        self.lifted = lifted
        if lifted:
            self._board.lift()
        else:
            self._board.hang_up()

    def _end_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    def _look(self) -> dict[str, Any]:
        return {
            "type": "state",
            "display": self._board.display(),
            "lamp": self._board.lamp().name.lower(),
            "lifted": self.lifted,
        }

    async def _watch(self) -> None:
        while True:
            state = self._look()
            if state != self._state:
                self._state = state
                if self._page is not None:
                    self._page.send(state)
            _, pcm = self._board.listen(clear=True)
            if pcm and self.lifted and self._page is not None:
                self.played_frames += len(pcm) // VOICE_FRAME_BYTES
                self._page.send(pcm)
            await asyncio.sleep(LOOK_S)

    async def _press(self) -> None:
        while True:
            key = await self._keys.get()
            # a phone that takes no keys for long has its reasons; the key is lost, as on any phone
            with contextlib.suppress(HilError):
                await asyncio.to_thread(self._board.press, key)
