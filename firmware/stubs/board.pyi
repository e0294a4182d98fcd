# Made by firmware/stubs/generate.py from the `///` lines in the C sources: do not edit.
from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview
MutableBuffer: TypeAlias = bytearray | memoryview

def display(row: int, text: str | bytes) -> None:
    """Write one row of the display: padded with spaces, cut after 20 cells.

    Characters outside of Latin-1 become "?"; bytes are cells as they are. ValueError: no such row."""

def lamp(code: int) -> None:
    """Set the lamp to one of the LAMP_ constants. ValueError: no such code."""

def key() -> str | None:
    """Take the next pressed key ("0" to "9", "*", "#"), or None."""

def hook() -> bool:
    """True while the handset is lifted."""

def monotonic_ms() -> int:
    """Milliseconds since the board started; never wraps, never steps."""

def idle_us() -> int:
    """Microseconds since the start in which the processor slept; interrupts count as work."""

def tick_gap_us() -> int:
    """Longest time since the last call in which nobody looked at the codec, in microseconds."""

def reset_cause() -> str:
    """Why the board started: "power", "pin", "soft", "watchdog" or "fault"."""

def crash_log() -> tuple[int, int, int, int, int, int, int, int, int] | None:
    """Take the last crash, once: (kind, pc, lr, sp, psr, cfsr, hfsr, address, uptime_ms), or None.

    Kinds: 1 fault, 2 watchdog, 3 uncaught error in C, 4 no entropy. Addresses and codes only."""

def unique_id() -> bytes:
    """The unit's hardware identity, 16 bytes; not secret."""

def settings() -> bytes:
    """Small text that belongs to the unit (such as its gateway's address); at most 2048 bytes, not authenticated."""

def image() -> memoryview:
    """The running program's bytes, read-only: what the hash in a record is made of."""

def open_console() -> None:
    """Let the console interrupt the program, and give it a REPL when the program ends. Holds until the next reset.

    Without it Ctrl-C does nothing and the end of the program restarts the board."""

def dropped() -> tuple[int, int]:
    """Bytes not sent since the start because nobody read them: (console, link)."""

class Flash:
    """One partition of the NOR flash: "fs", "journal" or "spool". OSError (EINVAL): outside of the partition.

    It is also a block device for littlefs (readblocks, writeblocks, ioctl)."""

    def __init__(self, name: str) -> None: ...

    def size(self) -> int:
        """Bytes of the partition."""

    def sector(self) -> int:
        """Bytes of a sector, the unit of erase."""

    def read_into(self, offset: int, buf: bytearray | memoryview) -> None:
        """Fill the buffer from the flash."""

    def program(self, offset: int, buf: bytes | bytearray | memoryview) -> None:
        """Program the bytes: clears bits, never sets one. Durable when it returns."""

    def erase(self, offset: int) -> None:
        """Set the sector at the offset to 0xff. OSError (EINVAL): not the start of a sector."""

    def readblocks(self, block: int, buf: bytearray, offset: int = 0) -> None: ...

    def writeblocks(self, block: int, buf: bytes, offset: int = 0) -> None:
        """Program; without an offset the blocks are erased first."""

    def ioctl(self, op: int, arg: int) -> int | None: ...
