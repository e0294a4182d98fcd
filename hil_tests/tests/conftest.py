"""Whole facilities on loopback, with the real firmware in QEMU; each fixture ends what it has started."""

import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sealine_hil.facility import Facility
from sealine_hil.town import plan_in

ROOT = Path(__file__).parents[2]
LOG_TAIL = 2500


def pytest_configure(config: pytest.Config) -> None:
    """The one marker of this folder."""
    config.addinivalue_line("markers", "device: runs on a real board too, with --port; all others need the board model")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--port` only what a real board can do is left."""
    if config.getoption("port"):
        others = [item for item in items if item.get_closest_marker("device") is None]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firmware as it is now; a copy, so that a build beside the tests changes nothing under a running phone."""
    subprocess.run(["make", "-s", "-C", ROOT / "firmware", "qemu"], check=True)
    path = tmp_path_factory.mktemp("image") / "firmware.elf"
    shutil.copyfile(ROOT / "build/firmware/qemu/firmware.elf", path)
    return path


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    """Hands for several phones at a time."""
    with ThreadPoolExecutor(8) as pool:
        yield pool


@pytest.fixture(scope="module")
def facility(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facility]:
    """A running facility of the module's own."""
    directory = tmp_path_factory.mktemp("facility")
    with Facility(directory, plan_in(directory)) as facility:
        facility.start()
        yield facility


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """With a failure, the end of each log of its facility and what each phone shows."""
    report = yield
    found = getattr(item, "funcargs", {}).get("facility")
    if report.failed and isinstance(found, Facility):
        logs = [*found.directory.glob("logs/*.log"), *found.directory.glob("phones/*/console.log")]
        for path in logs:
            name = str(path.relative_to(found.directory))
            report.sections.append((name, path.read_text(errors="replace")[-LOG_TAIL:]))
        for phone in found.phones:
            if not phone.board.closed:
                report.sections.append((f"display of {phone.name}", "\n".join(phone.board.display())))
    return report
