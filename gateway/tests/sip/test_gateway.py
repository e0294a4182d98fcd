"""The whole gateway with the SIP trunk: a terminal's call to a telephone, and what the terminal learns of its end."""

import asyncio
import dataclasses
import os

import pytest
from sealine_gateway.app import Gateway
from sealine_gateway.config import TrunkConfig

from .conftest import NUMBER
from .live import FRAME, HOST, LivePeer, until

SECRET = b"a secret that is given at start"  # the parent conftest's


@pytest.fixture
async def running(site):
    peer = await LivePeer().start()
    trunk = TrunkConfig(kind="sip", bind=HOST, peer=[peer.config()])
    gateway = Gateway(dataclasses.replace(site.settings, trunk=trunk), SECRET)
    stop = asyncio.Event()
    task = asyncio.create_task(gateway.run(stop))
    await until(lambda: gateway.trunk.lines[0].channel.connected)
    await asyncio.sleep(0.2)
    terminal = site.issuing.terminal()
    await terminal.connect(HOST, site.port)
    yield peer, terminal
    await terminal.disconnect()
    stop.set()
    await task
    peer.close()


async def dial(terminal):
    call = os.urandom(16)
    terminal.send({"type": "dial", "call": call, "number": NUMBER, "language": "en"})
    for state in ("ringing", "answered"):
        assert (await terminal.expect("progress"))["state"] == state
    return call


async def test_a_call_by_sip_from_the_terminal(running):
    peer, terminal = running
    call = await dial(terminal)
    for seq in range(10):  # the notice; the called party talks over it and presses in vain
        terminal.stream.send_voice(seq, FRAME)
        peer.voice(seq)
    seq = peer.key("1", 10, 8000)
    await until(lambda: len(peer.heard) >= 10)
    assert terminal.voice == []
    terminal.send({"type": "notice-done", "call": call})
    await asyncio.sleep(0.1)
    seq = peer.key("1", seq, 9000)
    assert (await terminal.expect("progress"))["state"] == "accepted"
    for count in range(50):
        peer.voice(seq + count)
        await asyncio.sleep(0.01)
    await until(lambda: len(terminal.voice) == 50)
    assert {frame for _, frame in terminal.voice} == {FRAME}
    terminal.send({"type": "hang-up", "call": call})
    assert (await terminal.expect("ended"))["reason"] == "caller-hangup"
    await until(lambda: peer.peer.requests("BYE"))


@pytest.mark.parametrize(("keys", "reason"), [("2", "refused"), ("99", "blocked")])
async def test_the_terminal_learns_how_the_called_party_decided(running, keys, reason):
    peer, terminal = running
    call = await dial(terminal)
    terminal.send({"type": "notice-done", "call": call})
    await asyncio.sleep(0.1)
    for index, key in enumerate(keys):
        peer.key(key, 10 * index, 8000 + 800 * index)
    assert (await terminal.expect("ended"))["reason"] == reason
