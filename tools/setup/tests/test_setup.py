"""Set-up refuses what is not pinned, names what is missing, and does nothing the second time."""

from __future__ import annotations

import hashlib
import importlib
import io
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SETUP = Path(__file__).resolve().parents[1]
PIN: dict[str, Any] = {
    "kind": "python",
    "override": "DEMO_SRC",
    "package": "demo",
    "version": "1",
    "sha256": "0" * 64,
    "proof": "src/demo.h",
}


class Setup:
    """The modules of set-up, working in a folder of their own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
        monkeypatch.syspath_prepend(str(SETUP))
        self.root = root
        self.step = self._load("step")
        self.packages = self._load("packages")
        self.sources = self._load("sources")
        monkeypatch.setattr(self.step, "STAMPS", root / "stamps")
        monkeypatch.setattr(self.step, "LOGS", root / "log")
        monkeypatch.setattr(self.sources, "BUILD", root)

    @staticmethod
    def _load(name: str) -> ModuleType:
        return importlib.import_module(name)


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Setup:
    return Setup(monkeypatch, tmp_path)


def archive(path: Path, member: str) -> str:
    """Write a tar archive with one member; return its SHA-256."""
    with tarfile.open(path, "w:gz") as content:
        entry = tarfile.TarInfo(member)
        entry.size = 3
        content.addfile(entry, io.BytesIO(b"abc"))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def serve(setup: Setup, monkeypatch: pytest.MonkeyPatch, member: str = "demo-1/src/demo.h") -> list[str]:
    """Let the download place a small archive; return the list that records each download."""
    calls: list[str] = []

    def download(_name: str, pin: dict[str, Any], scratch: Path) -> Path:
        calls.append(pin["package"])
        path = scratch / "demo-1.tar.gz"
        archive(path, member)
        return path

    monkeypatch.setattr(setup.sources, "_fetch_python", download)
    return calls


def test_source_is_fetched_once(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = serve(setup, monkeypatch)
    setup.sources.provide("demo", PIN)
    setup.sources.provide("demo", PIN)
    assert calls == ["demo"]
    assert (setup.root / "src/demo/src/demo.h").read_bytes() == b"abc"


def test_changed_pin_fetches_again(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = serve(setup, monkeypatch)
    setup.sources.provide("demo", PIN)
    setup.sources.provide("demo", {**PIN, "version": "2"})
    assert len(calls) == 2


def test_archive_without_the_expected_file_is_refused(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(setup, monkeypatch, member="demo-1/other.h")
    with pytest.raises(setup.step.SetupError, match=r"holds no src/demo\.h"):
        setup.sources.provide("demo", PIN)
    assert not (setup.root / "src/demo").exists()


def test_wrong_hash_is_refused(setup: Setup, tmp_path: Path) -> None:
    path = tmp_path / "demo.tar.gz"
    sha256 = archive(path, "demo/x")
    setup.sources._check(path, sha256)
    with pytest.raises(setup.step.SetupError, match="another SHA-256"):
        setup.sources._check(path, "0" * 64)


def test_upstream_archive_must_match_its_dsc(setup: Setup, tmp_path: Path) -> None:
    sha256 = archive(tmp_path / "demo_1.orig.tar.gz", "demo/x")
    dsc = tmp_path / "demo_1.dsc"
    dsc.write_text(f"Checksums-Sha256:\n {sha256} 3 demo_1.orig.tar.gz\n {'1' * 64} 3 demo_1.debian.tar.xz\nX: y\n")
    assert setup.sources._upstream(dsc).name == "demo_1.orig.tar.gz"
    dsc.write_text(dsc.read_text().replace(sha256, "2" * 64))
    with pytest.raises(setup.step.SetupError, match="another SHA-256"):
        setup.sources._upstream(dsc)


def test_override_uses_the_local_copy(setup: Setup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls = serve(setup, monkeypatch)
    local = tmp_path / "mine"
    (local / "src").mkdir(parents=True)
    (local / "src/demo.h").write_text("mine")
    monkeypatch.setenv("DEMO_SRC", str(local))
    setup.sources.provide("demo", PIN)
    assert (setup.root / "src/demo/src/demo.h").read_text() == "mine"
    monkeypatch.delenv("DEMO_SRC")
    setup.sources.provide("demo", PIN)
    assert calls == ["demo"]
    assert (local / "src/demo.h").read_text() == "mine"


def test_override_without_the_expected_file_is_refused(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DEMO_SRC", str(tmp_path))
    with pytest.raises(setup.step.SetupError, match="DEMO_SRC must name a source tree"):
        setup.sources.provide("demo", PIN)


def test_missing_packages_are_named_when_we_may_not_install(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.packages, "_missing", lambda _names: ["qemu-system-arm"])
    monkeypatch.setattr(setup.packages, "_privilege", lambda: None)
    with pytest.raises(setup.step.SetupError, match=r"run: sudo apt-get install .* qemu-system-arm"):
        setup.packages.install(["qemu-system-arm", "gcc"])


def test_unknown_package_counts_as_missing(setup: Setup) -> None:
    assert setup.packages._missing(["dpkg", "no-such-package-anywhere"]) == ["no-such-package-anywhere"]


def test_failing_child_is_one_sentence_with_the_log_named(setup: Setup) -> None:
    command = [sys.executable, "-c", "import sys; print('boom'); sys.exit(3)"]
    with pytest.raises(setup.step.SetupError, match=r"do this \(build/log/x\.log ends: boom\)"):
        setup.step.run(command, log="x", failure="do this")
    with pytest.raises(setup.step.SetupError, match="not installed"):
        setup.step.run(["no-such-tool-anywhere"], log="x", failure="do this")


def test_lock_has_hashes_and_no_address() -> None:
    text = (SETUP / "requirements.txt").read_text()
    assert "://" not in text
    assert "--index-url" not in text
    assert text.count("--hash=sha256:") > text.count("==")


def test_second_run_is_silent_and_quick() -> None:
    done = subprocess.run(["python3", str(SETUP)], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
