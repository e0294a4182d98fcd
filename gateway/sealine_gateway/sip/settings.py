"""The fields of the tables [trunk] (kind = "sip") and [[trunk.peer]], each with meaning, unit, constraint, default."""

import ipaddress
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from sealine_protocol.errors import SettingsError
from sealine_protocol.settings import one_of, setting

from sealine_gateway.sip.dialog import Account, Srtp, host_text

MAX_PEERS: Final = 8

_HOST: Final = re.compile(r"[A-Za-z0-9.:-]{1,253}")
_USER: Final = re.compile(r"[A-Za-z0-9+._-]{1,64}")


def _is_host(value: object) -> bool:
    return isinstance(value, str) and _HOST.fullmatch(value) is not None


def is_ip(value: object) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    try:
        return isinstance(value, str) and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def _is_user(value: object) -> bool:
    return isinstance(value, str) and _USER.fullmatch(value) is not None


def _is_text_or_empty(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 1024 and value.isprintable()


@dataclass(frozen=True, kw_only=True)
class PeerConfig:
    """Table [[trunk.peer]]: one trunk of an operator; the first that is up is used, the others are its failover."""

    host: str = setting("Name or address of the operator's equipment. No default.", _is_host)
    port: int = setting(
        "Port, 1 to 65535; 0 is 5060, or 5061 for tls. Default 0.",
        lambda value: type(value) is int and 0 <= value <= 65535,
        default=0,
    )
    transport: Literal["udp", "tcp", "tls"] = setting(
        'Signalling: "udp", "tcp" or "tls". Default "udp".', one_of("udp", "tcp", "tls"), default="udp"
    )
    domain: str = setting(
        "Host in the URIs, where it is not `host`. Default empty.",
        lambda value: value == "" or _is_host(value),
        default="",
    )
    caller: str = setting("The facility's number or name at this operator (user part of From). No default.", _is_user)
    user: str = setting("Name for digest authentication; empty for none. Default empty.", _is_text_or_empty, default="")
    password_file: str = setting(
        "File with the password, relative to this file, readable by its owner alone. Default empty.",
        _is_text_or_empty,
        default="",
    )
    prefix: str = setting(
        'Before the canonical digits, for example "+". Default empty.',
        lambda value: isinstance(value, str) and re.fullmatch(r"[+0-9]{0,8}", value) is not None,
        default="",
    )
    srtp: Srtp = setting(  # noqa: RUF009 - it returns a dataclasses.field
        'Encrypted voice to the operator: "off", "prefer" or "require"; the keys travel in the signalling, so use it '
        'with tls. Default "off".',
        one_of("off", "prefer", "require"),
        default="off",
    )
    ping_s: float = setting(
        "Seconds between two OPTIONS that ask whether the line is up, 5 to 3600; 0 asks never. Default 30.",
        lambda value: type(value) is int and (value == 0 or 5 <= value <= 3600),
        default=30,
    )
    ca_file: str = setting(
        "PEM file of the authorities for tls, relative to this file; empty for the system's. Default empty.",
        _is_text_or_empty,
        default="",
    )

    @property
    def address(self) -> tuple[str, int]:
        """Where the signalling goes."""
        return self.host, self.port or (5061 if self.transport == "tls" else 5060)

    def account(self, directory: Path) -> Account:
        """How we are known there. Raises SettingsError for a password file that cannot be read, or by too many."""
        password = ""
        if self.password_file:
            path = directory / self.password_file
            try:
                if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                    raise SettingsError("trunk.peer.password_file: others than its owner may read it")
                password = path.read_text("utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                raise SettingsError("trunk.peer.password_file: cannot be read") from error
        return Account(
            domain=host_text(self.domain or self.host),
            caller=self.caller,
            user=self.user,
            password=password,
            prefix=self.prefix,
            srtp=self.srtp,
        )
