"""Calls to SIPp, an independent SIP implementation: its scenarios fail by themselves when we break a rule."""

import asyncio
import random
import shutil
import socket
from pathlib import Path

import pytest
from sealine_gateway.sip import rtp, sdp
from sealine_gateway.sip.settings import PeerConfig

from .conftest import NUMBER
from .live import HOST, Ear, make_trunk, until

SCENARIOS = Path(__file__).parent / "sipp"
SIPP = shutil.which("sipp") or pytest.fail("sipp is missing; run make setup")


def free_ports():
    """A SIP port and an even voice port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((HOST, 0))
        return one.getsockname()[1], random.randrange(30_000, 34_000, 4)


class Sipp:
    """One SIPp, for one call of a scenario."""

    def __init__(self, scenario, directory, transport="udp"):
        self.scenario, self.directory, self.transport = scenario, directory, transport
        self.port, self.voice_port = free_ports()

    async def __aenter__(self):
        mode = {"udp": "u1", "tcp": "t1"}[self.transport]
        self.process = await asyncio.create_subprocess_exec(
            *(SIPP, "-sf", SCENARIOS / f"{self.scenario}.xml", "-i", HOST, "-p", str(self.port), "-t", mode),
            *("-mi", HOST, "-mp", str(self.voice_port), "-rtp_echo", "-m", "1", "-nostdin"),
            *("-timeout", "30s", "-timeout_error", "-trace_err", "-error_file", self.directory / "errors"),
            cwd=self.directory,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await asyncio.sleep(0.3)
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def succeeded(self):
        async with asyncio.timeout(20):
            code = await self.process.wait()
        errors = self.directory / "errors"
        assert code == 0, errors.read_text() if errors.exists() else code

    def config(self, **changes):
        return PeerConfig(host=HOST, port=self.port, transport=self.transport, caller="facility", **changes)


@pytest.fixture
async def call(tmp_path):
    """`call(scenario)` gives SIPp, the leg and its ear."""
    closing = []

    async def make(scenario, transport="udp", **config):
        sipp = await Sipp(scenario, tmp_path, transport).__aenter__()
        closing.append(sipp)
        if "password" in config:
            (tmp_path / "password").touch(0o600)
            (tmp_path / "password").write_text(config.pop("password"))
            config["password_file"] = "password"
        trunk = await make_trunk(tmp_path, sipp.config(ping_s=0, **config))  # SIPp takes each request for its call
        closing.append(trunk)
        ear = Ear()
        return sipp, trunk.dial(NUMBER, ear.listener()), ear

    yield make
    for item in reversed(closing):
        await (item.close() if hasattr(item, "close") else item.__aexit__())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_thousand_frames_to_sipp_and_back(call, transport):
    sipp, leg, ear = await call("answer", transport)
    await until(lambda: "Answered" in ear.names)
    leg.notice_done()
    ours = leg._media._sender
    key = rtp.Packet(sdp.EVENT, True, ours._seq, ours.timestamp, ours.ssrc, b"\x01\x8a\x00\xa0")
    leg._media._rtp.send(rtp.build(key))  # SIPp sends every packet back, a key press too
    await until(lambda: "Accepted" in ear.names)
    frames = [random.Random(i).randbytes(160) for i in range(1000)]
    for count, frame in enumerate(frames):
        leg.send_voice(count, frame)
        await asyncio.sleep(0.004)
    await until(lambda: len(ear.frames) >= 1000)
    assert ear.frames == frames
    assert leg.counts["lost"] == 0
    leg.hang_up()
    await sipp.succeeded()


async def test_busy(call):
    sipp, _, ear = await call("busy")
    await until(lambda: ear.names == ["busy"])
    await sipp.succeeded()


async def test_no_answer_is_cancelled(call):
    sipp, leg, ear = await call("no_answer")
    await until(lambda: ear.names == ["Ringing"])
    leg.hang_up()
    await sipp.succeeded()
    assert ear.names == ["Ringing"]


@pytest.mark.parametrize("scenario", ["login", "login_proxy"])  # SIPp computes the answer itself with 401 only
async def test_login(call, scenario):
    sipp, leg, ear = await call(scenario, user="facility-user", password="correct horse")
    await until(lambda: ear.names == ["Ringing", "Answered"])
    leg.hang_up()
    await sipp.succeeded()


async def test_a_wrong_password(call):
    sipp, _, ear = await call("login", user="facility-user", password="wrong horse")
    await until(lambda: ear.names == ["trunk-failed"])
    await sipp.succeeded()


async def test_the_called_party_hangs_up(call):
    sipp, _, ear = await call("bye")
    await until(lambda: ear.names == ["Ringing", "Answered", "refused"])
    await sipp.succeeded()


async def test_reinvite(call):
    sipp, leg, ear = await call("reinvite")
    await until(lambda: "Answered" in ear.names)
    await asyncio.sleep(1)
    leg.hang_up()
    await sipp.succeeded()
