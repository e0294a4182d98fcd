# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""What central holds, read beside it while it runs; and the people who open a recording together."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sealine_central.custody import people
from sealine_central.custody.case import Case
from sealine_central.custody.opening import open_recording
from sealine_central.custody.standing import newest
from sealine_protocol import codec, cose, mulaw, recording
from sealine_protocol.unit import Unit

from sealine_hil import speech
from sealine_hil.errors import HilError
from sealine_hil.facility import Facility

POLL_S: Final = 0.05
ALARM_STATUS: Final = 3  # of `sealine-central watch` when a chain needs a person


@dataclass(frozen=True)
class Held:
    """One record as central holds it."""

    hash: bytes
    signed: bytes
    fields: dict[str, Any]
    fork_of: bytes | None
    received_ms: int


@dataclass(frozen=True)
class OpenedLegs:
    """An opened recording: samples as in `Board.speak`, near leg (handset) and far leg."""

    near: bytes
    far: bytes
    seconds: int
    missing: tuple[int, ...]
    case: Path


class Witness:
    """Reads central's store and blobs; writes only custody's objects, as the people with their own keys do."""

    def __init__(self, facility: Facility) -> None:
        self._facility = facility
        self._state = facility.directory / "central"

    def records(self, terminal: str | None = None) -> list[Held]:
        """All records (of one terminal), by seq."""
        query = "SELECT hash, signed, fork_of, received FROM record WHERE ? IN ('', terminal) ORDER BY seq, leaf"
        return [
            Held(bytes(row[0]), bytes(row[1]), _fields(row[1]), row[2], row[3])
            for row in self._select(query, terminal or "")
        ]

    def wait_records(self, count: int, terminal: str | None = None, *, timeout_s: float = 10.0) -> list[Held]:
        """Wait until central holds so many. Raises HilError."""
        self._wait(lambda: len(self.records(terminal)) >= count, timeout_s, f"central does not hold {count} records")
        return self.records(terminal)

    def watch(self) -> str:
        """What `sealine-central watch` says of the chains."""
        return self._central("watch", good=(0, ALARM_STATUS))

    def quarantined(self) -> list[str]:
        """Why objects were refused."""
        return [f"{reason}: {what}" for reason, what in self._select("SELECT reason, what FROM quarantine")]

    def leaves(self) -> int:
        """Size of the log."""
        return int(self._select("SELECT count(*) FROM node WHERE level = 0")[0][0])

    def chunks(self, record_id: bytes) -> list[bytes]:
        """The chunks of a recording from the first on, up to the first that is missing."""
        folder = self._state / "recordings" / record_id.hex()
        found: list[bytes] = []
        while (path := folder / f"{len(found)}.chunk").exists():
            found.append(path.read_bytes())
        return found

    def wait_chunks(self, record_id: bytes, count: int, *, timeout_s: float = 10.0) -> list[bytes]:
        """Wait until central holds the first `count` chunks. Raises HilError."""
        self._wait(lambda: len(self.chunks(record_id)) >= count, timeout_s, f"central does not hold {count} chunks")
        return self.chunks(record_id)

    def is_whole(self, record: dict[str, Any]) -> bool:
        """Whether the chunks that the record counts are here and give its digest."""
        facts = record["recording"]
        chunks = self.chunks(record["id"])[: facts["chunks"]]
        digest = recording.digest(map(recording.chunk_hash, chunks))
        return bool(len(chunks) == facts["chunks"] and digest == facts["digest"])

    def wait_whole(self, record: dict[str, Any], *, timeout_s: float = 10.0) -> None:
        """Wait for that. Raises HilError."""
        self._wait(lambda: self.is_whole(record), timeout_s, "the recording at central is not whole")

    def open(self, record_id: bytes, custodians: Sequence[str] = ("investigator", "court")) -> OpenedLegs:
        """Request, grants and opening by these custodians, each step logged. Raises what custody raises."""
        facility = self._facility
        folder = facility.directory / "cases" / f"{record_id.hex()}-{time.monotonic_ns()}"
        self._central("export", str(folder), "--record", record_id.hex())
        requester = facility.directory / "requester"
        shutil.copyfile(requester / "credential.cose", folder / "people" / "prosecutor.cose")
        me = facility.requester()
        people.request(self._case(folder, me), me, "24-CR-0117", os.urandom(16))
        self._admit(requester, folder / "request.cose")
        for class_ in custodians:
            custodian = facility.custodian(class_)
            signed = people.grant(self._case(folder, custodian), custodian)
            path = next(path for path in (folder / "grants").glob("*.cose") if path.read_bytes() == signed)
            self._admit(facility.directory / "custodians" / class_, path)
        opened = open_recording(self._case(folder, me), me)
        self._admit(requester, folder / "opening.cose")
        near, far = speech.read_wav(opened.wav)
        return OpenedLegs(near, far, opened.seconds, opened.missing, folder)

    def _case(self, folder: Path, reader: Unit) -> Case:
        return Case.load(folder, newest(folder, reader.directory, self._facility.authority.root_public))

    def _admit(self, signer: Path, signed: Path) -> None:
        credential = str(signer / "credential.cose")
        self._central("admit", "--facility", self._facility.name, "--credential", credential, str(signed))

    def _central(self, command: str, *arguments: str, good: Sequence[int] = (0,)) -> str:
        """What one command of `sealine-central` prints. Raises HilError with what it says on failure."""
        program = str(Path(sys.executable).with_name("sealine-central"))
        config = ["--config", str(self._facility.central_config)]
        wide = os.environ | {"COLUMNS": "200"}
        done = subprocess.run(
            [program, command, *config, *arguments], capture_output=True, text=True, check=False, env=wide
        )
        if done.returncode not in good:
            raise HilError(f"sealine-central {command}: {done.stderr[-500:]}")
        return done.stdout

    def _select(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        path = self._state / "central.sqlite"
        if not path.exists():
            return []
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        try:
            return db.execute(query, values).fetchall()
        finally:
            db.close()

    @staticmethod
    def _wait(condition: Callable[[], bool], timeout_s: float, failure: str) -> None:
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                raise HilError(f"{failure} after {timeout_s:g} s")
            time.sleep(POLL_S)


def coded(pcm: bytes) -> bytes:
    """The samples as they sound after one pass through mu-law: what the best opened recording can be."""
    return mulaw.decode(mulaw.encode(pcm))


def _fields(signed: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = codec.decode("record", cose.parse(signed).payload)
    return fields
