# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""Write a .pyi for each C module from the `///` lines over its bindings.

A `///` line is a line of Python, its indentation kept. The lines of a file belong to the module that the file
registers with MicroPython, or else to the one module that a file of its folder registers; the registering file's
lines come first, then the other files' by name. A function whose first parameter is `self` is a method of the class
before it.

    python generate.py [folder for the stubs]
"""

import ast
import re
import sys
import textwrap
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[1]
SOURCES = ("cmodules", "port")
MARK = "///"
HEADER = """\
# Made by firmware/stubs/generate.py from the `///` lines in the C sources: do not edit.
"""
TYPES = """\
from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview
MutableBuffer: TypeAlias = bytearray | memoryview
"""


class StubError(Exception):
    """The `///` lines cannot be made into a stub; the message names the file."""


def signature_blocks(source: str) -> list[str]:
    """Return the runs of adjacent `///` lines, without the mark."""
    blocks: list[list[str]] = [[]]
    for line in source.splitlines():
        if line.startswith(MARK):
            blocks[-1].append(line.removeprefix(MARK).removeprefix(" ").rstrip())
        elif blocks[-1]:
            blocks.append([])
    return ["\n".join(block).strip("\n") for block in blocks if block]


def registered_module(source: str) -> str | None:
    """Return the name of the module that a C file registers, if it does."""
    found = re.search(r"^MP_REGISTER_MODULE\(MP_QSTR_(\w+),", source, re.MULTILINE)
    return found[1] if found else None


def module_files(folder: Path) -> dict[str, list[Path]]:
    """Return the C files of each module that a folder's files register, the registering file first."""
    sources = {path: path.read_text() for path in sorted(folder.glob("*.c"))}
    owners = {path: registered_module(source) for path, source in sources.items()}
    modules = {name: [path] for path, name in owners.items() if name}
    for path, source in sources.items():
        if owners[path] is None and signature_blocks(source):
            if len(modules) != 1:
                message = f"{path}: signatures, but its folder registers {len(modules)} modules, not one"
                raise StubError(message)
            next(iter(modules.values())).append(path)
    return modules


def in_class(block: str) -> str:
    """Indent a method."""
    return textwrap.indent(block, "    ") if re.match(r"def \w+\(\s*self\b", block) else block


def stub(paths: list[Path]) -> str:
    """Return the text of one module's stub."""
    blocks = [block for path in paths for block in signature_blocks(path.read_text())]
    docstring = ""
    if blocks and blocks[0].startswith('"""'):
        end = blocks[0].index('"""', 3) + 3
        docstring, blocks[0] = blocks[0][:end] + "\n\n", blocks[0][end:].strip("\n")
    text = HEADER + docstring + TYPES + "".join(f"\n{in_class(block)}\n" for block in blocks if block)
    try:
        ast.parse(text)
    except SyntaxError as error:
        message = f"{paths[0].parent}: the `///` lines are no Python: line {error.lineno}: {error.text}"
        raise StubError(message) from error
    return text


def main() -> int:
    """Write all stubs and remove those of modules that are gone."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FIRMWARE / "stubs"
    written = set()
    for top in SOURCES:
        for folder in sorted({path.parent for path in (FIRMWARE / top).rglob("*.c")}):
            for name, paths in module_files(folder).items():
                if signature_blocks(paths[0].read_text()):
                    (target / f"{name}.pyi").write_text(stub(paths))
                    written.add(f"{name}.pyi")
    for path in target.glob("*.pyi"):
        if path.name not in written:
            path.unlink()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StubError as error:
        sys.exit(str(error))
