"""What the steps of set-up share: paths, stamps, child processes, and the one error that a person reads."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
LOGS = BUILD / "log"
STAMPS = BUILD / "stamps"


class SetupError(Exception):
    """Set-up cannot go on; the message is one sentence that says what to do."""


def digest(*parts: bytes | str) -> str:
    """SHA-256 over the parts, each preceded by its length; identifies the inputs of a step."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "big") + data)
    return state.hexdigest()


def is_stamped(name: str, value: str) -> bool:
    """True if the step `name` was last completed with the inputs `value`."""
    path = STAMPS / name
    return path.exists() and path.read_text() == value


def stamp(name: str, value: str) -> None:
    """Remember that the step `name` is complete for the inputs `value`."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(value)


def say(text: str) -> None:
    """Tell the person what is going on, at once."""
    print(f"set-up: {text}", flush=True)


def run(
    arguments: list[str],
    *,
    log: str,
    failure: str,
    environment: dict[str, str] | None = None,
    folder: Path = ROOT,
) -> None:
    """Run a child without stdin, its output in build/log/<log>.log; raise SetupError(failure) if it fails."""
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{log}.log"
    with path.open("wb") as output:
        try:
            done = subprocess.run(
                arguments,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        except FileNotFoundError as error:
            raise SetupError(f"{failure} ({arguments[0]} is not installed)") from error
    if done.returncode != 0:
        lines = path.read_text(errors="replace").strip().splitlines() or ["no output"]
        raise SetupError(f"{failure} (build/log/{log}.log ends: {lines[-1].strip()[:200]})")
