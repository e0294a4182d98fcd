"""Opening one recording with the programs that requester, custodians and central have."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from sealine_hil.facility import Facility

from sealine_tools.demo import programs
from sealine_tools.demo.cast import CASE
from sealine_tools.demo.errors import DemoError


@dataclass(frozen=True)
class Opening:
    """A case folder in the hands of its people."""

    facility: Facility
    record_id: str
    folder: Path

    def prepare(self) -> None:
        """Central makes the case folder; the requester signs a request; central logs it."""
        facility = self.facility
        programs.run(
            "sealine-central", "export", "--config", facility.central_config, "--record", self.record_id, self.folder
        )
        requester = facility.directory / "requester"
        shutil.copyfile(requester / "credential.cose", self.folder / "people" / "prosecutor.cose")
        programs.run(
            "sealine-custody", "request", self.folder, "--keys", requester, "--root", self._root, "--case", CASE
        )
        self._admit(requester / "credential.cose", self.folder / "request.cose")

    def grant(self, class_: str) -> None:
        """One custodian releases a share; central logs it."""
        directory = self.facility.directory / "custodians" / class_
        before = set(self.folder.glob("grants/*.cose"))
        programs.run("sealine-custody", "grant", self.folder, "--keys", directory, "--root", self._root)
        for path in set(self.folder.glob("grants/*.cose")) - before:
            self._admit(directory / "credential.cose", path)

    def refused(self) -> str:
        """Try to open without a quorum; what the tool says. DemoError: it opens, or fails at something else."""
        code, said = programs.attempt(
            "sealine-custody", "open", self.folder, "--keys", self._requester, "--root", self._root
        )
        if code == 0 or (self.folder / "opened.wav").exists():
            raise DemoError("the recording opened without a quorum")
        if "stays closed" not in said:
            raise DemoError(f"the opening failed for another reason: {said}")
        return said.removeprefix("sealine-custody: ")

    def open(self) -> None:
        """Open with a quorum, and have the opening logged."""
        programs.run("sealine-custody", "open", self.folder, "--keys", self._requester, "--root", self._root)
        self._admit(self._requester / "credential.cose", self.folder / "opening.cose")

    @property
    def _root(self) -> Path:
        return self.facility.directory / "safe" / "root.pub"

    @property
    def _requester(self) -> Path:
        return self.facility.directory / "requester"

    def _admit(self, credential: Path, signed: Path) -> None:
        facility = self.facility
        programs.run(
            "sealine-central",
            "admit",
            "--config",
            facility.central_config,
            "--facility",
            facility.name,
            "--credential",
            credential,
            signed,
        )
