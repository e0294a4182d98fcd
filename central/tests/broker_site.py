"""A real Mosquitto with mutual TLS and the product's ACL, a gateway's MQTT client, and central as a process."""

import os
import ssl
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
from central_factory import FACILITY, GATEWAY, Site
from paho.mqtt.enums import CallbackAPIVersion
from sealine_gateway import broker
from sealine_hil.mosquitto import Mosquitto, free_port
from sealine_hil.program import Program
from sealine_protocol import codec, topics
from sealine_protocol.unit import Unit, create_tls
from sealine_provisioning import tls

PASSPHRASE = b"a passphrase"


class World:
    """Broker, central as it is run, and one gateway's connection."""

    def __init__(self, site: Site):
        self.site, self.port = site, free_port()
        self.ca = site.directory / "ca"
        self.ca.mkdir()
        tls.create_ca(self.ca, FACILITY, PASSPHRASE)
        broker_dir = site.directory / "broker"
        broker.write(broker_dir, ("127.0.0.1", self.port), [(FACILITY, GATEWAY)])
        self.certify(broker_dir, "broker", "broker", hosts=("localhost",))
        state = site.directory / "state"
        unit = Unit.create(state, "central", bytes(8), tls=True)
        site.log_key = unit.identity
        site.central_credential = site.issue("central", "central", unit.identity_key, unit.link_key)
        site.publish_trust(2)
        self.certify(state, "tls", "central")
        self.state = state
        self.config = site.directory / "central.toml"
        self.metrics_port = free_port()
        self.config.write_text(
            f'state_dir = "state"\nreserve_mb = 1\nmetrics = "127.0.0.1:{self.metrics_port}"\n'
            f'[mqtt]\nhost = "localhost"\nport = {self.port}\n'
            f'[facilities.{FACILITY}]\nroot = "root.pub"\nbundles = "bundles"\n'
        )
        self.broker = Mosquitto(broker_dir, self.port)
        self.central = self.program("sealine-central")
        self.gateway = None

    def program(self, name, *before, ready="broker connected"):
        """Central as it is run, or Python with something put before it."""
        arguments = [*before, "run", "--config", str(self.config)]
        return Program(name, arguments, self.site.directory / "central.log", ready=ready)

    def certify(self, directory: Path, stem: str, name: str, hosts=()):
        """`stem`.pem and ca.pem for the request of this stem."""
        csr = (directory / f"{stem}.csr").read_bytes()
        (directory / f"{stem}.pem").write_bytes(tls.certify(self.ca, PASSPHRASE, csr, name, hosts=hosts, days=1))
        (directory / "ca.pem").write_bytes((self.ca / "ca.pem").read_bytes())

    def start(self):
        self.broker.start()
        self.central.start()
        self.gateway = Gateway(self)

    def close(self):
        if self.gateway is not None:
            self.gateway.close()
        self.central.kill()
        self.broker.kill()


class Gateway:
    """A paho client with a gateway's certificate; keeps what it hears."""

    def __init__(self, world: World, name=f"{FACILITY}/{GATEWAY}"):
        directory = world.site.directory / f"client-{os.urandom(4).hex()}"
        directory.mkdir()
        create_tls(directory)
        world.certify(directory, "tls", name)
        self.heard, self._lock = [], threading.Lock()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=directory.name, clean_session=False)
        context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
        context.load_cert_chain(directory / "tls.pem", directory / "tls.key")
        self.client.tls_set_context(context)
        self.client.on_message = lambda _c, _u, message: self._hear(message)
        self.client.on_connect = lambda client, *_: client.subscribe(
            [("sealine/#", 1)]
            if name == "spy"
            else [(topics.gateway(FACILITY, GATEWAY, topics.ANSWERS), 1), (topics.bundle(FACILITY, topics.ANY), 1)]
        )
        self.client.reconnect_delay_set(1, 1)
        subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.connect("localhost", world.port)
        self.client.loop_start()
        assert subscribed.wait(10)

    def _hear(self, message):
        with self._lock:
            self.heard.append((message.topic, bytes(message.payload)))

    def send(self, payload, leaf="records"):
        return self.client.publish(topics.gateway(FACILITY, GATEWAY, leaf), payload, qos=1)

    def offer(self, call):
        """As the outbox does: again and again, until there is an answer."""

        def is_answered():
            return call.hash in self.subjects()

        for _ in range(20):
            self.send(call.upload())
            end = time.monotonic() + 2
            while time.monotonic() < end and not is_answered():
                time.sleep(0.02)
            if is_answered():
                return
        raise AssertionError("no answer")

    def answers(self):
        with self._lock:
            found = [payload for topic, payload in self.heard if topic.endswith("/answers")]
        return [answer for payload in found for answer in codec.load_sequence(payload, "answer", 10_000)]

    def subjects(self, kind="receipt"):
        return {answer["subject"] for answer in self.answers() if answer["kind"] == kind}

    def bundles(self):
        with self._lock:
            return {topic.rsplit("/", 1)[1]: payload for topic, payload in self.heard if "/bundle/" in topic}

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def until(condition, timeout_s=20):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
