"""The link on real sockets: host to host, and the device's own code (MicroPython's unix build) to the host."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sealine_protocol.clock import monotonic_ms
from sealine_protocol.cobs import encode
from sealine_protocol.link import Event, Link, LinkFullError, PeerError, Role
from sealine_protocol.link_stream import LinkStream
from sealine_protocol.reliable import MAX_BULK_DOWN_BYTES, MAX_BULK_UP_BYTES, MAX_CONTROL_BYTES

ROOT = Path(__file__).parents[3]
MICROPYTHON = ROOT / "build/firmware/unix/micropython"
KEYS = {role: os.urandom(32) for role in ("terminal", "gateway")}
PUBLIC = {role: X25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw() for role, key in KEYS.items()}
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def make_link(role: Role, facility: str = "alpha") -> Link:
    other = "gateway" if role == "terminal" else "terminal"

    def check_peer(hello: bytes, static: bytes) -> object:
        if hello != other.encode() * 400 or static != PUBLIC[other]:
            raise PeerError("link: not who it must be")
        return other

    return Link(role, facility, KEYS[role], role.encode() * 400, check_peer, monotonic_ms())


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    """Serve on a free port; at the end all connections are over."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await serve(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve_and_close, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)  # an aborted transport closes its socket in the next turn


@asynccontextmanager
async def gateway(result: "asyncio.Future[LinkStream]") -> AsyncIterator[int]:
    """Listen for one terminal; its stream is the result."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = LinkStream(make_link("gateway"), reader, writer)
        result.set_result(stream)
        await stream.run()

    async with listening(serve) as port:
        yield port
        if result.done():
            result.result().close()


@asynccontextmanager
async def device(
    port: int, facility: str = "alpha", gateway_key: bytes = b""
) -> AsyncIterator[asyncio.subprocess.Process]:
    if not MICROPYTHON.exists():
        pytest.fail(f"{MICROPYTHON.relative_to(ROOT)} is missing: run `make unix`")
    process = await asyncio.create_subprocess_exec(
        MICROPYTHON,
        ROOT / "firmware/tests/micropython/link/peer.py",
        str(port),
        facility,
        KEYS["terminal"].hex(),
        (gateway_key or PUBLIC["gateway"]).hex(),
        env={"MICROPYPATH": f"{ROOT / 'firmware/app'}:.frozen"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def take(events: AsyncIterator[Event], kind: str, count: int) -> list[object]:
    """Return what the next `count` events of this kind carry."""
    found: list[object] = []
    async with asyncio.timeout(20):
        async for event in events:
            if event[0] == kind:
                found.append(event[1])
            if len(found) == count:
                break
    return found


@asynccontextmanager
async def mangled(port: int, seed: int) -> AsyncIterator[int]:
    """A wire to `port` that loses, doubles and cuts frames once both handshakes are surely over."""
    noise = random.Random(seed)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = 0
        try:
            while True:
                frame = await reader.readuntil(b"\0")
                frames += 1
                copies = 1 if frames < 8 else noise.choices((0, 1, 2), (10, 80, 10))[0]
                for _ in range(copies):
                    cut = noise.randrange(len(frame))
                    writer.write(frame[:cut])
                    await writer.drain()
                    await asyncio.sleep(0)
                    writer.write(frame[cut:])
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(pass_on(reader, far_writer), pass_on(far_reader, writer))
        finally:
            far_writer.transport.abort()

    async with listening(serve) as own_port:
        yield own_port


async def test_two_hosts_talk_and_a_closed_link_ends_on_both_sides() -> None:
    result: asyncio.Future[LinkStream] = asyncio.get_running_loop().create_future()
    async with gateway(result) as port:
        terminal = LinkStream(make_link("terminal"), *await asyncio.open_connection("127.0.0.1", port))
        running = asyncio.create_task(terminal.run())
        ours = (await asyncio.wait_for(result, 5)).events()
        theirs = terminal.events()
        assert await take(theirs, "up", 1) == ["gateway"]
        assert await take(ours, "up", 1) == ["terminal"]
        ident = terminal.send_bulk(bytes(MAX_BULK_UP_BYTES))
        assert await take(ours, "bulk", 1) == [bytes(MAX_BULK_UP_BYTES)]
        assert await take(theirs, "bulk-sent", 1) == [ident]
        terminal.close()
        assert await asyncio.wait_for(running, 5) == "closed"
        assert await take(ours, "down", 1) == ["closed"]


async def test_a_burst_of_voice_after_a_late_turn_arrives_whole() -> None:
    result: asyncio.Future[LinkStream] = asyncio.get_running_loop().create_future()
    async with gateway(result) as port:
        terminal = LinkStream(make_link("terminal"), *await asyncio.open_connection("127.0.0.1", port))
        heard: list[int] = []
        terminal.on_voice = lambda sequence, _frame: heard.append(sequence)  # type: ignore[method-assign]
        running = asyncio.create_task(terminal.run())
        stream = await asyncio.wait_for(result, 5)
        assert await take(terminal.events(), "up", 1) == ["gateway"]
        assert await take(stream.events(), "up", 1) == ["terminal"]
        for sequence in range(6):
            stream.send_voice(sequence, bytes(160))
        async with asyncio.timeout(5):
            while len(heard) < 6:  # noqa: ASYNC110 - a plain list is what the callback fills
                await asyncio.sleep(0.01)
        assert heard == list(range(6))
        assert stream.link.voice_dropped == 0
        terminal.close()
        await asyncio.wait_for(running, 5)


class Reluctant(LinkStream):
    """Its end takes a while."""

    async def _tick(self) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0.2)


async def test_a_pump_that_is_cut_off_at_its_own_end_lets_go_of_the_stream() -> None:
    result: asyncio.Future[LinkStream] = asyncio.get_running_loop().create_future()
    async with gateway(result) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        stream = Reluctant(make_link("terminal"), reader, writer)
        pump = asyncio.create_task(stream.run())
        await asyncio.sleep(0.1)
        stream.close()
        await asyncio.sleep(0.05)
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)
        assert writer.transport.is_closing()
        await asyncio.sleep(0.2)


def test_voice_for_a_peer_that_has_just_reset_is_dropped_not_raised() -> None:
    async def talk() -> None:
        result: asyncio.Future[LinkStream] = asyncio.get_running_loop().create_future()
        async with gateway(result) as port:
            terminal = LinkStream(make_link("terminal"), *await asyncio.open_connection("127.0.0.1", port))
            running = asyncio.create_task(terminal.run())
            stream = await asyncio.wait_for(result, 5)
            assert await take(stream.events(), "up", 1) == ["terminal"]
            stream._writer.transport.abort()
            for sequence in range(500):
                stream.send_voice(sequence & 0xFFFF, bytes(160))
                await asyncio.sleep(0)
            assert await asyncio.wait_for(running, 5) == "closed"

    uvloop.run(talk())


async def test_a_peer_that_says_nothing_is_let_go() -> None:
    result: asyncio.Future[LinkStream] = asyncio.get_running_loop().create_future()
    async with gateway(result) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        stream = await asyncio.wait_for(result, 5)
        stream.link._started_ms -= 4900
        assert await take(stream.events(), "down", 1) == ["handshake"]
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_a_peer_that_stops_reading_is_let_go() -> None:
    result: asyncio.Future[LinkStream] = asyncio.get_running_loop().create_future()
    async with gateway(result) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        link = make_link("terminal")
        stream = await asyncio.wait_for(result, 5)
        while not link.up:
            while (frame := link.pull()) is not None:
                writer.write(frame)
            link.feed(await asyncio.wait_for(reader.read(1000), 5))
        while (frame := link.pull()) is not None:
            writer.write(frame)
        ours = stream.events()
        assert await take(ours, "up", 1) == ["terminal"]
        stream.send_control(b"to nobody")
        assert await take(ours, "down", 1) == ["silent"]
        writer.transport.abort()


async def test_the_device_talks_to_the_host() -> None:
    result: asyncio.Future[LinkStream] = asyncio.get_running_loop().create_future()
    async with gateway(result) as port, device(port) as process:
        stream = await asyncio.wait_for(result, 10)
        heard: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        stream.on_voice = lambda sequence, frame: heard.put_nowait((sequence, frame))  # type: ignore[method-assign]
        events = stream.events()
        assert await take(events, "up", 1) == ["terminal"]
        for size in (1, 511, 512, 513, MAX_CONTROL_BYTES):
            message = os.urandom(size)
            stream.send_control(message)
            assert await take(events, "control", 1) == [message]
        for message in (bytes(3), b"\xff" * MAX_BULK_DOWN_BYTES, os.urandom(MAX_BULK_DOWN_BYTES)):
            ident = stream.send_bulk(message)
            assert set(await take(events, "bulk", 1)) | {ident} == {message, ident}
        for number in range(100):
            frame = os.urandom(160)
            stream.send_voice(0xFFE0 + number, frame)
            assert await asyncio.wait_for(heard.get(), 5) == ((0xFFE0 + number + 1) & 0xFFFF, frame)
        stream.close()
        output, _ = await asyncio.wait_for(process.communicate(), 10)
        lines = output.decode().splitlines()
        assert lines[0] == f"up {len('gateway') * 400}"
        assert lines[-2] == "down closed"
        for counter in ("frames_oversized", "frames_broken", "frames_refused", "fragments_retransmitted"):
            assert f"'{counter}': 0" in lines[-1]


@pytest.mark.parametrize("seed", range(4))
async def test_the_device_talks_to_the_host_over_a_bad_wire(seed: int) -> None:
    result: asyncio.Future[LinkStream] = asyncio.get_running_loop().create_future()
    async with gateway(result) as port, mangled(port, seed) as bad_port, device(bad_port):
        stream = await asyncio.wait_for(result, 10)
        events = stream.events()
        assert await take(events, "up", 1) == ["terminal"]
        sent = [os.urandom(size) for size in (10, 3000, MAX_BULK_DOWN_BYTES, 700)]
        received: list[object] = []
        for message in sent:
            while True:
                try:
                    stream.send_bulk(message)
                    break
                except LinkFullError:
                    received += await take(events, "bulk", 1)
        received += await take(events, "bulk", len(sent) - len(received))
        assert received == sent
        counters = stream.link.counters
        assert counters["frames_refused"] + counters["fragments_retransmitted"] > 0


@pytest.mark.parametrize(("facility", "gateway_key"), [("beta", b""), ("alpha", b"x" * 32)])
async def test_the_device_refuses_a_gateway_that_is_not_its_own(facility: str, gateway_key: bytes) -> None:
    result: asyncio.Future[LinkStream] = asyncio.get_running_loop().create_future()
    async with gateway(result) as port, device(port, facility, gateway_key) as process:
        output, _ = await asyncio.wait_for(process.communicate(), 10)
        assert output.decode().splitlines()[0] == ("down handshake" if facility == "beta" else "down peer")
        assert await take((await result).events(), "down", 1) != ["up"]


async def test_the_device_lives_through_a_hostile_gateway() -> None:
    """Garbage, oversized frames and foreign handshakes: the device ends the link and does not crash."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        noise = random.Random(5)
        writer.write(bytes(1000) + b"\x01" * 5000 + b"\0")
        for size in range(1, 200):
            writer.write(encode(b"\x04" + noise.randbytes(size)) + noise.randbytes(size).replace(b"\2", b"\3") + b"\0")
        writer.write(encode(b"\x02" + noise.randbytes(500)))
        await writer.drain()
        await reader.read()
        writer.close()

    async with listening(serve) as port, device(port) as process:
        output, _ = await asyncio.wait_for(process.communicate(), 10)
        lines = output.decode().splitlines()
        assert lines[0] == "down handshake"
        assert lines[-1].startswith("ran handshake")
        assert process.returncode == 0
