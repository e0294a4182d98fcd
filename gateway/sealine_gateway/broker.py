"""Mosquitto's configuration: mutual TLS only, and an ACL that binds each certificate to its own topics."""

import getpass
from pathlib import Path
from typing import Final

from sealine_protocol import topics
from sealine_protocol.errors import SettingsError
from sealine_protocol.settings import is_name
from sealine_protocol.unit import create_tls

from sealine_gateway import files

MAX_MESSAGE_BYTES: Final = 2 * 1024 * 1024  # a published bundle has a body of 1 MiB and 256 directory keys
MAX_QUEUED: Final = 100_000  # for a central that is away; the outbox offers again what is beyond
CRL_FILE: Final = "crl.pem"
_CENTRAL: Final = "central"  # common name of central's certificate
_MAX_COMMON_NAME: Final = 64  # X.509, ub-common-name (RFC 5280 appendix A.1)


def common_name(facility: str, gateway: str) -> str:
    """The common name of a gateway's client certificate.

    Raises SettingsError if X.509 has no room for it, or if the broker's topics and ACL could read it as another thing.
    """
    if not is_name(facility):
        raise SettingsError("facility: letters, digits, hyphen, 1 to 32")
    if not topics.is_gateway(gateway):
        raise SettingsError(f"gateway: letters, digits, hyphen, 1 to 32, and not {topics.BUNDLE}")
    name = f"{facility}/{gateway}"
    if len(name) > _MAX_COMMON_NAME:
        raise SettingsError("facility, name: together at most 63 characters")
    return name


def configuration(directory: Path, listen: tuple[str, int]) -> str:
    """mosquitto.conf for a broker whose files (ca.pem, broker.pem, broker.key, data/) are in `directory`.

    With a list of revoked certificates (crl.pem, of our CA) the broker refuses those; without one it asks for none.
    A broker that is started by root becomes the user who made this file, and can read what lies beside it.
    """
    host, port = listen
    revoked = f"crlfile {directory}/{CRL_FILE}\n" if (directory / CRL_FILE).exists() else ""
    return f"""\
# Made by `sealine-gateway broker-config`. Certificates are the only identities; there is no anonymous access.
per_listener_settings false
user {getpass.getuser()}
listener {port} {host}
cafile {directory}/ca.pem
certfile {directory}/broker.pem
keyfile {directory}/broker.key
{revoked}tls_version tlsv1.2
require_certificate true
use_identity_as_username true
# The session is the certificate's: under a client id of one's own choice, another one's session could be taken over.
use_username_as_clientid true
allow_anonymous false
acl_file {directory}/acl
# Sessions and queued messages outlive a restart. Nothing relies on it: the outbox offers again what is not receipted.
persistence true
persistence_location {directory}/data/
autosave_interval 30
persistent_client_expiration 60d
max_queued_messages {MAX_QUEUED}
message_size_limit {MAX_MESSAGE_BYTES}
max_inflight_messages 100
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type notice
"""


def access_list(gateways: list[tuple[str, str]]) -> str:
    """The ACL for (facility, gateway) pairs. What it does not name is refused."""
    lines = ["# Made by `sealine-gateway broker-config`."]
    for facility, gateway in gateways:
        lines += ["", f"user {common_name(facility, gateway)}"]
        lines += [f"topic write {topics.gateway(facility, gateway, leaf)}" for leaf in topics.UPLOADS]
        lines += [f"topic read {topics.gateway(facility, gateway, topics.ANSWERS)}"]
        lines += [f"topic read {topics.bundle(facility, topics.ANY)}"]
    lines += ["", f"user {_CENTRAL}"]
    lines += [f"topic read {topics.gateway(topics.ANY, topics.ANY, leaf)}" for leaf in topics.UPLOADS]
    lines += [f"topic write {topics.gateway(topics.ANY, topics.ANY, topics.ANSWERS)}"]
    lines += [f"topic readwrite {topics.bundle(topics.ANY, topics.ANY)}", ""]
    return "\n".join(lines)


def write(directory: Path, listen: tuple[str, int], gateways: list[tuple[str, str]]) -> None:
    """Write mosquitto.conf and acl into `directory` (made absolute); broker.key and broker.csr once."""
    directory = directory.resolve()
    access = access_list(gateways).encode()
    try:
        (directory / "data").mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise files.storage_error(error, directory.name) from error
    files.write(directory / "mosquitto.conf", configuration(directory, listen).encode())
    files.write(directory / "acl", access)
    if not (directory / "broker.key").exists():
        create_tls(directory, "broker")
