"""Small files that are either the old one or the new one, whatever happens between (littlefs, or POSIX)."""

import os

from micropython import const

from store import StoreError

MAX_FILE_BYTES = const(20480)  # an enrolment with its trust bundle, with room
_TEMPORARY = ".new"


class Folder:
    """One flat directory. Names are fixed words of the program, never input."""

    def __init__(self, path: str) -> None:
        """Use the directory `path`; it is made if it is not there."""
        self.path = path.rstrip("/")
        self._make()

    def _make(self) -> None:
        try:
            os.stat(self.path or "/")
        except OSError:
            os.mkdir(self.path)

    def path_of(self, name: str) -> str:
        """Return the path of a file in this folder."""
        return self.path + "/" + name

    def names(self) -> list[str]:
        """Return the names of all files."""
        return [entry[0] for entry in os.ilistdir(self.path or "/")]

    def read(self, name: str, limit: int = MAX_FILE_BYTES) -> bytes | None:
        """Return a file's bytes, None if it is not there; StoreError if it is longer than `limit`."""
        try:
            size = os.stat(self.path_of(name))[6]
        except OSError:
            return None
        if size > limit:
            raise StoreError("file: longer than its limit")
        try:
            with open(self.path_of(name), "rb") as file:
                return file.read()
        except OSError:
            raise StoreError("file: cannot be read")

    def write(self, name: str, data: bytes) -> None:
        """Replace a file by one atomic step, durable on return; StoreError when the flash is full or fails."""
        temporary = self.path_of(name + _TEMPORARY)
        try:
            with open(temporary, "wb") as file:
                file.write(data)
                file.flush()
            os.rename(temporary, self.path_of(name))
        except OSError:
            raise StoreError("file: cannot be written")

    def remove(self, name: str) -> None:
        """Delete a file if it is there."""
        try:
            os.remove(self.path_of(name))
        except OSError:
            return

    def clean(self) -> None:
        """Delete what an interrupted write left behind."""
        for name in self.names():
            if name.endswith(_TEMPORARY):
                self.remove(name)
