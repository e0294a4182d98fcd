"""Who gives way when too many connections say nothing, or too little."""

import asyncio
from types import SimpleNamespace

import pytest
from nacl.public import PrivateKey
from sealine_gateway import handshakes
from sealine_gateway.handshakes import Handshakes
from sealine_protocol.link import Link


def stream(*, greeted=False):
    return SimpleNamespace(link=SimpleNamespace(greeted=greeted))


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(handshakes, "MAX_OF_ADDRESS", 3)
    monkeypatch.setattr(handshakes, "MAX_HANDSHAKES", 5)
    return Handshakes()


def test_of_one_address_the_oldest_silent_one_goes_first_then_the_oldest(small):
    streams = [stream(greeted=True), stream(), stream()]
    assert [small.begin("a", one) for one in streams] == [None] * 3
    newer = [stream(greeted=True) for _ in range(3)]
    assert [small.begin("a", one) for one in newer] == [streams[1], streams[2], streams[0]]
    assert len(small) == 3


def test_a_crowd_of_one_address_leaves_the_others_alone(small):
    honest = stream()
    small.begin("b", honest)
    gone = [small.begin("a", stream(greeted=True)) for _ in range(20)]
    assert honest not in gone


def test_a_newcomer_pushes_out_one_of_the_most_crowded_address(small):
    crowd = [stream() for _ in range(3)]
    for one in crowd:
        small.begin("a", one)
    small.begin("b", stream())
    small.begin("c", stream())
    assert small.begin("d", stream()) is crowd[0]


def test_who_is_through_counts_no_more(small):
    streams = [stream() for _ in range(3)]
    for one in streams:
        small.begin("a", one)
        small.end(one)
        small.end(one)
    assert len(small) == 0
    assert small.begin("a", stream()) is None


async def test_a_terminal_that_thinks_survives_a_flood_of_silent_connections(site, start):
    """250 a second from its own address, while it takes 0.4 s over the gateway's message."""
    await start()
    kept = []

    async def flood():
        while True:
            kept.append((await asyncio.open_connection("127.0.0.1", site.port))[1])
            if len(kept) > 80:
                kept[-80].transport.abort()
            await asyncio.sleep(0.004)

    flooding = asyncio.create_task(flood())
    await asyncio.sleep(0.5)
    for _ in range(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        link = Link("terminal", "north", bytes(PrivateKey.generate()), b"x" * 100, lambda *_: None, 0)
        writer.write(link.pull())
        assert await reader.read(4096)
        await asyncio.sleep(0.4)
        with pytest.raises(TimeoutError):  # it is not closed
            await asyncio.wait_for(reader.read(1), 0.1)
        writer.transport.abort()
    flooding.cancel()
    await asyncio.gather(flooding, return_exceptions=True)
    for writer in kept:
        writer.transport.abort()
    await asyncio.sleep(0.05)
