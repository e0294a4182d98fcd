"""Central's TOML file. Every field states its unit, constraint and default; an unknown field is refused by name."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sealine_protocol import settings
from sealine_protocol.errors import SettingsError
from sealine_protocol.mqtt import MqttConfig
from sealine_protocol.settings import between, is_address_or_empty, is_name, is_text, setting


@dataclass(frozen=True, kw_only=True)
class FacilityConfig:
    """Table [facilities.NAME]: a facility that central receives."""

    root: str = setting("File with the operator's raw root key (root.pub), relative to this file. No default.", is_text)
    bundles: str = setting(
        "Directory of the bundles that central publishes, KIND.bundle, relative to this file. No default.", is_text
    )


@dataclass(frozen=True, kw_only=True)
class Config:
    """The top level of the file."""

    state_dir: str = setting("Directory of store, keys and blobs, relative to this file. No default.", is_text)
    mqtt: MqttConfig
    facilities: dict[str, FacilityConfig]
    batch: int = setting("Messages per commit, 1 to 1000. Default 200.", between(1, 1000), default=200)
    reserve_mb: int = setting(
        "Free disk in MB below which chunks wait at the gateways, 1 to 1000000. Default 256.",
        between(1, 1_000_000),
        default=256,
    )
    metrics: str = setting(
        'HTTP address of the Prometheus metrics, host:port; empty for none. Default "".',
        is_address_or_empty,
        default="",
    )
    directory: Path = field(default=Path(), metadata={"hidden": True})

    @property
    def state_path(self) -> Path:
        """The state directory as a path."""
        return self.directory / self.state_dir


def load(path: Path) -> Config:
    """Read and check a file. Raises SettingsError naming the field."""
    values: dict[str, Any] = settings.read_toml(path)
    values["mqtt"] = settings.build(MqttConfig, values.get("mqtt"), "mqtt.")
    tables = values.get("facilities")
    if not isinstance(tables, dict) or not tables:
        raise SettingsError("facilities: at least one table [facilities.NAME] is needed")
    for name in tables:
        if not is_name(name):
            raise SettingsError("facilities: a name is letters, digits and hyphen, 1 to 32")
    values["facilities"] = {
        name: settings.build(FacilityConfig, table, f"facilities.{name}.") for name, table in tables.items()
    }
    config: Config = settings.build(Config, values)
    return dataclasses.replace(config, directory=path.parent)


def describe() -> str:
    """All fields with their meaning, unit, constraint and default."""
    rows = settings.describe(Config) + settings.describe(MqttConfig, "mqtt")
    return "\n".join(rows + settings.describe(FacilityConfig, "facilities.NAME"))
