"""Every program `micropython/**/test_*.py`, run by the unix build: one test each, its output in the failure."""

import os
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PROGRAMS = sorted((HERE / "micropython").rglob("test_*.py"))
BINARY = HERE.parents[1] / "build/firmware/unix/micropython"
VERDICT = re.compile(r"^([1-9][0-9]*) passed, 0 failed$", re.MULTILINE)
# a program is given what a terminal's modules get: the app, then the runner `check` and fakes beside the tests
PATH = ":".join((".frozen", str(HERE.parent / "app"), str(HERE / "micropython")))


@pytest.mark.timeout(300)  # exhaustive power cuts take a while under a busy host
@pytest.mark.parametrize("program", PROGRAMS, ids=[str(path.relative_to(HERE)) for path in PROGRAMS])
def test_program(program: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(BINARY), "-X", "heapsize=4M", str(program)],
        cwd=tmp_path,
        env={**os.environ, "MICROPYPATH": PATH},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert VERDICT.search(done.stdout), output
