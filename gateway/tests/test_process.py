"""The gateway as a process of its own: killed, watched for what it leaves on disk, and on a serial line."""

import asyncio
import os
import random
import re
import resource
import signal
import sys
import tty

import pytest
from sealine_gateway.outbox import FILE_NAME, Store
from sealine_hil.errors import HilError
from sealine_protocol.hashes import blake2b256

SECRET = b"a secret that is given at start"
PERSON, PIN, NUMBER = "4711", "135790", "12025550123"


class Process:
    """`sealine-gateway run` on a site."""

    def __init__(self, site, directory):
        self.site = site
        self.directory = directory
        settings = site.settings
        (directory / "secret").write_bytes(SECRET)
        (directory / "secret").chmod(0o600)
        (directory / "parties.toml").write_text(f"[party.{NUMBER}]\nring_ms = 10\naccept_ms = 10\n")
        (directory / "gateway.toml").write_text(
            f'facility = "north"\nname = "gw-1"\nstate_dir = "state"\nlisten = "{settings.listen}"\nreserve_mb = 1\n'
            f'[mqtt]\nhost = "127.0.0.1"\nport = {settings.mqtt.port}\n'
            '[trunk]\nkind = "loopback"\nscript = "parties.toml"\n'
        )
        self.process = None

    async def start(self, ready=b"gateway ready"):
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sealine_gateway", "run", "--config", str(self.directory / "gateway.toml")),
            *("--secret-file", str(self.directory / "secret")),
            stderr=asyncio.subprocess.PIPE,
        )
        self.log = b""
        async with asyncio.timeout(20):
            while ready not in self.log:
                line = await self.process.stderr.readline()
                self.log += line
                assert line, self.log.decode()

    async def end(self, number):
        self.process.send_signal(number)
        self.log += await self.process.stderr.read()
        return await self.process.wait()


@pytest.fixture
async def process(site, tmp_path):
    made = Process(site, tmp_path)
    yield made
    if made.process is not None and made.process.returncode is None:
        await made.end(signal.SIGKILL)
    if made.process is not None:
        made.process._transport.close()  # its pipe too, of a process that ended by itself
        await asyncio.sleep(0)


@pytest.mark.timeout(120)
async def test_killed_at_any_moment_it_has_all_that_it_acknowledged(site, process):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    chance = random.Random(seed)
    terminal = site.issuing.terminal()
    saved, chunks = [], []
    for _ in range(5):
        await process.start()
        await terminal.connect("127.0.0.1", site.port)

        async def send():
            while True:
                signed, record = terminal.record(), os.urandom(16)
                await terminal.save(signed)
                saved.append(signed)
                data = os.urandom(5000)
                terminal.send_bulk({"type": "chunk", "record": record, "index": 0, "data": data})
                await terminal.expect("saved-chunk")
                chunks.append((record, data))

        sending = asyncio.create_task(send())
        await asyncio.sleep(chance.uniform(0.05, 0.6))
        await process.end(signal.SIGKILL)
        with pytest.raises(HilError, match="down"):
            await sending
        await terminal.disconnect()
    assert len(saved) > 20
    store = Store(site.settings.state_path / FILE_NAME)
    assert all(store.known(blake2b256(signed)).object == signed for signed in saved)
    store.close()
    for record, data in chunks:
        assert (site.settings.state_path / "chunks" / record.hex() / "0.chunk").read_bytes() == data


async def test_killed_gateway_comes_back_and_the_rest_goes_up(site, process, central, until):
    await process.start()
    terminal = site.issuing.terminal()
    await terminal.connect("127.0.0.1", site.port)
    central.answering = False
    first = terminal.record()
    await terminal.save(first)
    await until(lambda: central.records)
    await process.end(signal.SIGKILL)
    await terminal.disconnect()
    await until(lambda: central.statuses[-1]["state"] == "lost")  # the will
    central.answering = True
    await process.start()
    await terminal.connect("127.0.0.1", site.port)
    await until(lambda: len(central.records) >= 2)
    assert set(central.records) == {first}
    await terminal.save(first)
    assert (await terminal.expect("deliver"))["answer"]["kind"] == "receipt"
    await terminal.disconnect()


async def test_a_thief_of_the_disk_and_a_reader_of_the_log_learn_nothing(site, process, central):
    """P3: no name, number, PIN, token key or voice in state, log, or what passed the broker."""
    await process.start()
    terminal = site.issuing.terminal()
    await terminal.connect("127.0.0.1", site.port)
    token_key = terminal.welcome["token_key"]
    terminal.send({"type": "check-pin", "person": PERSON, "pin": PIN})
    assert (await terminal.expect("pin-result"))["ok"]
    call_id = os.urandom(16)
    terminal.send({"type": "dial", "call": call_id, "number": NUMBER, "language": "en"})
    await terminal.expect("progress")
    await terminal.expect("progress")
    terminal.send({"type": "notice-done", "call": call_id})
    await terminal.expect("progress")
    frame = bytes(random.Random(1).randrange(256) for _ in range(160))
    for seq in range(10):
        terminal.stream.send_voice(seq, frame)
        await asyncio.sleep(0.02)
    terminal.send({"type": "hang-up", "call": call_id})
    await terminal.expect("ended")
    await terminal.save(terminal.record())
    await terminal.expect("deliver")
    terminal.send({"type": "dial", "call": os.urandom(16), "number": "1999", "language": "en"})
    await terminal.expect("ended")
    terminal.stream.send_control(b"\xa3\x00\x69check-pin\x01\x644711\x02\x63135")
    await terminal.expect("error")
    await terminal.disconnect()
    assert await process.end(signal.SIGTERM) == 0
    state = [path for path in site.settings.state_path.rglob("*") if path.is_file()]
    assert len(state) > 5
    places = [path.read_bytes() for path in state] + [process.log] + central.payloads
    for secret in (NUMBER.encode(), PIN.encode(), token_key, token_key.hex().encode(), frame[:40], b"argon2id$"):
        assert not any(secret in place for place in places), secret
    assert not re.search(rb"\b4711\b", process.log)
    for path in state:
        assert path.stat().st_mode & 0o077 == 0 or path.suffix == ".pem", path


async def refused(process):
    """What a gateway says that does not start."""
    with pytest.raises(AssertionError):
        await process.start()
    assert await process.process.wait() == 1
    said = process.log.decode().splitlines()
    assert len(said) == 1
    return said[0]


async def test_gateway_without_enrolment_says_so_in_one_line(site, process):
    (site.settings.state_path / "enrolment.cbor").unlink()
    assert await refused(process) == "sealine-gateway: state_dir: unit: not enrolled"


async def test_its_memory_ends_in_no_core_file(process):
    await process.start()
    assert resource.prlimit(process.process.pid, resource.RLIMIT_CORE) == (0, 0)


async def test_an_open_secret_file_is_refused_in_one_line(process):
    (process.directory / "secret").chmod(0o644)
    assert await refused(process) == "sealine-gateway: the secret: its file is open to others; chmod 600"


async def test_wrong_secret_is_said_in_one_line(process):
    (process.directory / "secret").write_bytes(b"another secret altogether")
    assert await refused(process) == "sealine-gateway: the vault does not open: wrong secret or damaged file"


async def test_gateway_under_another_name_is_refused(process):
    path = process.directory / "gateway.toml"
    path.write_text(path.read_text().replace("gw-1", "gw-2"))
    assert "not those of the credential" in await refused(process)


async def streams(handle):
    """A writable and readable file descriptor as streams."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    source, sink = os.fdopen(os.dup(handle), "rb", 0), os.fdopen(os.dup(handle), "wb", 0)
    incoming, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sink)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop), incoming


async def test_serial_line_is_a_link_like_another(site, process):
    master, slave = os.openpty()
    tty.setraw(master)
    tty.setraw(slave)
    path = process.directory / "gateway.toml"
    path.write_text(path.read_text().replace("reserve_mb", f'serial = ["{os.ttyname(slave)}"]\nreserve_mb'))
    await process.start(ready=b"serial port open")
    terminal = site.issuing.terminal()
    firmware = {"version": "x", "hash": bytes(32)}
    for _ in range(2):  # the second link on the same line behind the first
        reader, writer, incoming = await streams(master)
        await terminal.connect_streams(reader, writer)
        terminal.send({"type": "ready", "firmware": firmware, "head": None, "installed": {}, "call": None})
        await terminal.expect("welcome")
        await terminal.save(terminal.record())
        await terminal.disconnect()
        incoming.close()
        await asyncio.sleep(2.5)  # the gateway hears the silence
    os.close(master)
    os.close(slave)
