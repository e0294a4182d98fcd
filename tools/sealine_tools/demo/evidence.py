"""The evidence that a run leaves, in the layout that `verify` and any other reader finds.

* report.json
* trust/       root.pub, keys/*.pub, credentials/*.cose, bundles/*.bundle, heads/*.cose (the log's)
* records/     *.cose as central stored them       receipts/    the log's, one a record
* envelopes/   <record id>/<kind>-<index>          recordings/  <record id>/<index>.chunk
* spoken/      <record id>-near.wav, -far.wav      opened/      <record id>.wav, <record id>/ request, grants, opening
* custodians/  private keys of the throw-away custodians
* theft/       gateway/, broker/, central/, logs/ as on disk, mqtt/ as on the wire
* logs/
"""

import shutil
from pathlib import Path
from typing import Final

from sealine_hil import speech
from sealine_hil.facility import Facility
from sealine_protocol import credential

from sealine_tools.demo import programs
from sealine_tools.demo.errors import DemoError

REPORT: Final = "report.json"
PARTS: Final = (
    "trust", "records", "receipts", "envelopes", "recordings", "spoken", "opened", "custodians", "theft", "logs"
)  # fmt: skip


class Evidence:
    """One folder; `create` empties it if it holds an earlier run, and refuses to touch anything else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, folder: Path) -> "Evidence":
        """An empty evidence folder. Raises DemoError."""
        if folder.exists() and any(folder.iterdir()) and not (folder / REPORT).exists():
            raise DemoError(f"{folder} holds something else; choose an empty or new directory")
        for part in PARTS:
            if (folder / part).exists():
                shutil.rmtree(folder / part)
            (folder / part).mkdir(parents=True)
        return cls(folder)

    @property
    def report(self) -> Path:
        """Where report.json goes."""
        return self.folder / REPORT

    def spoken(self, record_id: str, near: bytes, far: bytes) -> None:
        """What was said into the handset, and what the called party said: 8 kHz, 16 bit, mono."""
        speech.write_wav(self.folder / "spoken" / f"{record_id}-near.wav", near)
        speech.write_wav(self.folder / "spoken" / f"{record_id}-far.wav", far)

    def opened(self, record_id: str, case: Path) -> None:
        """The opened WAV and the signed papers of its opening."""
        shutil.copyfile(case / "opened.wav", self.folder / "opened" / f"{record_id}.wav")
        papers = self.folder / "opened" / record_id
        (papers / "grants").mkdir(parents=True)
        for path in (*case.glob("*.cose"), *case.glob("*.receipt"), *case.glob("grants/*")):
            if path.stem != "record":
                shutil.copyfile(path, papers / path.relative_to(case))

    def collect(self, facility: Facility, export: Path) -> None:
        """Everything that is public or handed out on purpose; `export` is a folder to be made on the way."""
        programs.run("sealine-central", "export", "--config", facility.central_config, export)
        trust = self.folder / "trust"
        for name in ("records", "receipts", "envelopes", "recordings"):
            shutil.copytree(export / name, self.folder / name, dirs_exist_ok=True)
        shutil.copytree(export / "heads", trust / "heads")
        for name in ("keys", "credentials"):
            (trust / name).mkdir(exist_ok=True)
        shutil.copyfile(facility.directory / "safe" / "root.pub", trust / "root.pub")
        shutil.copytree(facility.directory / "bundles", trust / "bundles", dirs_exist_ok=True)
        for path in sorted((facility.directory / "safe" / "issued").glob("*.cose")):
            claims = credential.read(path.read_bytes())
            stem = f"{claims.role}.{claims.sub}"
            shutil.copyfile(path, trust / "credentials" / f"{stem}.{claims.key_id.hex()[:8]}.cose")
            (trust / "keys" / f"{stem}.pub").write_bytes(claims.identity_key)
        for directory in sorted((facility.directory / "custodians").iterdir()):
            target = self.folder / "custodians" / directory.name
            target.mkdir(exist_ok=True)
            for name in ("identity.key", "link.key"):
                shutil.copyfile(directory / name, target / name)

    def steal(self, facility: Facility) -> Path:
        """Copy the disks of gateway, broker and central, as they are while all of it runs."""
        theft = self.folder / "theft"
        facility.broker.save()
        for name in ("gateway", "broker", "central", "logs"):
            shutil.copytree(facility.directory / name, theft / name, dirs_exist_ok=True)
        return theft

    def logs(self, facility: Facility) -> None:
        """What every program and every phone's console said."""
        sources = [
            *(facility.directory / "logs").glob("*.log"),
            *(facility.directory / "broker").glob("*.log"),
        ]
        for path in sources:
            shutil.copyfile(path, self.folder / "logs" / path.name)
        for path in (facility.directory / "phones").glob("*/console.log"):
            shutil.copyfile(path, self.folder / "logs" / f"{path.parent.name}.log")
