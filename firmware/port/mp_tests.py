# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""Run MicroPython's own test suite against an image in QEMU; exit 1 when a test fails that is not in the list below.

Usage: mp_tests.py <MicroPython's tests folder> <firmware.elf> <folder for results> [more arguments of run-tests.py]

run-tests.py itself skips what the board says it lacks, and prints those tests one by one:
  native_*, viper_*, import_mpy_*, inlineasm   no native code and no .mpy files: only what is frozen into the image runs
  ssl_*, tls_*, cryptolib_*, md5, sha1         no TLS on the device; its cryptography is libsodium
  btree_*, framebuf*, deflate_*, websocket_*   modules that nothing on the terminal uses
  vfs_fat_*, vfs_posix_*, vfs_lfs*             want FAT, a host's files or littlefs 1; littlefs 2 has tests of our own
  machine_* but mem, reset, uart, wdt          devices that the board does not have
  time_ns, cmath, complex, uctypes, settrace   features left out: no wall clock, no complex numbers, no raw structures
  memstats, heap_locked, sys_atexit and alike  features that MicroPython leaves out at this level
"""

import re
import subprocess
import sys
from pathlib import Path

_UNITTEST = re.compile(rb"^\s*import unittest", re.MULTILINE)

# Left out on purpose: pattern of run-tests.py, and why.
SKIPPED: dict[str, str] = {
    "extmod/time_res.py": "takes for granted that time.time exists; a terminal has no wall clock on purpose",
    "extmod/vfs_userfs.py": "imports .mpy files from a file system; the image runs only what is frozen into it",
}


def emulator(image: Path) -> str:
    """Command line of QEMU for run-tests.py, which talks to the pseudo-terminal that it opens."""
    return (
        "qemu-system-arm -machine mps2-an505 -display none -monitor null -serial pty -nic none "
        f"-semihosting-config enable=on,target=native -kernel {image}"
    )


def needing_unittest(tests: Path) -> list[str]:
    """Tests that import the package unittest, which belongs to micropython-lib; the image holds nothing of that."""
    return [str(path.relative_to(tests)) for path in sorted(tests.rglob("*.py")) if _UNITTEST.search(path.read_bytes())]


def main() -> int:
    """Command line; the exit status."""
    tests, image, results = (Path(argument).resolve() for argument in sys.argv[1:4])
    results.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "run-tests.py", "-t", f"execpty:{emulator(image)}", "--result-dir", str(results)]
    for pattern in [*SKIPPED, *needing_unittest(tests)]:
        command += ["-e", pattern]
    command += sys.argv[4:]
    if subprocess.run(command, cwd=tests, check=False).returncode == 0:
        return 0
    print("once more, only what failed: some tests measure time and fail on a busy host", flush=True)
    return subprocess.run([*command, "--run-failures"], cwd=tests, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
