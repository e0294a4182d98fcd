"""A terminal's whole program on the unix build, with the board model as its hardware and a scripted gateway."""

import hashlib
import os
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from nacl.signing import SigningKey
from sealine_hil.board import Board
from sealine_protocol import codec, cose, credential, merkle, receipt, shamir
from sealine_protocol.hashes import blake2b256, terminal_token_key
from sealine_protocol.link import Link
from sealine_provisioning import bundles
from sealine_provisioning.authority import Authority
from sealine_provisioning.console import Console
from sealine_provisioning.enrolment import enrol_terminal

HERE = Path(__file__).resolve().parent
BINARY = HERE.parents[2] / "build/firmware/unix/micropython"
FACILITY = "bay-county"
LAWYER = "12025550199"
MOTHER = "12025550123"
PLAN = {"country": "1", "international": "011", "trunk": "1", "national_length": 10, "area": ""}
RULES = {
    "numbering": PLAN,
    "max_talk_s": 600,
    "ring_timeout_s": 30,
    "protected": [{"code": "77", "number": "18005550177"}],
    "always": [{"code": "911", "number": "19115550911"}],
}
RATES = {"rate": 60_000, "cap": 60_000, "cap_source": "rule", "payer": "caller", "after_end": "free"}


class Unit:
    """A key pair of each kind with a credential."""

    def __init__(self, authority: Authority, role: str, subject: str, **custodian: str) -> None:
        self.signing = SigningKey.generate()
        self.link = PrivateKey.generate()
        now = int(time.time())
        self.credential = credential.issue(
            subject,
            authority.facility,
            role,
            bytes(self.signing.verify_key),
            bytes(self.link.public_key),
            nbf=now - 300,
            exp=now + 86_400,
            iat=now,
            signer=authority.signer,
            **custodian,
        )


class World:
    """Authority, central's log, signers, custodians, and the bundles they publish."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority.create(folder / "authority", FACILITY, b"test")
        self.central = Unit(self.authority, "central", "central")
        self.gateway = Unit(self.authority, "gateway", "gateway-1")
        self.signers = {
            role: Unit(self.authority, role, f"{role}-signer") for role in ("directory", "tariff", "policy")
        }
        self.custodians = [
            Unit(self.authority, "custodian", f"custodian-{name}", class_=name, organisation=f"{name} office")
            for name in ("investigator", "monitor", "court")
        ]
        self.billing = PrivateKey.generate()
        self.trust = bundles.trust(
            self.authority,
            version=1,
            centrals=[self.central.credential],
            signers=[unit.credential for unit in self.signers.values()],
            custodians=[unit.credential for unit in self.custodians],
            k=2,
            billing_key=bytes(self.billing.public_key),
        )
        self.policy = bundles.policy(self.signers["policy"].signing, FACILITY, version=1, rules=RULES)
        self.tariff = bundles.tariff(self.signers["tariff"].signing, FACILITY, version=1, rates=RATES)
        self.leaves: list[bytes] = []

    def directory(self, terminal: bytes, version: int = 1, numbers: tuple[str, ...] = (LAWYER,)) -> bundles.Published:
        """A directory sealed to one terminal (its credential)."""
        signer = self.signers["directory"].signing
        return bundles.directory(
            signer, FACILITY, version=version, numbers=numbers, plan=PLAN, terminals=[terminal], max_age_s=3600
        )

    def receipt(self, signed: bytes, issued: int | None = None) -> bytes:
        """Central logs an object and gives its receipt."""
        self.leaves.append(merkle.leaf_hash(signed))
        index = len(self.leaves) - 1
        path = merkle.inclusion_path(index, self.leaves)
        root = merkle.root(self.leaves)
        return receipt.make(index, len(self.leaves), path, root, self.central.signing, issued or int(time.time()))

    def refusal(self, fields: dict[str, Any]) -> bytes:
        """Central refuses an object."""
        return cose.sign("refusal", codec.encode("refusal", fields), self.central.signing)

    def open_key(self, message: dict[str, Any], readers: tuple[int, ...]) -> bytes:
        """The content key of a delivered record from the shares of some custodians."""
        shares = []
        for sealed in message["envelopes"]:
            for place in readers:
                try:
                    secret = codec.decode("share-secret", SealedBox(self.custodians[place].link).decrypt(sealed))
                except CryptoError:  # an envelope of another reader
                    continue
                shares.append(bytes([secret["index"]]) + secret["share"])
        return bytes(shamir.combine(shares))

    def beacon(self, nonce: bytes, terminal: bytes, versions: dict[str, int], head: Any = None) -> bytes:
        """Central's beacon for a terminal."""
        fields = {
            "version": 1,
            "nonce": nonce,
            "terminal": terminal,
            "time": time.time_ns() // 1_000_000,
            "newest": versions,
            "head": head,
            "facility": FACILITY,
        }
        return cose.sign("beacon", codec.encode("beacon", fields), self.central.signing)


class Gateway:
    """Listens, speaks the real link, keeps all that it hears, and says what a test tells it to. It may lie."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.terminal = b""
        self.heard: list[dict[str, Any]] = []
        self.voice: list[bytes] = []
        self.answers_beacons = True
        self.saves_chunks = True
        self.tamper: Callable[[bytes], list[bytes]] = lambda frame: [frame]  # what goes out in a frame's place
        self.head: Any = None
        self.versions: dict[str, int] = {"trust": 1, "policy": 1, "tariff": 1, "directory": 1}
        self.published: dict[str, bundles.Published] = {}
        self.call: bytes | None = None
        self.time_ms: int | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock = threading.RLock()
        self._link: Link | None = None
        self._drop = False
        self._stop = False
        self._refuse_until = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._listener.close()
        self._thread.join()

    def say(self, **message: Any) -> None:
        """Send one control message."""
        with self._lock:
            assert self._link is not None
            self._link.send_control(codec.encode("from-gateway", message))

    def say_raw(self, data: bytes) -> None:
        """Send any bytes on the control channel."""
        with self._lock:
            assert self._link is not None
            self._link.send_control(data)

    def say_voice(self, sequence: int, frame: bytes) -> None:
        """Send 20 ms of voice."""
        with self._lock:
            if self._link is not None:
                self._link.send_voice(sequence, frame)

    def drop(self, away_s: float = 0.0) -> None:
        """Cut the connection and take no new one for a while."""
        self._refuse_until = time.monotonic() + away_s
        self._drop = True

    def wait(self, kind: str, timeout_s: float = 10.0, skip: int = 0) -> dict[str, Any]:
        """The first message of a type (after `skip` others), once it was heard."""
        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            found[:] = [message for message in self.heard if message["type"] == kind]
            return len(found) > skip

        wait_until(is_there, timeout_s, f"no {kind} was heard; only {[m['type'] for m in self.heard]}")
        return found[skip]

    def count(self, kind: str) -> int:
        """How many messages of a type were heard."""
        return sum(message["type"] == kind for message in self.heard)

    def answer(self) -> bytes:
        """The called party picks up and hears the notice; the call's id."""
        call: bytes = self.wait("dial")["call"]
        self.call = call
        self.say(type="progress", call=call, state="ringing")
        self.say(type="progress", call=call, state="answered")
        self.wait("notice-done")
        return call

    def record(self, timeout_s: float = 10.0, skip: int = 0) -> dict[str, Any]:
        """The fields of a delivered record, see `wait`."""
        return self.fields(self.wait("record", timeout_s, skip))

    @staticmethod
    def fields(message: dict[str, Any]) -> dict[str, Any]:
        """The fields of a delivered record."""
        record: dict[str, Any] = codec.decode("record", cose.parse(message["record"]).payload)
        return record

    def chunks_of(self, call: bytes) -> dict[int, bytes]:
        """The sealed seconds that were delivered."""
        found = [message for message in self.heard if message["type"] == "chunk" and message["record"] == call]
        return {message["index"]: message["data"] for message in found}

    def offer(self, published: bundles.Published) -> None:
        """Publish and offer a bundle."""
        self.published[published.kind] = published
        keys = [key for key in published.keys if key["terminal"] == self.terminal]
        self.say(type="offer", header=published.header, key=keys[0] if keys else None)

    def _run(self) -> None:
        self._listener.settimeout(0.1)
        while not self._stop:
            try:
                peer, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with peer:
                if time.monotonic() >= self._refuse_until:
                    self._serve(peer)

    def _serve(self, peer: socket.socket) -> None:
        hello = codec.encode("link-hello", {"credentials": [self.world.gateway.credential]})
        key = bytes(self.world.gateway.link)
        self._drop = False
        link = Link("gateway", FACILITY, key, hello, self._meet, _now_ms())
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.settimeout(0.005)
        with self._lock:
            self._link = link
        try:
            while not self._stop and not self._drop and link.down_reason is None:
                self._turn(link, peer)
        except OSError:
            pass
        finally:
            with self._lock:
                self._link = None

    def _meet(self, hello: bytes, _static: bytes) -> object:
        chain = codec.decode("link-hello", hello)["credentials"]
        self.terminal = credential.read(chain[0]).key_id
        return chain

    def _turn(self, link: Link, peer: socket.socket) -> None:
        try:
            data = peer.recv(4096)
            if not data:
                raise OSError
        except TimeoutError:
            data = b""
        with self._lock:
            link.feed(data)
            link.tick(_now_ms())
            for event in link.events():
                self._take(link, event)
            while (frame := link.pull()) is not None:
                peer.sendall(b"".join(self.tamper(frame)))

    def _take(self, link: Link, event: Any) -> None:
        if event[0] == "voice":
            self.voice.append(bytes(event[2]))
        elif event[0] == "control":
            link.release("control")
            message = codec.decode("from-terminal", event[1])
            self.heard.append(message)
            self._answer(link, message)
        elif event[0] == "bulk":
            link.release("bulk")
            self._take_bulk(codec.decode("bulk-up", event[1]))

    def _answer(self, link: Link, message: dict[str, Any]) -> None:
        if message["type"] == "ready":
            token_key = terminal_token_key(bytes(32), self.terminal)
            now = self.time_ms or time.time_ns() // 1_000_000
            self.say(type="welcome", time=now, token_key=token_key, call=self.call)
        elif message["type"] == "check-pin":
            self.say(type="pin-result", ok=message["pin"] == "5678", language="en", wait_s=0)
        elif message["type"] == "beacon-ask" and self.answers_beacons:
            beacon = self.world.beacon(message["nonce"], self.terminal, self.versions, self.head)
            self.deliver("beacon", self.terminal + bytes(16), beacon)
        elif message["type"] == "fetch":
            body = self.published[message["kind"]].body
            data = body[message["offset"] : message["offset"] + 4096]
            part = {"type": "part", **{name: message[name] for name in ("kind", "version", "offset")}, "data": data}
            link.send_bulk(codec.encode("bulk-down", part))

    def deliver(self, kind: str, subject: bytes, statement: bytes, **more: bytes) -> None:
        """Deliver an answer of central's, or what pretends to be one."""
        self.say(type="deliver", answer={"kind": kind, "subject": subject, "statement": statement, **more})

    def _take_bulk(self, message: dict[str, Any]) -> None:
        self.heard.append(message)
        if message["type"] == "record":
            self.say(type="saved", hash=blake2b256(message["record"]))
        elif message["type"] == "chunk" and self.saves_chunks:
            self.say(type="saved-chunk", record=message["record"], index=message["index"])


class Phone:
    """The program in a process, its board, its console."""

    def __init__(self, work: Path, gateway: Gateway) -> None:
        self.work = work
        self.board = Board(work / "window", unique_id=hashlib.md5(str(work).encode()).digest())
        self.board.set_settings(f"gateway=127.0.0.1:{gateway.port}\n".encode())
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[bytes] = queue.Queue()

    def start(self) -> None:
        """Power on."""
        path = ":".join((".frozen", str(HERE.parents[1] / "app")))
        self._process = subprocess.Popen(
            [str(BINARY), "-X", "heapsize=4M", str(HERE / "unix_main.py")],
            cwd=self.work,
            env={**os.environ, "MICROPYPATH": path, "SEALINE_WINDOW": str(self.work / "window")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(self._process, self._lines), daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[bytes], lines: "queue.Queue[bytes]") -> None:
        assert process.stdout is not None
        with (self.work / "console.log").open("ab", buffering=0) as log, process.stdout:
            for line in process.stdout:
                log.write(line)
                lines.put(line)

    def console(self) -> Console:
        """The technician's end of the console."""
        return Console(self)

    timeout: float | None = None

    def write(self, data: bytes) -> int:
        """Type on the console."""
        assert self._process is not None
        assert self._process.stdin is not None
        return self._process.stdin.write(data) or 0

    def readline(self, _size: int = -1) -> bytes:
        """The console's next line, empty if none comes in time."""
        try:
            return self._lines.get(timeout=self.timeout)
        except queue.Empty:
            return b""

    def kill(self) -> None:
        """Power off, without warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._reader.join()
            self._process = None

    def on_flash(self, program: str) -> None:
        """Run a few lines of Python on the files of a phone that is off."""
        script = self.work / "on_flash.py"
        script.write_text(f"import board, os, vfs\nvfs.mount(vfs.VfsLfs2(board.Flash('fs')), '/flash')\n{program}\n")
        subprocess.run(
            [str(BINARY), str(script)],
            env={**os.environ, "MICROPYPATH": ".frozen", "SEALINE_WINDOW": str(self.work / "window")},
            stdin=subprocess.DEVNULL,
            check=True,
            timeout=10,
        )

    def reboot(self) -> None:
        """Power off and on."""
        self.kill()
        self.start()

    def exited(self, timeout_s: float = 10.0) -> int:
        """The program's own end: its status."""
        assert self._process is not None
        return self._process.wait(timeout_s)

    def dial(self, number: str) -> None:
        """Lift, English, person and PIN, the number, and go on at the quote."""
        board = self.board
        board.wait_display("Lift the handset")
        board.lift()
        board.wait_display("1 English")
        board.press("1")
        board.press("1234#5678#")
        board.wait_display("Dial, then #")
        board.press(number + "#")

    def talk(self, gateway: Gateway, number: str = "2025550123") -> bytes:
        """A call up to its talk; its id."""
        self.dial(number)
        self.board.wait_display("Any key: call")
        self.board.press("#")
        call = gateway.answer()
        gateway.say(type="progress", call=call, state="accepted")
        self.board.wait_display("Talking")
        return call

    def status(self) -> dict[str, str]:
        """The console's status, as names and values."""
        lines = self.console().command("status").decode().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def wait_status(self, name: str, value: str) -> None:
        """Wait until the console says so."""
        end = time.monotonic() + 10
        while (found := self.status())[name] != value:
            assert time.monotonic() < end, found
            time.sleep(0.1)


def wait_until(condition: Callable[[], bool], timeout_s: float, failure: str) -> None:
    """Wait for a condition, at most so long."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, failure
        time.sleep(0.01)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Everybody but terminal and gateway."""
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def gateway(world: World) -> Iterator[Gateway]:
    """A gateway of the facility."""
    world.leaves.clear()
    with Gateway(world) as gateway:
        yield gateway


@pytest.fixture
def blank_phone(gateway: Gateway, tmp_path: Path) -> Iterator[Phone]:
    """A terminal that nobody has enrolled, switched on."""
    phone = Phone(tmp_path, gateway)
    phone.start()
    yield phone
    phone.kill()
    phone.board.close()


@pytest.fixture
def phone(world: World, gateway: Gateway, blank_phone: Phone) -> Phone:
    """An enrolled terminal with its bundles, ready for calls."""
    issued = enrol_terminal(blank_phone.console(), world.authority, subject="phone-1", trust=world.trust, lock=False)
    gateway.wait("ready")
    for published in (world.policy, world.tariff, world.directory(issued.raw)):
        gateway.offer(published)
    blank_phone.board.wait_display("Lift the handset")
    wait_until(lambda: gateway.count("fetch") >= 3, 10, "bundles were not fetched")
    return blank_phone
