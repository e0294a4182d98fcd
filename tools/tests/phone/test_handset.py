"""The handset between page and board, with a board that only notes what is done to it."""

import asyncio
import threading
from collections import Counter
from types import SimpleNamespace

import pytest
from sealine_hil.board import Lamp
from sealine_tools.phone import handset as subject
from sealine_tools.phone.errors import MessageError
from sealine_tools.phone.handset import MAX_KEYS, MAX_OUTBOX, Handset, Page
from sealine_tools.phone.messages import Hook, Key

FRAME = b"\1\2" * 160
UP, DOWN = Hook(lifted=True), Hook(lifted=False)


class NotedBoard:
    """What Handset uses of a Board."""

    def __init__(self):
        self.done = []
        self.rows = [" " * 20] * 4
        self.clock = 0
        self.queued = 0
        self.heard = b""
        self.takes_keys = threading.Event()
        self.takes_keys.set()

    def display(self):
        return list(self.rows)

    def lamp(self):
        return Lamp.OFF

    def lift(self):
        self.done.append("lift")

    def hang_up(self):
        self.done.append("hang-up")

    def press(self, key):
        self.takes_keys.wait(5)
        self.done.append(key)

    def speak(self, pcm):
        begins = max(self.clock, self.queued)
        self.queued = begins + len(pcm) // 320
        return begins

    def counters(self):
        return SimpleNamespace(mic_frames=self.clock)

    def listen(self, *, clear):
        assert clear
        heard, self.heard = self.heard, b""
        return 0, heard


@pytest.fixture
def board():
    return NotedBoard()


@pytest.fixture
async def handset(board, monkeypatch):
    monkeypatch.setattr(subject, "GRACE_S", 0.15)
    made = Handset(SimpleNamespace(name="wing", board=board))
    task = asyncio.create_task(made.run())
    yield made
    board.takes_keys.set()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def next_state(page):
    async with asyncio.timeout(2):
        while not isinstance(message := await page.outbox.get(), dict) or message["type"] != "state":
            pass
    return message


async def test_a_page_sees_the_board_at_once_and_what_changes(handset, board):
    board.rows[0] = "SEALINE".ljust(20)
    handset.attach(page := Page())
    assert (await next_state(page))["display"][0] == "SEALINE".ljust(20)
    board.rows[0] = "RECORDED".ljust(20)
    while (await next_state(page))["display"][0] != "RECORDED".ljust(20):
        pass


async def test_a_page_that_goes_in_mid_call_leaves_the_handset_up_for_the_grace_time(handset, board):
    handset.attach(page := Page())
    handset.handle(UP)
    handset.detach(page)
    await asyncio.sleep(0.05)
    assert board.done == ["lift"]
    await asyncio.sleep(0.25)
    assert board.done == ["lift", "hang-up"]
    assert not handset.lifted


async def test_a_reload_keeps_the_call(handset, board):
    handset.attach(page := Page())
    handset.handle(UP)
    handset.detach(page)
    handset.attach(again := Page())
    assert (await next_state(again))["lifted"]
    await asyncio.sleep(0.3)
    assert board.done == ["lift"]


async def test_a_page_that_goes_with_the_handset_down_does_nothing(handset, board):
    handset.attach(page := Page())
    handset.detach(page)
    await asyncio.sleep(0.3)
    assert board.done == []


async def test_the_newer_page_has_the_phone(handset, board):
    handset.attach(first := Page())
    handset.handle(UP)
    handset.attach(second := Page())
    assert first.taken_over
    assert await first.outbox.get() is None
    handset.detach(first)
    await asyncio.sleep(0.3)
    assert board.done == ["lift"]
    assert not second.taken_over


async def test_keys_reach_the_board_in_order_and_too_many_are_refused(handset, board):
    for key in "47#":
        handset.handle(Key(key))
    await asyncio.sleep(0.1)
    assert board.done == ["4", "7", "#"]
    board.takes_keys.clear()
    handset.handle(Key("1"))
    await asyncio.sleep(0.05)  # this one is in the finger that the board keeps waiting
    for _ in range(MAX_KEYS):
        handset.handle(Key("1"))
    with pytest.raises(MessageError, match="key"):
        handset.handle(Key("1"))


async def test_voice_that_piles_up_is_dropped(handset, board):
    handset.speak(FRAME)
    assert handset.spoken_frames == 0
    handset.handle(UP)
    for _ in range(100):
        handset.speak(FRAME)
    assert handset.spoken_frames <= 12
    assert handset.spoken_frames + handset.dropped_frames == 100
    board.clock = board.queued
    handset.speak(FRAME)
    assert handset.spoken_frames <= 13
    assert handset.dropped_frames == 100 - handset.spoken_frames + 1


async def test_a_page_hears_only_with_the_handset_up(handset, board):
    handset.attach(page := Page())
    board.heard = FRAME
    await asyncio.sleep(0.1)
    handset.handle(UP)
    board.heard = FRAME * 2
    await asyncio.sleep(0.1)
    kinds = Counter(type(page.outbox.get_nowait()) for _ in range(page.outbox.qsize()))
    assert kinds[bytes] == 1
    assert handset.played_frames == 2


def test_a_page_that_does_not_read_loses_voice_and_then_the_phone():
    page = Page()
    for _ in range(MAX_OUTBOX + 5):
        page.send(FRAME)
    assert page.outbox.qsize() == MAX_OUTBOX
    page.send({"type": "state"})
    assert page.outbox.get_nowait() is None
    assert not page.taken_over
