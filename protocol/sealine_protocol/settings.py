"""TOML files as checked dataclasses: every field states its unit, constraint and default; an unknown one is refused."""

import dataclasses
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Final

from sealine_protocol.errors import SettingsError

Check = Callable[[Any], bool]
Tables = Mapping[str, type]

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,32}")


def setting(text: str, check: Check, **default: Any) -> Any:
    """A documented field: `text` says meaning, unit, constraint and default; `check` says whether a value holds."""
    return field(metadata={"text": text, "check": check}, **default)


def is_name(value: object) -> bool:
    """A name as the CDDL has it."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def is_text(value: object) -> bool:
    """A text that is not empty."""
    return isinstance(value, str) and 0 < len(value) <= 1024


def is_address(value: object) -> bool:
    """host:port."""
    if not isinstance(value, str):
        return False
    host, colon, port = value.rpartition(":")
    return bool(host and colon) and port.isascii() and port.isdigit() and int(port) <= 65535


def is_address_or_empty(value: object) -> bool:
    """host:port, or the empty string."""
    return value == "" or is_address(value)


def is_texts(value: object) -> bool:
    """A short list of texts."""
    return isinstance(value, list) and len(value) <= 64 and all(is_text(item) for item in value)


def between(low: int, high: int) -> Check:
    """A whole number in this range, ends included."""
    return lambda value: type(value) is int and low <= value <= high


def one_of(*words: str) -> Check:
    """One of these words."""
    return lambda value: isinstance(value, str) and value in words


def address(value: str) -> tuple[str, int]:
    """Host and port of a checked address."""
    host, _, port = value.rpartition(":")
    return host, int(port)


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a file. Raises SettingsError."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{path.name}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name}: not TOML: {error}") from error


def build(table: Any, values: object, where: str = "") -> Any:
    """The dataclass of a table. Raises SettingsError naming the field."""
    if not isinstance(values, Mapping):
        raise SettingsError(f"{where.rstrip('.')}: this table is missing")
    fields = {item.name: item for item in dataclasses.fields(table) if not item.metadata.get("hidden")}
    for key in values:
        if key not in fields:
            raise SettingsError(f"{where}{key}: there is no such field")
    for key, item in fields.items():
        required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        if key not in values:
            if required:
                raise SettingsError(f"{where}{key}: this field is missing")
        elif "check" in item.metadata and not item.metadata["check"](values[key]):
            raise SettingsError(f"{where}{key}: {item.metadata['text']}")
    return table(**values)


def describe(table: Any, name: str = "") -> list[str]:
    """A line per field of a table with meaning, unit, constraint and default."""
    head = ["", f"[{name}]"] if name else []
    rows = [f"{item.name}: {item.metadata['text']}" for item in dataclasses.fields(table) if "text" in item.metadata]
    return head + rows
