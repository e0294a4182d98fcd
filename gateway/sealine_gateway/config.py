"""The gateway's TOML file. Every field states its unit, constraint and default; an unknown field is refused by name."""

import dataclasses
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sealine_gateway.errors import ConfigError
from sealine_gateway.sip.settings import MAX_PEERS, PeerConfig, is_ip

Check = Callable[[Any], bool]

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,32}")


def _setting(text: str, check: Check, **default: Any) -> Any:
    """A documented field: `text` says meaning, unit, constraint and default; `check` says whether a value holds."""
    return field(metadata={"text": text, "check": check}, **default)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 1024


def _is_address(value: object) -> bool:
    if not isinstance(value, str):
        return False
    host, colon, port = value.rpartition(":")
    return bool(host and colon) and port.isascii() and port.isdigit() and int(port) <= 65535


def _is_address_or_empty(value: object) -> bool:
    return value == "" or _is_address(value)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 64 and all(_is_text(item) for item in value)


def _between(low: int, high: int) -> Check:
    return lambda value: type(value) is int and low <= value <= high


@dataclass(frozen=True, kw_only=True)
class MqttConfig:
    """Table [mqtt]: the broker. The TLS files (tls.key, tls.pem, ca.pem) are in the state directory."""

    host: str = _setting("Name or address of the broker; must be in its certificate. No default.", _is_text)
    port: int = _setting("TCP port, 1 to 65535. Default 8883.", _between(1, 65535), default=8883)
    keepalive_s: int = _setting("MQTT keepalive in seconds, 5 to 600. Default 30.", _between(5, 600), default=30)
    inflight: int = _setting("Unacknowledged publishes, 20 to 100. Default 20.", _between(20, 100), default=20)


@dataclass(frozen=True, kw_only=True)
class TrunkConfig:
    """Table [trunk]: the way to the telephone network."""

    kind: str = _setting(
        'Adapter: "sip" (an operator\'s equipment), or "loopback" (scripted parties). No default.',
        lambda value: value in {"sip", "loopback"},
    )
    script: str = _setting(
        "For loopback: TOML file of the scripted called parties, relative to this file. It stands for the telephone "
        "network and is no part of the gateway's state. Default empty.",
        lambda value: value == "" or _is_text(value),
        default="",
    )
    bind: str = _setting(
        "For sip: our IP address towards the operator, for signalling and voice; 0.0.0.0 or :: take the route's. "
        'Default "0.0.0.0".',
        is_ip,
        default="0.0.0.0",  # noqa: S104 - the sockets are connected: no other address is heard
    )
    first_port: int = _setting(
        "For sip: first UDP port of the voice, two for each call; 1024 to 65000. Default 16384.",
        _between(1024, 65_000),
        default=16_384,
    )
    last_port: int = _setting(
        "For sip: last UDP port of the voice, 1 to 65535 and at least one above the first. Default 32767.",
        _between(1, 65_535),
        default=32_767,
    )
    peer: list[PeerConfig] = _setting(  # noqa: RUF009 - it returns a dataclasses.field
        "For sip: one table [[trunk.peer]] for each line, 1 to 8, in the order of preference. Default none.",
        lambda value: isinstance(value, list) and len(value) <= MAX_PEERS,
        default_factory=list,
    )


@dataclass(frozen=True, kw_only=True)
class Config:
    """The top level of the file."""

    facility: str = _setting("Facility; letters, digits, hyphen, 1 to 32. No default.", _is_name)
    name: str = _setting("This gateway, unique in the facility; as facility. No default.", _is_name)
    state_dir: str = _setting("Directory of all state, relative to this file. No default.", _is_text)
    mqtt: MqttConfig
    trunk: TrunkConfig
    listen: str = _setting(
        'TCP address of the link, host:port; empty for none. Default "127.0.0.1:7700".',
        _is_address_or_empty,
        default="127.0.0.1:7700",
    )
    serial: list[str] = _setting(  # noqa: RUF009 - it returns a dataclasses.field
        "Serial ports or pyserial URLs, one terminal each; up to 64. Default none.", _is_texts, default_factory=list
    )
    baud: int = _setting(
        "Baud of the serial ports, 9600 to 4000000; calls need 460800. Default 460800.",
        _between(9600, 4_000_000),
        default=460_800,
    )
    metrics: str = _setting(
        'HTTP address of the Prometheus metrics, host:port; empty for none. Default "".',
        _is_address_or_empty,
        default="",
    )
    max_terminals: int = _setting("Links at one time, 1 to 256. Default 200.", _between(1, 256), default=200)
    reserve_mb: int = _setting(
        "Free disk in MB below which chunks are refused so that records still find room, 1 to 1000000. Default 256.",
        _between(1, 1_000_000),
        default=256,
    )
    directory: Path = field(default=Path(), metadata={"hidden": True})

    @property
    def state_path(self) -> Path:
        """The state directory as a path."""
        return self.directory / self.state_dir

    @property
    def script_path(self) -> Path:
        """The trunk's script as a path."""
        return self.directory / self.trunk.script


_TABLES: Final[Mapping[str, type]] = {"mqtt": MqttConfig, "trunk": TrunkConfig}


def address(value: str) -> tuple[str, int]:
    """Host and port of a checked address."""
    host, _, port = value.rpartition(":")
    return host, int(port)


def load(path: Path) -> Config:
    """Read and check a file. Raises ConfigError naming the field."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path.name}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: not TOML: {error}") from error
    return parse(data, path.parent)


def parse(data: Mapping[str, Any], directory: Path) -> Config:
    """Check the content of a file. Raises ConfigError naming the field."""
    values = dict(data)
    for key, table in _TABLES.items():
        if not isinstance(values.get(key), dict):
            raise ConfigError(f"{key}: this table is missing")
        values[key] = _build(table, _with_peers(values[key]) if key == "trunk" else values[key], f"{key}.")
    _check_trunk(values["trunk"])
    config: Config = _build(Config, values, "")
    return dataclasses.replace(config, directory=directory)


def _with_peers(table: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(table)
    peers = values.get("peer")
    if isinstance(peers, list) and all(isinstance(peer, dict) for peer in peers):
        values["peer"] = [_build(PeerConfig, peer, "trunk.peer.") for peer in peers]
    elif peers is not None:
        raise ConfigError("trunk.peer: write it as [[trunk.peer]]")
    return values


def _check_trunk(trunk: TrunkConfig) -> None:
    """What one kind of trunk needs of the other fields."""
    if trunk.kind == "loopback" and not trunk.script:
        raise ConfigError("trunk.script: this field is missing")
    if trunk.kind == "sip" and not trunk.peer:
        raise ConfigError("trunk.peer: this table is missing")
    if trunk.last_port <= trunk.first_port:
        raise ConfigError("trunk.last_port: at least one above the first")


def describe() -> str:
    """All fields with their meaning, unit, constraint and default."""
    lines = [*_describe(Config)]
    for key, table in _TABLES.items():
        lines += ["", f"[{key}]", *_describe(table)]
    lines += ["", "[[trunk.peer]]", *_describe(PeerConfig)]
    return "\n".join(lines)


def _describe(table: Any) -> list[str]:
    return [f"{item.name}: {item.metadata['text']}" for item in dataclasses.fields(table) if "text" in item.metadata]


def _build(table: Any, values: Mapping[str, Any], where: str) -> Any:
    fields = {item.name: item for item in dataclasses.fields(table) if not item.metadata.get("hidden")}
    for key in values:
        if key not in fields:
            raise ConfigError(f"{where}{key}: there is no such field")
    for key, item in fields.items():
        required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        if key not in values:
            if required:
                raise ConfigError(f"{where}{key}: this field is missing")
        elif "check" in item.metadata and not item.metadata["check"](values[key]):
            raise ConfigError(f"{where}{key}: {item.metadata['text']}")
    return table(**values)
