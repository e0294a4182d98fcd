"""PlatformIO's core folder, prepared so that `pio run` needs no network.

PlatformIO asks its registry for tool-scons; that is the Python package scons, which .venv holds already.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from environment import PYTHON
from step import BUILD, SetupError, digest, is_stamped, run, stamp

_CORE = BUILD / "platformio/core"
_VERSIONS = (
    "import SCons; from platformio.dependencies import get_core_dependencies as wanted; "
    "print(wanted()['tool-scons'], SCons.__version__)"
)
# both would call out: the first on each run, the second weekly and for a minute where there is no network
_SETTINGS = {"enable_telemetry": "no", "check_platformio_interval": "36500"}
_QUIET = {f"PLATFORMIO_SETTING_{name.upper()}": choice for name, choice in _SETTINGS.items()}
_BROKEN = "PlatformIO does not start in .venv; run make clean, then make again"


def provide() -> None:
    """Place the installed scons where PlatformIO looks; SetupError if it is not the one it wants."""
    value = digest((BUILD / "stamps/environment").read_bytes(), Path(__file__).read_bytes())
    folder = _CORE / "packages/tool-scons"
    if is_stamped("platformio", value) and (folder / "package.json").exists():
        return
    answer = subprocess.run([str(PYTHON), "-c", _VERSIONS], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise SetupError(_BROKEN)
    wanted, scons = answer.stdout.split()
    version = _number(scons)
    if version.rsplit(".", 1)[0] != wanted.lstrip("~").rsplit(".", 1)[0]:
        raise SetupError(f"PlatformIO wants tool-scons {wanted}, scons {scons} is {version}; change the pin of scons")
    _write(folder, version)
    for name, choice in _SETTINGS.items():
        command = [str(PYTHON), "-m", "platformio", "settings", "set", name, choice]
        run(command, log="platformio", failure=_BROKEN, environment=_QUIET)
    stamp("platformio", value)


def _number(scons: str) -> str:
    """PlatformIO's number for scons A.B.C: A.ABBCC.0."""
    major, minor, patch = (int(part) for part in scons.split("."))
    return f"{major}.{major}{minor:02d}{patch:02d}.0"


def _write(folder: Path, version: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scons.py").write_text("import SCons.Script\n\nSCons.Script.main()\n")
    package = {"name": "tool-scons", "version": version}
    (folder / "package.json").write_text(json.dumps(package))
    spec = {"owner": "platformio", "id": None, "name": "tool-scons", "requirements": None, "uri": None}
    (folder / ".piopm").write_text(json.dumps({"type": "tool", **package, "spec": spec}))
