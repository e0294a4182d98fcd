"""Plain structured log lines: `time level event key=value ...`.

Only the fields named in `FIELDS` can be written at all, so that no number, name, PIN, key or audio gets into a log
by accident (P3).
"""

import logging
import sys
from typing import Final

FIELDS: Final = frozenset(
    {
        "address",  # socket address or serial port of a link
        "bytes",
        "code",  # a word of a closed enumeration
        "count",
        "error",  # text of an own typed error, or the class name of a foreign one
        "facility",
        "kind",
        "name",  # name of a gateway
        "reason",
        "state",
        "task",
        "terminal",  # the first 8 hex digits of a key id
        "topic",
        "version",
        "wait_s",
    }
)

_LOGGER: Final = logging.getLogger("sealine")


def event(what: str, /, *, level: int = logging.INFO, **fields: object) -> None:
    """Write one event. Raises ValueError for a field that is not in `FIELDS` (an error in the program)."""
    unknown = fields.keys() - FIELDS
    if unknown:
        raise ValueError(f"log fields not allowed: {sorted(unknown)}")
    text = " ".join(f"{key}={_plain(value)}" for key, value in fields.items())
    _LOGGER.log(level, "%s%s", what, f" {text}" if text else "")


def warning(what: str, /, **fields: object) -> None:
    """Write one event that a person should look at."""
    event(what, level=logging.WARNING, **fields)


def short(key_id: bytes) -> str:
    """The first 8 hex digits of a key id: enough to find the terminal, short enough to read."""
    return key_id[:4].hex()


def set_up(level: str = "INFO") -> None:
    """Send the log to standard error, one line per event."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s.%(msecs)03d %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    _LOGGER.handlers[:] = [handler]
    _LOGGER.setLevel(level)
    _LOGGER.propagate = False


def _plain(value: object) -> str:
    """One printable word or a quoted text; control characters of foreign text never reach the log."""
    text = "".join(char if char.isprintable() else "?" for char in str(value))
    return f'"{text}"' if not text or " " in text or "=" in text else text
