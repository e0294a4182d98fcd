# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""Mount the file system before the program starts.

Code comes from the image only, never from the file system. Only blank flash is formatted: a file system that does not
mount is left as it is, and the program finds no "/".
"""

import sys

import board
import vfs

PROBE_BYTES = 8192  # littlefs keeps its two superblocks in the first two sectors


def _blank(flash: board.Flash) -> bool:
    probe = bytearray(PROBE_BYTES)
    flash.read_into(0, probe)
    return probe == b"\xff" * PROBE_BYTES


def mount() -> None:
    """Mount partition "fs" at "/". OSError: it holds something that is not a sound file system."""
    flash = board.Flash("fs")
    if _blank(flash):
        vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash, mtime=False), "/")


sys.path[:] = [".frozen"]
try:
    mount()
except OSError as error:
    print("file system not mounted:", error)
