"""A facility in small: authority, a gateway with its state, terminals, a real broker, and a stand-in for central."""

import asyncio
import os
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from nacl.public import PrivateKey
from nacl.signing import SigningKey
from paho.mqtt.enums import CallbackAPIVersion
from sealine_gateway import broker, config, roster
from sealine_gateway.app import Gateway
from sealine_gateway.loopback import LoopbackTrunk, Party
from sealine_gateway.vault import Vault
from sealine_hil.mosquitto import Mosquitto, free_port
from sealine_hil.terminal import Keys, SimulatedTerminal
from sealine_protocol import cose, credential, merkle, receipt, topics
from sealine_protocol.codec import decode, encode, load_sequence
from sealine_protocol.hashes import blake2b256
from sealine_protocol.settings import address
from sealine_protocol.unit import Unit, create_tls
from sealine_provisioning import bundles
from sealine_provisioning.authority import Authority

FACILITY = "north"
GATEWAY = "gw-1"
SECRET = b"a secret that is given at start"
PERSON, PIN, NUMBER = "4711", "135790", "12025550123"


@dataclass
class Issuing:
    """The authority and what it has made."""

    authority: Authority
    central: SigningKey
    central_credential: bytes
    trust: bundles.Published

    def issue(self, role: str, name: str, keys: Keys, **changes: Any) -> bytes:
        now = int(time.time())
        values: dict[str, Any] = {"iat": now, "nbf": now - 300, "exp": now + 86400, "signer": self.authority.signer}
        facility = changes.pop("facility", FACILITY)
        return credential.issue(
            name,
            facility,
            role,
            bytes(keys.identity.verify_key),
            bytes(keys.link.public_key),
            **(values | changes),
        )

    def terminal(self, name: str = "phone-1", **changes: Any) -> SimulatedTerminal:
        keys = Keys()
        role = changes.pop("role", "terminal")
        facility = changes.get("facility", FACILITY)
        keys.chain = (self.issue(role, name, keys, **changes),)
        return SimulatedTerminal(facility, name, keys)

    def certificate(self, directory: Path, name: str, common_name: str) -> None:
        """`name`.key, `name`.pem and ca.pem in the directory."""
        directory.mkdir(parents=True, exist_ok=True)
        create_tls(directory, name)
        hosts = ("127.0.0.1",) if name == "broker" else ()
        pem = self.authority.certify_tls((directory / f"{name}.csr").read_bytes(), common_name, hosts=hosts)
        (directory / f"{name}.pem").write_bytes(pem)
        (directory / "ca.pem").write_bytes(self.authority.ca_pem())


@pytest.fixture(scope="session")
def issuing(tmp_path_factory: pytest.TempPathFactory) -> Issuing:
    authority = Authority.create(tmp_path_factory.mktemp("authority"), FACILITY, b"passphrase")
    made = Issuing(authority, SigningKey.generate(), b"", None)  # type: ignore[arg-type]
    made.central_credential = made.issue("central", "central", Keys(identity=made.central))
    custodians = [
        made.issue("custodian", f"custodian-{i}", Keys(), class_="monitor", organisation=f"office {i}")
        for i in range(3)
    ]
    made.trust = bundles.trust(
        authority,
        version=1,
        centrals=[made.central_credential],
        signers=[],
        custodians=custodians,
        k=2,
        billing_key=bytes(PrivateKey.generate().public_key),
    )
    return made


@dataclass
class Site:
    """One gateway's files and addresses."""

    issuing: Issuing
    settings: config.Config
    parties: dict[str, Party] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return address(self.settings.listen)[1]


@pytest.fixture
def site(tmp_path: Path, issuing: Issuing) -> Site:
    """A gateway that is enrolled, with one person in its roster and no broker to be found."""
    state_dir = tmp_path / "state"
    unit = Unit.create(state_dir, "gateway", os.urandom(16), tls=True)
    now = int(time.time())
    signed = credential.issue(
        GATEWAY,
        FACILITY,
        "gateway",
        unit.identity_key,
        unit.link_key,
        iat=now,
        exp=now + 86400,
        signer=issuing.authority.signer,
    )
    unit.install(issuing.authority.enrolment(signed, trust=issuing.trust.small()))
    issuing.certificate(state_dir, "tls", broker.common_name(FACILITY, GATEWAY))
    vault = Vault.create(state_dir, SECRET)
    roster.add_person(vault, PERSON, PIN, "es")
    data = {
        "facility": FACILITY,
        "name": GATEWAY,
        "state_dir": "state",
        "listen": f"127.0.0.1:{free_port()}",
        "mqtt": {"host": "127.0.0.1", "port": free_port()},
        "trunk": {"kind": "loopback", "script": "parties.toml"},
        "reserve_mb": 1,
    }
    return Site(issuing, config.parse(data, tmp_path), {NUMBER: Party(ring_ms=20, accept_ms=20)})


@dataclass
class Running:
    """A gateway in this process."""

    gateway: Gateway
    site: Site
    stop: asyncio.Event
    task: asyncio.Task[None]

    async def end(self) -> None:
        self.stop.set()
        await self.task


@pytest.fixture
async def start(site: Site) -> AsyncIterator[Callable[[], Any]]:
    """Start the site's gateway in this process; what was started is stopped behind the test."""
    started: list[Running] = []

    async def run() -> Running:
        gateway = Gateway(site.settings, SECRET, LoopbackTrunk(site.parties, ring_timeout_s=0.2))
        stop = asyncio.Event()
        task = asyncio.create_task(gateway.run(stop), name="gateway")
        for _ in range(200):
            await asyncio.sleep(0.01)
            if task.done():
                task.result()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", site.port)
            except OSError:
                continue
            writer.transport.abort()
            break
        started.append(Running(gateway, site, stop, task))
        return started[-1]

    yield run
    for running in started:
        if not running.task.done():
            await running.end()


@pytest.fixture
def mosquitto(tmp_path: Path, site: Site) -> Iterator[Mosquitto]:
    """A broker with mutual TLS and the product's own configuration, on the port that the site looks for."""
    directory = tmp_path / "broker"
    port = site.settings.mqtt.port
    broker.write(directory, ("127.0.0.1", port), [(FACILITY, GATEWAY), (FACILITY, "gw-2")])
    site.issuing.certificate(directory, "broker", "broker")
    process = Mosquitto(directory, port)
    process.start()
    yield process
    process.stop()


class StandInCentral:
    """Takes what the gateway publishes and answers as told; a thread of paho, independent of the gateway's code."""

    def __init__(self, issuing: Issuing, directory: Path, port: int, common_name: str = "central") -> None:
        self.issuing = issuing
        self.records: list[bytes] = []
        self.tallies: list[bytes] = []
        self.uploads: list[dict[str, Any]] = []
        self.chunks: dict[bytes, dict[int, bytes]] = {}
        self.statuses: list[dict[str, Any]] = []
        self.payloads: list[bytes] = []
        self.answering = True
        self.make_answers: Callable[[bytes], list[dict[str, Any]]] = lambda signed: [self.receipt(signed)]
        self.leaves: list[bytes] = []
        self._up = threading.Event()
        issuing.certificate(directory, "central", common_name)
        context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
        context.load_cert_chain(directory / "central.pem", directory / "central.key")
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=common_name, clean_session=False)
        self.client.tls_set_context(context)
        self.client.reconnect_delay_set(0.1, 0.5)  # type: ignore[arg-type]  # fractions work
        self.client.on_connect = self._on_connect
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self._up.wait(10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def answer(self, answer: dict[str, Any]) -> None:
        self.client.publish(topics.gateway(FACILITY, GATEWAY, "answers"), encode("answer", answer), qos=1)

    def publish(self, published: bundles.Published) -> None:
        topic = topics.bundle(FACILITY, published.kind)
        self.client.publish(topic, published.encode(), qos=1, retain=True)

    def receipt(self, signed: bytes, key: SigningKey | None = None) -> dict[str, Any]:
        leaf = merkle.leaf_hash(signed)
        if leaf not in self.leaves:
            self.leaves.append(leaf)
        index = self.leaves.index(leaf)
        path = merkle.inclusion_path(index, self.leaves)
        signer = key or self.issuing.central
        made = receipt.make(index, len(self.leaves), path, merkle.root(self.leaves), signer, int(time.time()))
        return {"kind": "receipt", "subject": blake2b256(signed), "statement": made}

    def statement(
        self, kind: str, subject: bytes, fields: dict[str, Any], key: SigningKey | None = None
    ) -> dict[str, Any]:
        signed = cose.sign(kind, encode(kind, fields), key or self.issuing.central)
        return {"kind": kind, "subject": subject, "statement": signed}

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        client.subscribe([(topics.gateway("+", "+", leaf), 1) for leaf in ("records", "chunks", "status")])
        self._up.set()

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self.payloads.append(message.payload)
        leaf = message.topic.rsplit("/", 1)[1]
        if leaf == "status":
            self.statuses.append(decode("gateway-status", message.payload))
        elif leaf == "chunks":
            for chunk in load_sequence(message.payload, "upload-chunk", 1000):
                self.chunks.setdefault(chunk["record"], {})[chunk["index"]] = chunk["data"]
        else:
            for upload in load_sequence(message.payload, "upload", 1000):
                self._on_upload(upload)

    def _on_upload(self, upload: dict[str, Any]) -> None:
        self.uploads.append(upload)
        if upload["type"] == "beacon":
            return
        signed = upload[upload["type"]]
        (self.records if upload["type"] == "record" else self.tallies).append(signed)
        if self.answering:
            for answer in self.make_answers(signed):
                self.answer(answer)


@pytest.fixture
def central(tmp_path: Path, issuing: Issuing, mosquitto: Mosquitto) -> Iterator[StandInCentral]:
    stand_in = StandInCentral(issuing, tmp_path / "central", mosquitto.port)
    yield stand_in
    stand_in.close()


async def until(check: Callable[[], Any], timeout_s: float = 15.0) -> Any:
    """Wait for a condition; its value."""
    async with asyncio.timeout(timeout_s):
        while not (value := check()):  # noqa: ASYNC110 - any condition, set by any thread
            await asyncio.sleep(0.02)
    return value


@pytest.fixture(name="until")
def until_fixture() -> Callable[..., Any]:
    return until
