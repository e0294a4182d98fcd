"""Signalling over TLS: the peer must prove its name, or nothing is said to it."""

import dataclasses
import datetime as dt
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sealine_gateway.errors import GatewayError
from sealine_gateway.sip.trunk import SipTrunk
from sealine_protocol.errors import SettingsError

from .conftest import NUMBER
from .live import HOST, Ear, LivePeer, make_trunk, until


def certificate(directory, address):
    """A self-signed certificate for an address: key and certificate files, and a server's context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "trunk")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (directory / "peer.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (directory / "peer.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "peer.pem", directory / "peer.key")
    return context


async def test_a_call_over_tls(tmp_path):
    peer = await LivePeer().start(transport="tls", context=certificate(tmp_path, HOST))
    trunk = await make_trunk(tmp_path, peer.config(ca_file="peer.pem"))
    ear = Ear()
    leg = trunk.dial(NUMBER, ear.listener())
    await until(lambda: "Answered" in ear.names)
    assert peer.peer.requests("INVITE")[0].vias[0].protocol == "TLS"
    leg.hang_up()
    await until(lambda: peer.peer.requests("BYE"))
    await trunk.close()
    peer.close()


@pytest.mark.parametrize(("address", "trusted"), [("127.0.0.2", True), (HOST, False)])
async def test_a_peer_that_cannot_prove_its_name_is_not_spoken_to(tmp_path, address, trusted, caplog):
    context = certificate(tmp_path, address)
    if not trusted:
        (tmp_path / "other").mkdir()
        certificate(tmp_path / "other", HOST)
    peer = await LivePeer().start(transport="tls", context=context)
    ca = "peer.pem" if trusted else "other/peer.pem"
    trunk = SipTrunk([peer.config(ca_file=ca)], tmp_path, bind=HOST, ports=(20_000, 29_999))
    await until(lambda: "trunk line not connected" in caplog.text)
    assert not trunk.lines[0].channel.connected
    with pytest.raises(GatewayError):
        trunk.dial(NUMBER, Ear().listener())
    assert peer.peer.seen == []
    await trunk.close()
    peer.close()


async def test_a_password_file_that_others_may_read_is_refused(tmp_path):
    (tmp_path / "password").write_text("secret")
    (tmp_path / "password").chmod(0o640)
    peer = await LivePeer().start()
    for name in ("password", "missing"):
        with pytest.raises(SettingsError, match="password_file"):
            SipTrunk([peer.config(user="u", password_file=name)], tmp_path, bind=HOST, ports=(20_000, 29_999))
    config = dataclasses.replace(peer.config(ca_file="missing"), transport="tls")
    with pytest.raises(SettingsError, match="ca_file"):
        SipTrunk([config], tmp_path, bind=HOST, ports=(20_000, 29_999))
    peer.close()
