"""Floors inside the firmware: who may import whom in firmware/app, no MicroPython header in firmware/lib.

usage: firmware_floors.py ROOT; prints one line for each finding, exits 1 if there is one.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

_ROOMS = {"wire", "store", "sync", "call", "panel"}
# room -> rooms that it may import; each may import itself
_FLOORS = {
    "wire": set[str](),
    "store": {"wire"},
    "call": {"wire", "store"},
    "sync": {"wire", "store"},
    "panel": set[str](),
    "console": _ROOMS,
    "station": _ROOMS | {"console"},
    "main": _ROOMS | {"console", "station"},
}
# native modules of the product that a room may not touch
_FORBIDDEN_NATIVE = {"panel": {"sodium", "shamir", "audio"}}
_MICROPYTHON_HEADER = re.compile(r'^\s*#\s*include\s*[<"](py/|extmod/|shared/|mp[a-z]*port\.h|genhdr/)')


def check_app(app: Path) -> list[str]:
    """Findings for the Python files below firmware/app."""
    findings = []
    rooms = {path.stem if path.is_file() else path.name for path in app.glob("*")}
    for path in sorted(app.rglob("*.py")):
        room = _room(path.relative_to(app))
        if room == "manifest":
            continue
        if room not in _FLOORS:
            findings.append(f"{path}: {room} is no room of firmware/app ({', '.join(sorted(_FLOORS))})")
            continue
        for line, name in _imports(path, app):
            if name in rooms and name != room and name not in _FLOORS[room]:
                findings.append(f"{path}:{line}: {room} must not import {name}")
            if name in _FORBIDDEN_NATIVE.get(room, ()) or name == "__import__":
                findings.append(f"{path}:{line}: {room} must not import {name}")
    return findings


def check_lib(lib: Path) -> list[str]:
    """Findings for the C files below firmware/lib."""
    return [
        f"{path}:{number}: pure C includes a MicroPython header: {line.strip()}"
        for path in sorted([*lib.rglob("*.c"), *lib.rglob("*.h")])
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if _MICROPYTHON_HEADER.match(line)
    ]


def _room(relative: Path) -> str:
    first = relative.parts[0]
    return first.removesuffix(".py")


def _imports(path: Path, app: Path) -> list[tuple[int, str]]:
    """(line, first part of the imported name) of every import, relative ones resolved."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name.split(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.lineno, name) for name in _from_names(node, path.relative_to(app))]
        elif _is_dynamic(node):
            found.append((getattr(node, "lineno", 0), "__import__"))
    return found


def _from_names(node: ast.ImportFrom, relative: Path) -> list[str]:
    if not node.level:
        return [str(node.module).split(".")[0]]
    base = [*relative.parts[: -node.level], *(node.module or "").split(".")]
    base = [part for part in base if part]
    return [base[0]] if base else [alias.name for alias in node.names]


def _is_dynamic(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "__import__"


def main() -> int:
    """Check the tree named on the command line."""
    root = Path(sys.argv[1])
    findings = check_app(root / "firmware/app") + check_lib(root / "firmware/lib")
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
