"""The Debian packages of pins.toml: installed when we may, named when we may not."""

from __future__ import annotations

import os
import shutil
import subprocess

from step import SetupError, run, say


def install(packages: list[str]) -> None:
    """Install the packages that are missing; SetupError names them and the command if this user may not."""
    missing = _missing(packages)
    if not missing:
        return
    prefix = _privilege()
    command = "apt-get install -y --no-install-recommends " + " ".join(missing)
    if prefix is None:
        raise SetupError(f"system packages are missing; run: sudo {command}")
    say(f"installing {', '.join(missing)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    advice = "apt could not install the system packages; check the network and run make again"
    run([*prefix, "apt-get", "-q", "update"], log="apt-update", failure=advice, environment=quiet)
    run([*prefix, "env", "DEBIAN_FRONTEND=noninteractive", *command.split()], log="apt", failure=advice)
    left = _missing(missing)
    if left:
        raise SetupError(f"apt ended well, but {', '.join(left)} is not installed; see build/log/apt.log")


def _missing(packages: list[str]) -> list[str]:
    if shutil.which("dpkg-query") is None:
        names = " ".join(packages)
        raise SetupError(f"this is not a Debian system; use Debian 12 or newer, or a container of it, with: {names}")
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    installed = {line.split()[0] for line in answer.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in packages if name not in installed]


def _privilege() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    return ["sudo", "-n"] if allowed else None
