"""The X.509 side: one CA per operator, for MQTT's mutual TLS only. Records never rest on it."""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from sealine_protocol import durable

from sealine_provisioning.errors import AuthorityError

CA_DAYS = 3650


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def create_ca(directory: Path, operator: str, passphrase: bytes) -> None:
    """Make `ca.key` (encrypted PKCS 8) and `ca.pem` in the directory."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(f"Sealine MQTT CA {operator}"))
        .issuer_name(_name(f"Sealine MQTT CA {operator}"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    durable.write(
        directory / "ca.key",
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase),
        ),
    )
    (directory / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign,
        crl_sign=sign,
        encipher_only=False,
        decipher_only=False,
    )


def certify(
    directory: Path, passphrase: bytes, csr_pem: bytes, common_name: str, *, hosts: Sequence[str], days: int
) -> bytes:
    """Sign a request under the given common name (the request's own name is not believed); returns PEM.

    The common name is what the broker's ACL binds. `hosts`, names or IP addresses, make it a server's certificate;
    without them it is a client's, with which nobody can pose as the broker. Raises AuthorityError.
    """
    key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), passphrase)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise AuthorityError("ca.key is not an elliptic curve key")
    issuer = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
    try:
        request = x509.load_pem_x509_csr(csr_pem)
    except ValueError as error:
        raise AuthorityError("the TLS request cannot be read as PEM") from error
    if not request.is_signature_valid:
        raise AuthorityError("the TLS request is not signed by its own key")
    now = dt.datetime.now(dt.UTC)
    usage = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(issuer.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
