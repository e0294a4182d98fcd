"""A real Mosquitto with mutual TLS and the product's ACL, a gateway's MQTT client, and central as a process."""

import datetime as dt
import getpass
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
from central_factory import FACILITY, GATEWAY, Site
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from paho.mqtt.enums import CallbackAPIVersion
from sealine_protocol import codec
from sealine_protocol.unit import Unit

CONF = """\
per_listener_settings false
user {user}
listener {port} 127.0.0.1
cafile {dir}/ca.pem
certfile {dir}/broker.pem
keyfile {dir}/broker.key
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file {dir}/acl
persistence true
persistence_location {dir}/data/
autosave_interval 1
persistent_client_expiration 60d
max_queued_messages 100000
message_size_limit 2097152
max_inflight_messages 100
log_dest stderr
"""
ACL = """\
user north/gw-1
topic write sealine/1/north/gw-1/records
topic write sealine/1/north/gw-1/chunks
topic write sealine/1/north/gw-1/status
topic read sealine/1/north/gw-1/answers
topic read sealine/1/north/bundle/+

user central
topic read sealine/1/+/+/records
topic read sealine/1/+/+/chunks
topic read sealine/1/+/+/status
topic write sealine/1/+/+/answers
topic readwrite sealine/1/+/bundle/+
"""


def free_port():
    """Outside of the range of outgoing connections, lest a client that retries be connected to itself."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


class Authority:
    """An X.509 CA."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test CA")])
        self.cert = self._build(name, name, self.key.public_key(), is_ca=True)

    def _build(self, subject, issuer, public, *, is_ca=False):
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if is_ca:
            usage = x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                crl_sign=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            )
            builder = builder.add_extension(usage, critical=True)
        else:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
            ).add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
        return builder.sign(self.key, hashes.SHA256())

    def give(self, directory: Path, stem: str, name: str):
        """`stem`.key, `stem`.pem and ca.pem."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        cert = self._build(subject, self.cert.subject, key.public_key())
        pem = serialization.Encoding.PEM
        (directory / f"{stem}.key").write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        (directory / f"{stem}.pem").write_bytes(cert.public_bytes(pem))
        (directory / "ca.pem").write_bytes(self.cert.public_bytes(pem))


class Child:
    """A process that this test started, and its log."""

    def __init__(self, command, log, ready):
        self.command, self.log, self.ready = command, log, ready
        self.process = None

    def start(self):
        offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(self.command, stderr=file, stdout=file)
        until(lambda: self.ready in self.log.read_bytes()[offset:] or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()[-2000:]

    def stop(self, number=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(15)
            code, self.process = self.process.returncode, None
            return code
        return None


class World:
    """Broker, central as it is run, and one gateway's connection."""

    def __init__(self, site: Site):
        self.site, self.port, self.ca = site, free_port(), Authority()
        self.broker_dir = site.directory / "broker"
        (self.broker_dir / "data").mkdir(parents=True)
        (self.broker_dir / "acl").write_text(ACL)
        conf = CONF.format(user=getpass.getuser(), port=self.port, dir=self.broker_dir)
        (self.broker_dir / "mosquitto.conf").write_text(conf)
        self.ca.give(self.broker_dir, "broker", "localhost")
        state = site.directory / "state"
        unit = Unit.create(state, "central", bytes(8), tls=True)
        site.log_key = unit.identity
        site.central_credential = site.issue("central", "central", unit.identity_key, unit.link_key)
        site.publish_trust(2)
        self.ca.give(state, "tls", "central")
        self.state = state
        self.config = site.directory / "central.toml"
        self.metrics_port = free_port()
        self.config.write_text(
            f'state_dir = "state"\nreserve_mb = 1\nmetrics = "127.0.0.1:{self.metrics_port}"\n'
            f'[mqtt]\nhost = "localhost"\nport = {self.port}\n'
            f'[facilities.{FACILITY}]\nroot = "root.pub"\nbundles = "bundles"\n'
        )
        self.broker = Child(
            ["mosquitto", "-c", str(self.broker_dir / "mosquitto.conf")], site.directory / "broker.log", b"running"
        )
        self.central = Child(
            [sys.executable, "-c", "from sealine_central.cli import main; main()", "run", "--config", str(self.config)],
            site.directory / "central.log",
            b"broker connected",
        )
        self.gateway = None

    def start(self):
        self.broker.start()
        self.central.start()
        self.gateway = Gateway(self)

    def close(self):
        if self.gateway is not None:
            self.gateway.close()
        self.central.stop(signal.SIGKILL)
        self.broker.stop(signal.SIGKILL)


class Gateway:
    """A paho client with a gateway's certificate; keeps what it hears."""

    def __init__(self, world: World, name=f"{FACILITY}/{GATEWAY}"):
        directory = world.site.directory / f"client-{os.urandom(4).hex()}"
        directory.mkdir()
        world.ca.give(directory, "tls", name)
        self.heard, self._lock = [], threading.Lock()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=directory.name, clean_session=False)
        context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
        context.load_cert_chain(directory / "tls.pem", directory / "tls.key")
        self.client.tls_set_context(context)
        self.client.on_message = lambda _c, _u, message: self._hear(message)
        self.client.on_connect = lambda client, *_: client.subscribe(
            [("sealine/#", 1)]
            if name == "spy"
            else [(f"sealine/1/{FACILITY}/{GATEWAY}/answers", 1), (f"sealine/1/{FACILITY}/bundle/+", 1)]
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
        return self.client.publish(f"sealine/1/{FACILITY}/{GATEWAY}/{leaf}", payload, qos=1)

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
