# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""Make hil_tests/sealine_hil/window.py from window.h, so that no offset is written twice by hand.

Usage: gen_window.py window.h window.py
"""

import ast
import operator
import re
import sys
from pathlib import Path

_DEFINE = re.compile(r"#define WINDOW_(\w+) ([^/]+?)\s*(?://\s*(.*))?$")
_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.LShift: operator.lshift}
_HEAD = '''# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""Layout of the board window: made from firmware/port/boards/window.h by gen_window.py, do not edit."""

from typing import Final

'''


def evaluate(node: ast.expr, names: dict[str, int]) -> int:
    """Value of a constant C expression that is also Python. ValueError: anything but integers, names and + - * <<."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return int(_OPERATORS[type(node.op)](evaluate(node.left, names), evaluate(node.right, names)))
    raise ValueError(f"not a constant expression: {ast.dump(node)}")


def generate(header: str) -> str:
    """Text of window.py for the text of window.h."""
    names: dict[str, int] = {}
    lines = []
    for line in header.splitlines():
        if found := _DEFINE.match(line):
            name, expression, comment = found.groups()
            value = evaluate(ast.parse(expression, mode="eval").body, names)
            names["WINDOW_" + name] = value
            shown = str(value) if value < 256 else f"0x{value:X}"
            lines.append(f"{name}: Final = {shown}" + (f"  # {comment}" if comment else ""))
    return _HEAD + "\n".join(lines) + "\n"


def main() -> None:
    """Command line."""
    header, target = (Path(name) for name in sys.argv[1:])
    target.write_text(generate(header.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
