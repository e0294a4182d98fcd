"""Calls to baresip, an independent telephone: human speech both ways, keys, SRTP, TLS."""

import asyncio
import contextlib
import itertools
import json
import shutil
import wave
from pathlib import Path

import pytest
from sealine_gateway.sip.settings import PeerConfig
from sealine_protocol import mulaw

from .conftest import NUMBER
from .live import HOST, Ear, make_trunk, until
from .test_sipp import free_ports

BARESIP = shutil.which("baresip") or pytest.fail("baresip is missing; run make setup")
MODULES = Path("/usr/lib/baresip/modules")
SPEECH = Path("/usr/share/codec2/raw")  # 8 kHz, 16 bit, from Debian's codec2-examples
_COMMANDS = itertools.count(1)


def speech(name, count):
    """`count` mu-law frames of a recording, which is said again and again."""
    sound = mulaw.encode((SPEECH / name).read_bytes())
    sound = sound.replace(b"\x7f", b"\xff")  # both are zero
    sound *= 1 + 160 * count // len(sound)
    return [sound[at : at + 160] for at in range(0, 160 * count, 160)]


class Baresip:
    """One telephone that answers by itself, says `said`, and writes what it hears to a WAV."""

    def __init__(self, directory, said, account=""):
        self.directory = directory
        self.said = speech(said, 1500)
        self.port, self.voice_port = free_ports()
        self.control, _ = free_ports()
        with wave.open(str(directory / "said.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(mulaw.decode(b"".join(self.said)))
        (directory / "heard").mkdir()
        (directory / "contacts").touch()
        (directory / "accounts").write_text(
            f"<sip:{NUMBER}@{HOST}>;regint=0;answermode=auto;audio_codecs=PCMU{account}\n"
        )
        (directory / "config").write_text(
            f"sip_listen {HOST}:{self.port}\n"
            f"net_interface {HOST}\n"
            f"rtp_ports {self.voice_port}-{self.voice_port + 40}\n"
            f"audio_source aufile,{directory}/said.wav\n"
            "audio_player aubridge,nothing\n"
            f"snd_path {directory}/heard\n"
            f"module_path {MODULES}\n"
            "module g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\nmodule srtp.so\n"
            f"module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n"
            f"ctrl_tcp_listen {HOST}:{self.control}\n"
        )

    async def __aenter__(self):
        self.log = (self.directory / "log").open("wb")
        self.process = await asyncio.create_subprocess_exec(
            BARESIP,
            *("-f", self.directory, "-v"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )
        await until(lambda: b"baresip is ready" in self.log_text(), 10)
        self.reader, self.writer = await asyncio.open_connection(HOST, self.control)
        return self

    async def __aexit__(self, *_):
        self.writer.close()
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
        self.log.close()

    def command(self, name, parameters=""):
        text = json.dumps({"command": name, "params": parameters, "token": str(next(_COMMANDS))})
        self.writer.write(f"{len(text)}:{text},".encode())

    def press(self, key):
        self.command("sndcode", key)

    def heard(self):
        """What its decoder has given out so far, as mu-law."""
        (path,) = (self.directory / "heard").glob("*dec.wav")
        return mulaw.encode(path.read_bytes()[44:])

    def log_text(self):
        return (self.directory / "log").read_bytes()

    def config(self, **changes):
        return PeerConfig(host=HOST, port=self.port, caller="facility", ping_s=30, **changes)


async def talk(phone, trunk, frames):
    """A whole call: notice, key, then speech both ways. What we heard."""
    ear = Ear()
    leg = trunk.dial(NUMBER, ear.listener())
    await until(lambda: "Answered" in ear.names)
    await asyncio.sleep(0.2)
    assert ear.frames == []
    leg.notice_done()
    phone.press("1")
    await until(lambda: "Accepted" in ear.names)
    loop = asyncio.get_running_loop()
    start = loop.time()
    for count, frame in enumerate(frames):
        leg.send_voice(count, frame)
        await asyncio.sleep(max(0, start + (count + 1) * 0.02 - loop.time()))
    await asyncio.sleep(0.3)
    assert ear.names == ["Ringing", "Answered", "Accepted"]
    assert leg.counts["lost"] == leg.counts["late"] == leg.counts["bad-rtp"] == 0
    return b"".join(ear.frames), leg


def assert_whole(heard, said, count):
    """`count` frames of `said` were heard in one piece, wherever that began."""
    start = said.find(heard[:1600])
    assert start >= 0
    assert len(heard) >= count * 160
    assert heard == said[start : start + len(heard)]


VARIANTS = {
    "plain": ("", "off", False),
    "required": (";mediaenc=srtp-mand", "require", True),
    "preferred": (";mediaenc=srtp-mand", "prefer", True),
    "not had": ("", "prefer", False),
}


async def test_a_thousand_frames_of_speech_each_way_in_four_calls_at_once(tmp_path):
    async def call(name, account, srtp, sealed):
        directory = tmp_path / name.replace(" ", "-")
        directory.mkdir()
        frames = speech("hts2a.raw", 1020)  # the telephone keeps the last ones in its jitter buffer
        async with Baresip(directory, "hts1a.raw", account) as phone:
            trunk = await make_trunk(directory, phone.config(srtp=srtp))
            ours, leg = await talk(phone, trunk, frames)
            assert (leg._media._sealer is not None) is sealed
            leg.hang_up()
            await until(lambda: b"terminated" in phone.log_text())
            theirs = phone.heard()
            await trunk.close()
        assert_whole(ours, b"".join(phone.said), 1000)
        assert theirs[: 1000 * 160] == b"".join(frames)[: 1000 * 160]

    async with asyncio.TaskGroup() as group:
        for name, variant in VARIANTS.items():
            group.create_task(call(name, *variant))


async def test_a_telephone_without_srtp_is_refused_where_it_is_required(tmp_path):
    async with Baresip(tmp_path, "hts1a.raw") as phone:
        trunk = await make_trunk(tmp_path, phone.config(srtp="require"))
        ear = Ear()
        trunk.dial(NUMBER, ear.listener())
        await until(lambda: ear.names and ear.names[-1] == "trunk-failed")
        assert "Answered" not in ear.names
        await trunk.close()


async def test_the_telephone_refuses_and_blocks_by_key_and_hangs_up(tmp_path):
    async with Baresip(tmp_path, "hts1a.raw") as phone:
        trunk = await make_trunk(tmp_path, phone.config())
        for keys, name in (("2", "refused"), ("99", "blocked"), ("hang up", "refused")):
            ear = Ear()
            leg = trunk.dial(NUMBER, ear.listener())
            await until(lambda ear=ear: "Answered" in ear.names)
            leg.notice_done()
            await asyncio.sleep(0.2)
            if keys == "hang up":
                phone.command("hangup")
            else:
                for key in keys:
                    phone.press(key)
                    await asyncio.sleep(0.5)
            await until(lambda ear=ear, name=name: ear.names[-1] == name)
            await asyncio.sleep(0.3)
        await trunk.close()
