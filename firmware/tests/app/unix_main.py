"""Starts the terminal's program on MicroPython's unix build: the same flash file system, the same parts."""

import sys

import board
import vfs

ROOT = "/flash"


class Watchdog:
    """A host process has none; it is the test that ends a program that hangs."""

    def feed(self):
        pass


def restart():
    sys.exit(75)  # the test starts it again


flash = board.Flash("fs")
probe = bytearray(8192)
flash.read_into(0, probe)
if probe == b"\xff" * len(probe):
    vfs.VfsLfs2.mkfs(flash)
vfs.mount(vfs.VfsLfs2(flash, mtime=False), ROOT)

from main import main  # noqa: E402 the file system comes first, as on the board

main(ROOT, Watchdog(), restart)
