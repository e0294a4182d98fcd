import asyncio
import time

from sealine_gateway import limits
from sealine_gateway.limits import MAX_BAD_FRAMES, LimitedReader


def source(data):
    reader = asyncio.StreamReader(limit=1 << 24)
    reader.feed_data(data)
    reader.feed_eof()
    return reader


async def read_all(reader):
    count = 0
    while data := await reader.read(4096):
        count += len(data)
    return count


async def test_a_burst_is_free_and_what_follows_has_its_speed(monkeypatch):
    monkeypatch.setattr(limits, "BURST_BYTES", 10_000)
    monkeypatch.setattr(limits, "BYTES_PER_S", 100_000)
    began = time.monotonic()
    assert await read_all(LimitedReader(source(bytes(10_000)), lambda: 0)) == 10_000
    assert time.monotonic() - began < 0.2
    began = time.monotonic()
    assert await read_all(LimitedReader(source(bytes(60_000)), lambda: 0)) == 60_000
    assert time.monotonic() - began > 0.4


async def test_what_was_read_already_comes_first():
    reader = LimitedReader(source(b"tail"), lambda: 0, b"head")
    assert await reader.read(2) == b"he"
    assert await reader.read(10) == b"ad"
    assert await reader.read(10) == b"tail"


async def test_nonsense_ends_the_stream():
    reader = LimitedReader(source(bytes(100)), lambda: MAX_BAD_FRAMES + 1)
    assert await reader.read(10) == b""
