"""What central has, read beside the running program without its help: its database, and its export."""

import contextlib
import sqlite3
import time
from pathlib import Path
from typing import Final

from sealine_hil.facility import Facility
from sealine_hil.phone import WallPhone
from sealine_protocol import receipt
from sealine_protocol.unit import Unit

from sealine_tools.demo import programs
from sealine_tools.demo.errors import DemoError

SYNC_S: Final = 20.0
PAUSE_S: Final = 0.05


class Ledger:
    """Central's store of one facility, read only."""

    def __init__(self, facility: Facility) -> None:
        self._facility = facility

    def wait_record(self, phone: WallPhone, seq: int) -> bytes:
        """The signed record with this number of this phone's chain. Raises DemoError when it does not come."""
        key_id = phone.credential.key_id if phone.credential else b""
        found = self._wait("SELECT signed FROM record WHERE key_id = ? AND seq = ?", (key_id, seq))
        if found is None:
            raise DemoError(f"central has no record {seq} of {phone.name} after {SYNC_S:g} s")
        return found

    def wait_stored(self, record_id: str) -> None:
        """The recording is whole at central. Raises DemoError when it does not get whole."""
        query = "SELECT stored FROM recording WHERE record_id = ? AND stored IS NOT NULL"
        if self._wait(query, (bytes.fromhex(record_id),)) is None:
            raise DemoError(f"the recording is not whole at central after {SYNC_S:g} s")

    def receipt(self, signed: bytes, folder: Path) -> receipt.Receipt:
        """The log's receipt for a record, from an export into `folder`, verified. Raises DemoError."""
        programs.run("sealine-central", "export", "--config", self._facility.central_config, folder)
        log_key = Unit.load(self._facility.directory / "central").identity_key
        for path in (folder / "records").glob("*.cose"):
            if path.read_bytes() == signed:
                data = (folder / "receipts" / f"{path.stem}.receipt").read_bytes()
                receipt.verify(data, signed, log_key)
                return receipt.parse(data)
        raise DemoError("central's export lacks the record")

    def sealed_files(self) -> set[Path]:
        """Every sealed chunk that gateway or central has."""
        directory = self._facility.directory
        return {path for name in ("gateway", "central") for path in (directory / name).rglob("*.chunk")}

    def _wait(self, query: str, values: tuple[bytes | int, ...]) -> bytes | None:
        """The first column of the first row that answers, once there is one; None when time is over."""
        path = self._facility.directory / "central" / "central.sqlite"
        end = time.monotonic() + SYNC_S
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            while time.monotonic() < end:
                row = database.execute(query, values).fetchone()
                if row is not None:
                    return row[0]  # type: ignore[no-any-return]
                time.sleep(PAUSE_S)
        return None
