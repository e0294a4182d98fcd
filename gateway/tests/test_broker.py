"""The broker's configuration: whose session is whose, who is kept out, and names that would be read as rules."""

import datetime as dt
import ssl

import paho.mqtt.client as paho
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from paho.mqtt.enums import CallbackAPIVersion
from sealine_gateway import broker
from sealine_hil.mosquitto import Mosquitto
from sealine_protocol import topics
from sealine_protocol.errors import SettingsError

FACILITY = "north"


class Client:
    """A paho client with a certificate of its own common name and a client id of its own choice."""

    def __init__(self, issuing, directory, port, common_name, client_id, *, clean=False):
        issuing.certificate(directory, "tls", common_name)
        context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
        context.load_cert_chain(directory / "tls.pem", directory / "tls.key")
        self.paho = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean, reconnect_on_failure=False
        )
        self.paho.tls_set_context(context)
        self.heard, self.lost = [], 0
        self.paho.on_message = lambda _c, _u, message: self.heard.append(message.payload)
        self.paho.on_disconnect = self._on_disconnect
        self.paho.connect("127.0.0.1", port)
        self.paho.loop_start()

    def _on_disconnect(self, *_):
        self.lost += 1

    def close(self):
        self.paho.disconnect()
        self.paho.loop_stop()


async def test_nobody_takes_another_ones_session_by_its_client_id(issuing, mosquitto, tmp_path, until):
    """Another gateway connects as central does, with a clean session: central stays, and so does its queue."""
    port = mosquitto.port
    central = Client(issuing, tmp_path / "c", port, "central", "sealine-central")
    await until(central.paho.is_connected)
    central.paho.subscribe(topics.gateway("+", "+", "records"), 1)
    thief = Client(issuing, tmp_path / "t", port, broker.common_name(FACILITY, "gw-2"), "sealine-central", clean=True)
    await until(thief.paho.is_connected)
    gateway = Client(issuing, tmp_path / "g", port, broker.common_name(FACILITY, "gw-1"), "gw-1")
    await until(gateway.paho.is_connected)
    gateway.paho.publish(topics.gateway(FACILITY, "gw-1", "records"), b"first", qos=1).wait_for_publish(5)
    await until(lambda: central.heard == [b"first"])
    assert central.lost == 0
    central.close()
    again = Client(issuing, tmp_path / "t", port, broker.common_name(FACILITY, "gw-2"), "central", clean=True)
    await until(again.paho.is_connected)
    gateway.paho.publish(topics.gateway(FACILITY, "gw-1", "records"), b"second", qos=1).wait_for_publish(5)
    back = Client(issuing, tmp_path / "c", port, "central", "sealine-central")
    await until(lambda: back.heard == [b"second"])  # kept for central while it was away
    for client in (thief, again, gateway, back):
        client.close()


async def test_a_revoked_certificate_is_kept_out(issuing, tmp_path, site, until):
    directory, port = tmp_path / "broker", site.settings.mqtt.port
    issuing.certificate(directory, "broker", "broker")
    issuing.certificate(tmp_path / "lost", "tls", broker.common_name(FACILITY, "gw-1"))
    lost = x509.load_pem_x509_certificate((tmp_path / "lost" / "tls.pem").read_bytes())
    ca = issuing.authority.directory
    key = serialization.load_pem_private_key((ca / "ca.key").read_bytes(), b"passphrase")
    now = dt.datetime.now(dt.UTC)
    revoked = x509.RevokedCertificateBuilder().serial_number(lost.serial_number).revocation_date(now).build()
    issuer = x509.load_pem_x509_certificate(issuing.authority.ca_pem()).subject
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer).last_update(now - dt.timedelta(minutes=5))
    crl = builder.next_update(now + dt.timedelta(days=30)).add_revoked_certificate(revoked).sign(key, hashes.SHA256())
    (directory / broker.CRL_FILE).write_bytes(crl.public_bytes(serialization.Encoding.PEM))
    broker.write(directory, ("127.0.0.1", port), [(FACILITY, "gw-1")])
    process = Mosquitto(directory, port)
    process.start()
    try:
        context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
        context.load_cert_chain(tmp_path / "lost" / "tls.pem", tmp_path / "lost" / "tls.key")
        client = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        client.tls_set_context(context)
        codes = []
        client.on_connect = lambda *args: codes.append(args[3].value)
        with pytest.raises((ssl.SSLError, ConnectionError)):  # noqa: PT012 - at the handshake, or at the first read
            client.connect("127.0.0.1", port)
            while client.loop(0.1) == paho.MQTT_ERR_SUCCESS:
                pass
            raise ConnectionError
        assert codes == []
        other = Client(issuing, tmp_path / "g", port, broker.common_name(FACILITY, "gw-1"), "gw-1")
        await until(other.paho.is_connected)  # a new certificate under the same name is welcome
        other.close()
    finally:
        process.stop()


@pytest.mark.parametrize(
    ("facility", "name"),
    [
        ("+", "x"),
        ("#", "x"),
        ("north", "+"),
        ("north", "gw\nuser evil\ntopic readwrite #"),
        ("north", "gw/1"),
        ("", "gw"),
        ("north", ""),
        ("north", "bundle"),
    ],
)
def test_a_name_that_the_acl_would_read_as_a_rule_is_refused(tmp_path, facility, name):
    with pytest.raises(SettingsError, match=r"^(facility|gateway): "):
        broker.access_list([("north", "gw-1"), (facility, name)])
    with pytest.raises(SettingsError):
        broker.write(tmp_path / "broker", ("127.0.0.1", 1), [(facility, name)])
    assert not (tmp_path / "broker" / "acl").exists()


def test_a_topic_of_bundles_is_never_a_gateways():
    assert topics.read_upload("sealine/1/north/bundle/records") is None
    assert topics.read_upload("sealine/1/north/bundle-1/records") == ("north", "bundle-1", "records")
