"""littlefs on the NOR model, so that a power cut can fall into each of its own writes."""

import os

import vfs
from nor import SECTOR, Nor, PowerCut

MOUNT = "/flash"


class Disk:
    """The block device of board.Flash("fs"): once the power is cut, everything fails until `restart`."""

    def __init__(self, sectors):
        self.nor = Nor(sectors, strict=False)  # littlefs relies on its checksums, not on what a torn block holds
        self.dead = False

    def readblocks(self, block, buf, offset=0):
        if self.dead:
            return -5
        self.nor.read_into(block * SECTOR + offset, buf)
        return 0

    def writeblocks(self, block, buf, offset=0):
        return self._try(self.nor.program, block * SECTOR + offset, buf)

    def ioctl(self, request, argument):
        if request == 4:
            return self.nor.size() // SECTOR
        if request == 5:
            return SECTOR
        if request == 6:
            return self._try(self.nor.erase, argument * SECTOR)
        return 0

    def _try(self, operation, *arguments):
        if self.dead:
            return -5
        try:
            operation(*arguments)
        except PowerCut:
            self.dead = True
            return -5
        return 0


def start(disk=None, sectors=64):
    """Mount a disk (a new, formatted one if none is given) at MOUNT, in place of what was there."""
    if "flash" in os.listdir("/"):
        try:
            vfs.umount(MOUNT)
        except OSError:
            pass
    if disk is None:
        disk = Disk(sectors)
        vfs.VfsLfs2.mkfs(disk)
    disk.dead = False
    disk.nor.cut_at = None
    vfs.mount(vfs.VfsLfs2(disk), MOUNT)
    return disk
