"""The checks find what they promise to find, and pass what is right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = Path(__file__).resolve().parents[1]


def run(script: str, root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CHECKS / script), str(root)], capture_output=True, text=True, check=False
    )


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wire/codec.py", "from store import journal\n"),
        ("wire/codec.py", "def late():\n    import call.engine\n"),
        ("store/journal.py", "from call.record import build\n"),
        ("call/engine.py", "import panel\n"),
        ("call/engine.py", "from .. import panel\n"),
        ("panel/text.py", "from wire import codec\n"),
        ("panel/text.py", "import sodium\n"),
        ("call/engine.py", "panel = __import__('panel')\n"),
        ("misc/thing.py", "pass\n"),
    ],
)
def test_upward_import_in_the_app_is_found(tmp_path: Path, name: str, text: str) -> None:
    for room in ("wire", "store", "call", "panel"):
        write(tmp_path, f"firmware/app/{room}/__init__.py", "")
    write(tmp_path, f"firmware/app/{name}", text)
    done = run("firmware_floors.py", tmp_path)
    assert done.returncode == 1
    assert name in done.stdout


def test_downward_imports_pass(tmp_path: Path) -> None:
    write(tmp_path, "firmware/app/wire/codec.py", "import sodium\nfrom wire import cbor\nfrom . import cbor\n")
    write(tmp_path, "firmware/app/store/journal.py", "from wire.codec import encode\nimport board\n")
    write(
        tmp_path,
        "firmware/app/call/engine.py",
        "import audio\nfrom store import journal\nfrom wire import codec\n",
    )
    write(tmp_path, "firmware/app/panel/text.py", "import board\n")
    write(tmp_path, "firmware/app/main.py", "import call.engine, panel.text, console\n")
    done = run("firmware_floors.py", tmp_path)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("line", ['#include "py/obj.h"', "#include <py/runtime.h>", ' # include "mphalport.h"'])
def test_micropython_header_in_pure_c_is_found(tmp_path: Path, line: str) -> None:
    write(tmp_path, "firmware/lib/ring.c", f"#include <stdint.h>\n{line}\n")
    done = run("firmware_floors.py", tmp_path)
    assert done.returncode == 1
    assert "ring.c:2" in done.stdout


@pytest.mark.parametrize(
    "line",
    ["see https://" + "py" + "pi.org/x", "deb http://deb." + "debian.org/debian", "cd " + "/ro" + "ot/x"],
)
def test_address_or_machine_path_in_a_tracked_file_is_found(tmp_path: Path, line: str) -> None:
    write(tmp_path, "notes.md", f"fine\n{line}\n")
    write(tmp_path, "untracked.md", f"{line}\n")
    for command in (["init", "-q"], ["add", "notes.md"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    done = run("clean_text.py", tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("notes.md:2:")
    assert "untracked" not in done.stdout
