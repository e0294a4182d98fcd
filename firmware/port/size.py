# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""Print what the image takes of flash and RAM, by part, beside the budget; exit 1 when it is passed.

Usage: size.py firmware.map
"""

import re
import sys
from collections import Counter
from pathlib import Path

# An RP2350 has 520 KB of RAM; half a megabyte of flash leaves room for two images and their data in its 4 MB.
FLASH_BUDGET = 512 * 1024
RAM_BUDGET = 520 * 1024
CODE_ORIGIN, RAM_ORIGIN, REGION_BYTES = 0x10000000, 0x38000000, 0x400000

_PARTS = (
    ("libsodium", "libsodium/"),
    ("lwIP", "/lwip/"),
    ("littlefs", "lib/littlefs/"),
    ("frozen Python", "frozen_content.o"),
    ("audio, shamir", "/firmware_lib/"),
    ("bindings", "/audio/"),
    ("bindings", "/shamir/"),
    ("bindings", "/sodium/"),
    ("MicroPython", "/py/"),
    ("MicroPython", "/extmod/"),
    ("MicroPython", "/shared/"),
    ("MicroPython", "/lib/libm"),
    ("compiler library", "libgcc.a"),
    ("port", ""),
)
_INPUT = re.compile(r"^ (\.\S+|COMMON)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)$")
_OUTPUT = re.compile(r"^(\.\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)")


def part_of(path: str, section: str) -> str:
    """Name of the part that a section of an object file belongs to."""
    if section == ".bss.heap":
        return "heap of MicroPython"
    return next(name for name, mark in _PARTS if mark in path)


def measure(text: str) -> tuple[Counter[str], Counter[str]]:
    """Bytes of flash and of RAM by part, from a linker map. Initial values of variables count as both."""
    flash: Counter[str] = Counter()
    ram: Counter[str] = Counter()
    body = text[text.index("Linker script and memory map") :]
    joined = re.sub(r"^( \.\S+)\n\s+", r"\1 ", body, flags=re.MULTILINE)
    for line in joined.splitlines():
        if found := _OUTPUT.match(line):
            if found[1] == ".stack":
                ram["stack"] += int(found[3], 16)
        elif found := _INPUT.match(line):
            section, address, size, path = found[1] or "", int(found[2], 16), int(found[3], 16), found[4]
            if CODE_ORIGIN <= address < CODE_ORIGIN + REGION_BYTES:
                flash[part_of(path, section)] += size
            elif RAM_ORIGIN <= address < RAM_ORIGIN + REGION_BYTES:
                ram[part_of(path, section)] += size
                if section.startswith(".data"):
                    flash[part_of(path, section)] += size
    return flash, ram


def report(name: str, parts: Counter[str], budget: int) -> bool:
    """Print one table; whether the budget holds."""
    total = sum(parts.values())
    print(f"{name:26}{'bytes':>10}")
    for part, size in parts.most_common():
        print(f"  {part:24}{size:>10}")
    print(f"  {'in all':24}{total:>10}   of {budget} ({100 * total / budget:.0f} %)")
    return total <= budget


def main() -> int:
    """Command line; the exit status."""
    flash, ram = measure(Path(sys.argv[1]).read_text(encoding="utf-8"))
    held = [report("flash", flash, FLASH_BUDGET), report("RAM", ram, RAM_BUDGET)]
    if not all(held):
        print("the image has passed its budget: see firmware/port/size.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
