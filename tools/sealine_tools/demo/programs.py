"""Sealine's own commands, as a person would type them."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from sealine_tools.demo.errors import DemoError

TIMEOUT_S: Final = 60


def attempt(name: str, *arguments: str | Path) -> tuple[int, str]:
    """Exit code and last line of what a command says."""
    command = [str(Path(sys.executable).with_name(name)), *map(str, arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise DemoError(f"{name} {arguments[0]} did not end within {TIMEOUT_S} s") from error
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return done.returncode, lines[-1] if lines else ""


def run(name: str, *arguments: str | Path) -> str:
    """The last line that a command says; raises DemoError with it when the command fails."""
    code, said = attempt(name, *arguments)
    if code != 0:
        raise DemoError(f"{name} {arguments[0]}: {said}")
    return said
