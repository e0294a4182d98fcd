"""What the tests of the formats share: the vectors, the CDDL as pycddl reads it, and the device's codec."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pycddl
import pytest

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "protocol" / "vectors"
MICROPYTHON = ROOT / "build" / "firmware" / "unix" / "micropython"


class Device:
    """The device's formats in a process of MicroPython's unix build; a value is compared by its re-encoding."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [MICROPYTHON, "-X", "heapsize=1M", ROOT / "firmware/tests/micropython/wire/serve.py"],
            env={**os.environ, "MICROPYPATH": f".frozen:{ROOT}/firmware/app"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def decode(self, rule: str, data: bytes) -> tuple[bytes | None, str]:
        """(the value written again, "") or (None, the error)."""
        return self.ask("decode", rule, data)

    def ask(self, *words: str | bytes) -> tuple[bytes | None, str]:
        """(the result, "") or (None, the error) of one line to the program; bytes go as hex."""
        line = " ".join(word if isinstance(word, str) else word.hex() or "-" for word in words)
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        verdict, _, rest = self._process.stdout.readline().strip().partition(" ")
        if verdict not in ("ok", "error"):
            raise AssertionError(f"the device's program ended: {verdict} {rest}")
        return (bytes.fromhex(rest), "") if verdict == "ok" else (None, rest)

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=10)


@pytest.fixture(scope="session")
def device() -> Iterator[Device]:
    """The device's codec; `make -C firmware unix` builds it."""
    if not MICROPYTHON.exists():
        pytest.fail("build/firmware/unix/micropython is not there: run `make -C firmware unix`")
    served = Device()
    yield served
    served.close()


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], dict[str, Any]]:
    """Reads a file of vectors by its name."""

    @cache
    def load(name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
        return loaded

    return load


@pytest.fixture(scope="session")
def cddl() -> Callable[[str, bytes], None]:
    """Validates bytes against one rule with pycddl, a reader of the CDDL that is not ours."""
    source = _for_pycddl((ROOT / "protocol" / "sealine.cddl").read_text(encoding="utf-8"))

    @cache
    def schema(rule: str) -> pycddl.Schema:
        return pycddl.Schema(f"start-here = {rule}\n{source}")

    return lambda rule, data: schema(rule).validate_cbor(data)


def _for_pycddl(source: str) -> str:
    """The same rules in words that pycddl 0.6.4 reads rightly.

    It takes only the first member of an enumeration in an array, fails on a choice with null written inside of a
    group, and matches at most one entry of a table.
    """
    source = re.sub(r";[^\n]*", "", source)
    source = re.sub(
        r"&\(([^)]*)\)", lambda members: " / ".join(re.findall(r": (\d+)", members[1])), source, flags=re.DOTALL
    )
    kinds = re.search(r"^bundle-kind = (.*)$", source, re.MULTILINE)
    if kinds is None:
        raise AssertionError
    entries = ", ".join(f"? {kind} => counter" for kind in kinds[1].split(" / "))
    source = source.replace("{ * bundle-kind => counter }", f"{{ {entries} }}")
    nullable = sorted(set(re.findall(r"([a-z][a-z0-9-]*) / null", source)))
    source = re.sub(r"([a-z][a-z0-9-]*) / null", r"\1-or-null", source)
    return source + "".join(f"{name}-or-null = null / {name}\n" for name in nullable)
