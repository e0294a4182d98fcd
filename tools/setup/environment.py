"""The Python environment .venv: the locked packages, and Sealine's own in editable form."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from step import ROOT, SetupError, digest, is_stamped, run, say, stamp

VENV = ROOT / ".venv"
PYTHON = VENV / "bin/python"
LOCK = ROOT / "tools/setup/requirements.txt"
MEMBERS = ("protocol", "provisioning", "gateway", "central", "hil_tests", "tools")
_ADVICE = "the Python packages could not be installed; check the network and run make again"
_ONE_REQUIREMENT = re.compile(r"^[A-Za-z0-9]\S*==(?:.*\\\n)*.*$", re.MULTILINE)


def provide(built_from_source: list[str]) -> None:
    """Make .venv hold the locked packages and Sealine's own."""
    _create()
    value = digest(LOCK.read_bytes())
    if not is_stamped("environment", value):
        say("installing the Python packages (1 to 3 minutes)")
        _install_locked(built_from_source)
        stamp("environment", value)
    projects = [ROOT / member / "pyproject.toml" for member in MEMBERS]
    value = digest(*(path.read_bytes() for path in projects))
    if not is_stamped("members", value):
        say("installing Sealine's own packages")
        _install_members(projects)
        stamp("members", value)


def _create() -> None:
    # a moved checkout or another interpreter breaks an environment: both are in the stamp
    value = digest(str(ROOT), sys.version)
    if is_stamped("venv", value) and PYTHON.exists():
        return
    if VENV.exists():
        shutil.rmtree(VENV)
    for name in ("environment", "members"):
        stamp(name, "")
    advice = "the Python environment could not be made; install python3-venv and run make again"
    run([sys.executable, "-m", "venv", str(VENV)], log="venv", failure=advice)
    stamp("venv", value)


def _pip(*arguments: str, log: str) -> None:
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--no-deps"]
    run([*command, *arguments], log=log, failure=_ADVICE)


def _install_locked(built_from_source: list[str]) -> None:
    """Wheels first; then what exists as source only, built with the wheels just installed."""
    requirements = _ONE_REQUIREMENT.findall(LOCK.read_text())
    source = [text for text in requirements if text.split("==")[0] in built_from_source]
    if len(source) != len(built_from_source):
        raise SetupError("tools/setup/pins.toml names a source package that the lock lacks; run make lock")
    wheels = [text for text in requirements if text not in source]
    hashed = ["--require-hashes", "-r"]
    _pip("--only-binary", ":all:", *hashed, _write("wheels.txt", wheels), log="pip-wheels")
    _pip("--no-build-isolation", *hashed, _write("source.txt", source), log="pip-source")


def _write(name: str, requirements: list[str]) -> str:
    path = VENV / name
    path.write_text("\n".join(requirements) + "\n")
    return str(path)


def _install_members(projects: list[Path]) -> None:
    editable = [part for path in projects for part in ("-e", str(path.parent))]
    _pip("--no-build-isolation", *editable, log="pip-members")
