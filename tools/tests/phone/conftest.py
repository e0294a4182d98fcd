"""`sealine phone` as a person starts it, once for all tests of this folder."""

import http.client
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

IMAGE = Path(__file__).parents[3] / "build" / "firmware" / "qemu" / "firmware.elf"
START_S = 60
STOP_S = 30


@dataclass(frozen=True)
class Running:
    """Two wall phones and their pages' addresses."""

    pages: list[str]
    said: list[str]
    pid: int
    temporary: Path

    @property
    def origin(self) -> str:
        return "http://" + urlsplit(self.pages[0]).netloc

    @property
    def port(self) -> int:
        return urlsplit(self.pages[0]).port or 0

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.body = response.read()
        connection.close()
        return response


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Started with the command, ended with SIGTERM; nothing may be left of it."""
    if not IMAGE.exists():
        pytest.fail("no firmware image: run 'make firmware'")
    temporary = tmp_path_factory.mktemp("tmp")
    command = [str(Path(sys.executable).with_name("sealine")), "phone", "--phones", "2", "--no-browser"]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"TMPDIR": str(temporary)},
    )  # fmt: skip
    try:
        said = _said(process)
        pages = [found[1] for line in said if (found := re.match(r"wing-a-\d: (http://\S+)", line))]
        yield Running(pages, said, process.pid, temporary)
    finally:
        process.terminate()
        code = process.wait(STOP_S)
        process.stdout.close()
    assert code == 0
    assert list(temporary.iterdir()) == []


def _said(process: "subprocess.Popen[str]") -> list[str]:
    """All lines up to the last one of the introduction; what comes later is read and forgotten."""
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: [lines.put(line.rstrip()) for line in process.stdout], daemon=True).start()
    said: list[str] = []
    while not (said and "Ctrl-C ends all" in said[-1]):
        try:
            said.append(lines.get(timeout=START_S))
        except queue.Empty:
            pytest.fail("\n".join(["sealine phone does not start:", *said]))
    return said
