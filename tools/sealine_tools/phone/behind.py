"""What is behind the wall: console, link, sealed seconds and signed records of one phone, read beside the programs.

Nothing here is more than gateway and central have on their disks.
"""

import asyncio
from pathlib import Path
from typing import Any, Final

from sealine_hil.facility import Facility
from sealine_hil.phone import WallPhone
from sealine_hil.witness import Witness

from sealine_tools.demo import words
from sealine_tools.phone.handset import Handset

LOOK_S: Final = 0.5
CONSOLE_LINES: Final = 60
CONSOLE_COLUMNS: Final = 64  # an answer in base64 is long and says nothing to a person
CONSOLE_TAIL_BYTES: Final = 32_768
LINK_LINES: Final = 20
CHUNKS: Final = 30
RECORDS: Final = 5
SHOWN_BYTES: Final = 16


class Behind:
    """Reads only; `look` takes some milliseconds and belongs in a thread."""

    def __init__(self, facility: Facility, phone: WallPhone) -> None:
        self._directory = facility.directory
        self._witness = Witness(facility)
        self._phone = phone
        self._key_id = phone.credential.key_id if phone.credential else b""
        self._mine: dict[str, bool] = {}
        self._seconds: dict[Path, dict[str, Any]] = {}

    def look(self) -> dict[str, Any]:
        """All of it as it is now."""
        link = self._link()
        return {
            "console": self._console(),
            "link": link[-LINK_LINES:],
            # a phone that comes again is up before its old link is down
            "up": sum(1 if " link up " in line else -1 for line in link) > 0,
            "chunks": self._chunks(),
            "records": self._records(),
        }

    def _console(self) -> list[str]:
        lines = _lines(self._phone.qemu.console_log, CONSOLE_TAIL_BYTES)
        return [_short(line) for line in lines[-CONSOLE_LINES:]]

    def _link(self) -> list[str]:
        """The gateway's log lines about this phone's link."""
        mark = f"terminal={self._key_id.hex()[:8]}"
        lines = _lines(self._directory / "logs" / "gateway.log")
        return [line for line in lines if mark in line and (" link up " in line or " link down " in line)]

    def _chunks(self) -> list[dict[str, Any]]:
        """The newest sealed seconds, the newest first; those that central has stored lie there."""
        found: dict[tuple[str, int], dict[str, Any]] = {}
        for place in ("gateway/chunks", "central/recordings"):
            for path in (self._directory / place).glob("*/*.chunk"):
                if path.stem.isdecimal() and self._is_mine(path.parent.name):
                    found[path.parent.name, int(path.stem)] = self._second(path, place.split("/", 1)[0])
        return sorted((second for second in found.values() if second), key=lambda second: -second["at"])[:CHUNKS]

    def _second(self, path: Path, place: str) -> dict[str, Any]:
        """One sealed second, read once; empty when it is just being moved on."""
        if path not in self._seconds:
            try:
                data, at = path.read_bytes(), path.stat().st_mtime
            except OSError:
                return {}
            self._seconds[path] = {
                "record": path.parent.name[:8],
                "second": int(path.stem),
                "bytes": len(data),
                "begins": data[:SHOWN_BYTES].hex(" "),
                "place": place,
                "at": at,
            }
        return self._seconds[path]

    def _is_mine(self, record_id: str) -> bool:
        """The gateway notes whose recording it is; what it has forgotten was asked for before."""
        owner = self._directory / "gateway" / "chunks" / record_id / "terminal"
        if record_id not in self._mine and owner.exists():
            self._mine[record_id] = owner.read_bytes() == self._key_id
        return self._mine.get(record_id, False)

    def _records(self) -> list[list[tuple[str, str]]]:
        held = self._witness.records(self._phone.name)[-RECORDS:]
        return [words.rows_of(one.fields, len(one.signed)) for one in reversed(held)]


async def watch(behind: Behind, handset: Handset) -> None:
    """Show the drawer to the page whenever it changes, until cancelled."""
    shown: dict[str, Any] = {}
    while True:
        sound = {
            "heard": handset.played_frames,
            "spoken": handset.spoken_frames,
            "dropped": handset.dropped_frames,
        }
        drawer = await asyncio.to_thread(behind.look) | {"sound": sound}
        if drawer != shown:
            shown = drawer
            handset.show_drawer(drawer)
        await asyncio.sleep(LOOK_S)


def _short(line: str) -> str:
    return line if len(line) <= CONSOLE_COLUMNS else line[:CONSOLE_COLUMNS] + "…"


def _lines(path: Path, tail_bytes: int | None = None) -> list[str]:
    """A growing file's lines, or those of its tail."""
    try:
        with path.open("rb") as file:
            if tail_bytes is not None:
                file.seek(max(0, file.seek(0, 2) - tail_bytes))
            return file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
