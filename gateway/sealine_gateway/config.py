"""The gateway's TOML file. Every field states its unit, constraint and default; an unknown field is refused by name."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sealine_protocol import settings
from sealine_protocol.errors import SettingsError
from sealine_protocol.mqtt import MqttConfig
from sealine_protocol.settings import between, is_address_or_empty, is_name, is_text, is_texts, one_of, setting
from sealine_protocol.topics import is_gateway

from sealine_gateway.sip.settings import MAX_PEERS, PeerConfig, is_ip


@dataclass(frozen=True, kw_only=True)
class TrunkConfig:
    """Table [trunk]: the way to the telephone network."""

    kind: str = setting(
        'Adapter: "sip" (an operator\'s equipment), or "loopback" (scripted parties). No default.',
        one_of("sip", "loopback"),
    )
    script: str = setting(
        "For loopback: TOML file of the scripted called parties, relative to this file. It stands for the telephone "
        "network and is no part of the gateway's state. Default empty.",
        lambda value: value == "" or is_text(value),
        default="",
    )
    bind: str = setting(
        "For sip: our IP address towards the operator, for signalling and voice; 0.0.0.0 or :: take the route's. "
        'Default "0.0.0.0".',
        is_ip,
        default="0.0.0.0",  # noqa: S104 - the sockets are connected: no other address is heard
    )
    first_port: int = setting(
        "For sip: first UDP port of the voice, two for each call; 1024 to 65000. Default 16384.",
        between(1024, 65_000),
        default=16_384,
    )
    last_port: int = setting(
        "For sip: last UDP port of the voice, 1 to 65535 and at least one above the first. Default 32767.",
        between(1, 65_535),
        default=32_767,
    )
    peer: list[PeerConfig] = setting(  # noqa: RUF009 - it returns a dataclasses.field
        "For sip: one table [[trunk.peer]] for each line, 1 to 8, in the order of preference. Default none.",
        lambda value: isinstance(value, list) and len(value) <= MAX_PEERS,
        default_factory=list,
    )


@dataclass(frozen=True, kw_only=True)
class Config:
    """The top level of the file."""

    facility: str = setting("Facility; letters, digits, hyphen, 1 to 32. No default.", is_name)
    name: str = setting('This gateway, unique in the facility; as facility, but not "bundle". No default.', is_gateway)
    state_dir: str = setting("Directory of all state, relative to this file. No default.", is_text)
    mqtt: MqttConfig
    trunk: TrunkConfig
    listen: str = setting(
        'TCP address of the link, host:port; empty for none. Default "127.0.0.1:7700".',
        is_address_or_empty,
        default="127.0.0.1:7700",
    )
    serial: list[str] = setting(  # noqa: RUF009 - it returns a dataclasses.field
        "Serial ports or pyserial URLs, one terminal each; up to 64. Default none.", is_texts, default_factory=list
    )
    baud: int = setting(
        "Baud of the serial ports, 9600 to 4000000; calls need 460800. Default 460800.",
        between(9600, 4_000_000),
        default=460_800,
    )
    metrics: str = setting(
        'HTTP address of the Prometheus metrics, host:port; empty for none. Default "".',
        is_address_or_empty,
        default="",
    )
    max_terminals: int = setting("Links at one time, 1 to 256. Default 200.", between(1, 256), default=200)
    reserve_mb: int = setting(
        "Free disk in MB below which chunks are refused so that records still find room, 1 to 1000000. Default 256.",
        between(1, 1_000_000),
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


def load(path: Path) -> Config:
    """Read and check a file. Raises SettingsError naming the field."""
    return parse(settings.read_toml(path), path.parent)


def parse(data: Mapping[str, Any], directory: Path) -> Config:
    """Check the content of a file. Raises SettingsError naming the field."""
    values = dict(data)
    for key, table in _TABLES.items():
        fields = values.get(key)
        values[key] = settings.build(table, _with_peers(fields) if key == "trunk" else fields, f"{key}.")
    _check_trunk(values["trunk"])
    config: Config = settings.build(Config, values)
    return dataclasses.replace(config, directory=directory)


def _with_peers(table: Any) -> Any:
    if not isinstance(table, dict):
        return table
    values = dict(table)
    peers = values.get("peer")
    if isinstance(peers, list) and all(isinstance(peer, dict) for peer in peers):
        values["peer"] = [settings.build(PeerConfig, peer, "trunk.peer.") for peer in peers]
    elif peers is not None:
        raise SettingsError("trunk.peer: write it as [[trunk.peer]]")
    return values


def _check_trunk(trunk: TrunkConfig) -> None:
    """What one kind of trunk needs of the other fields."""
    if trunk.kind == "loopback" and not trunk.script:
        raise SettingsError("trunk.script: this field is missing")
    if trunk.kind == "sip" and not trunk.peer:
        raise SettingsError("trunk.peer: this table is missing")
    if trunk.last_port <= trunk.first_port:
        raise SettingsError("trunk.last_port: at least one above the first")


def describe() -> str:
    """All fields with their meaning, unit, constraint and default."""
    rows = settings.describe(Config)
    for key, table in _TABLES.items():
        rows += settings.describe(table, key)
    return "\n".join(rows + settings.describe(PeerConfig, "[trunk.peer]"))
