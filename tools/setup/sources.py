"""Third-party C sources, pinned by hash, unpacked into build/src/<name>."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from step import BUILD, ROOT, SetupError, digest, is_stamped, run, say, stamp

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def provide(name: str, pin: dict[str, Any]) -> None:
    """Make build/src/<name> the pinned tree, or the local copy that the pin's override variable names."""
    target = BUILD / "src" / name
    local = os.environ.get(pin["override"])
    value = digest("override", local) if local else digest(*(f"{key}={pin[key]}" for key in sorted(pin)))
    if is_stamped(name, value) and (target / pin["proof"]).exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if local:
        _use_local(Path(local).resolve(), target, pin)
    else:
        say(f"fetching the source of {name} ({pin['package']} {pin['version']})")
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            fetch = _fetch_debian if pin["kind"] == "debian" else _fetch_python
            _unpack(fetch(name, pin, Path(scratch)), pin, Path(scratch), target)
    stamp(name, value)


def _use_local(local: Path, target: Path, pin: dict[str, Any]) -> None:
    if not (local / pin["proof"]).exists():
        raise SetupError(f"{pin['override']} must name a source tree with {pin['proof']} in it; {local} has none")
    _remove(target)
    target.symlink_to(local)


def _remove(target: Path) -> None:
    if target.is_symlink():
        target.unlink()
    else:
        shutil.rmtree(target, ignore_errors=True)


def _advice(name: str, pin: dict[str, Any]) -> str:
    return f"the source of {name} did not come; check the network, or set {pin['override']} to a local copy"


def _mirror(advice: str) -> str:
    """The mirror of this system's own apt configuration."""
    try:
        answer = subprocess.run(
            ["apt-get", "--no-release-info", "indextargets", "--format", "$(SITE)|$(RELEASE)|$(COMPONENT)"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
    except FileNotFoundError as error:
        raise SetupError(f"{advice} (apt-get is not installed)") from error
    rows = [line.split("|") for line in answer.splitlines()]
    sites = [site for site, release, part in rows if part == "main" and not release.endswith("-security")]
    if not sites:
        raise SetupError(f"{advice} (apt names no Debian mirror)")
    return sites[0]


def _fetch_debian(name: str, pin: dict[str, Any], scratch: Path) -> Path:
    """Download a Debian source package past apt's own state; return the checked upstream archive."""
    advice = _advice(name, pin)
    if not _KEYRING.exists():
        raise SetupError(f"{advice} (install debian-archive-keyring)")
    for folder in ("lists/partial", "cache/archives/partial"):
        (scratch / folder).mkdir(parents=True)
    listing = scratch / "sources.list"
    listing.write_text(f"deb-src [signed-by={_KEYRING}] {_mirror(advice)} {pin['suite']} main\n")
    apt = [
        "apt-get",
        f"-oDir::Etc::sourcelist={listing}",
        "-oDir::Etc::sourceparts=/dev/null",
        f"-oDir::State::lists={scratch / 'lists'}",
        f"-oDir::Cache={scratch / 'cache'}",
        "-oDebug::NoLocking=1",
        f"-oAPT::Sandbox::User={pwd.getpwuid(os.geteuid()).pw_name}",
    ]
    wanted = f"{pin['package']}={pin['version']}"
    run([*apt, "update"], log=f"{name}-index", failure=advice)
    run([*apt, "source", "--download-only", wanted], log=name, failure=advice, folder=scratch)
    dsc = next(scratch.glob("*.dsc"), None)
    if dsc is None:
        raise SetupError(f"{advice} (no .dsc came)")
    _check(dsc, pin["dsc_sha256"])
    return _upstream(dsc)


def _upstream(dsc: Path) -> Path:
    """The .orig archive beside a checked .dsc, itself checked against it."""
    inside = False
    for line in dsc.read_text().splitlines():
        if inside and not line.startswith(" "):
            break
        if inside and ".orig.tar." in line and not line.endswith(".asc"):
            sha256, _size, file_name = line.split()
            archive = dsc.with_name(file_name)
            _check(archive, sha256)
            return archive
        inside = inside or line.startswith("Checksums-Sha256:")
    raise SetupError(f"{dsc.name} names no upstream archive; correct the pin in tools/setup/pins.toml")


def _fetch_python(name: str, pin: dict[str, Any], scratch: Path) -> Path:
    """Download the source distribution of a Python package; return the checked archive."""
    advice = _advice(name, pin)
    wanted = scratch / "wanted.txt"
    wanted.write_text(f"{pin['package']}=={pin['version']} --hash=sha256:{pin['sha256']}\n")
    pip = [str(ROOT / ".venv/bin/python"), "-m", "pip"]
    options = ["--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--require-hashes"]
    run(
        [*pip, "download", *options, "-d", str(scratch), "-r", str(wanted)],
        log=name,
        failure=advice,
    )
    archive = next(scratch.glob("*.tar.gz"))
    _check(archive, pin["sha256"])
    return archive


def _check(path: Path, sha256: str) -> None:
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise SetupError(f"{path.name} has another SHA-256 than tools/setup/pins.toml says; do not use it")


def _unpack(archive: Path, pin: dict[str, Any], scratch: Path, target: Path) -> None:
    tree = scratch / "tree"
    with tarfile.open(archive) as content:
        content.extractall(tree)  # trusted: its hash is pinned
    (top,) = tree.iterdir()
    source = top / pin.get("subfolder", "")
    if not (source / pin["proof"]).exists():
        raise SetupError(f"{archive.name} holds no {pin['proof']}; correct the pin in tools/setup/pins.toml")
    _remove(target)
    source.rename(target)
