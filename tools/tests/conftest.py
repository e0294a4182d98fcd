"""Evidence made by hand from the protocol's parts, to be mutated, and the demo's own, made once."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from nacl.public import PublicKey, SealedBox
from nacl.signing import SigningKey
from sealine_protocol import codec, cose, merkle, receipt, recording, shamir
from sealine_protocol.hashes import blake2b256, key_commitment, share_hash
from sealine_protocol.unit import Unit
from sealine_provisioning import bundles
from sealine_provisioning.authority import Authority, Custodianship, fresh_challenge

ROOT = Path(__file__).parents[2]
IMAGE = ROOT / "build" / "firmware" / "qemu" / "firmware.elf"
CUSTODIANS = (("investigator", "Office A"), ("monitor", "Office B"), ("court", "Office C"))
K = 2
SECONDS = 4
RATE = 60_000


@dataclass
class Maker:
    """A facility's keys; `build` writes a folder of evidence with the given changes to the records."""

    folder: Path
    authority: Authority
    people: dict[str, Unit] = field(default_factory=dict)
    credentials: dict[str, bytes] = field(default_factory=dict)
    leaves: list[bytes] = field(default_factory=list)

    def hire(self, role: str, name: str, organisation: str = "") -> Unit:
        unit = Unit.create(self.folder / "keys" / name, role, b"hardware-")
        challenge = fresh_challenge()
        self.credentials[name] = self.authority.issue(
            unit.request(challenge),
            subject=name,
            role=role,
            challenge=challenge,
            custodianship=Custodianship(name, organisation) if organisation else None,
        )
        self.people[name] = unit
        return unit

    @property
    def out(self) -> Path:
        return self.folder / "evidence"

    def write(self, name: str, data: bytes) -> None:
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def write_trust(self, revoked: dict[bytes, int] | None = None) -> None:
        trust = bundles.trust(
            self.authority,
            version=1,
            centrals=[self.credentials["central"]],
            signers=[],
            custodians=[self.credentials[name] for name, _ in CUSTODIANS],
            k=K,
            billing_key=bytes(32),
        )
        self.write("trust/root.pub", self.authority.root_public)
        self.write("trust/bundles/trust.bundle", trust.encode())
        if revoked is not None:
            listed = bundles.revocations(self.authority, version=1, revoked=revoked)
            self.write("trust/bundles/revocations.bundle", listed.encode())
        for name, signed in self.credentials.items():
            self.write(f"trust/credentials/{self.people[name].role}.{name}.0.cose", signed)
        for name, _ in CUSTODIANS:
            shutil.copytree(self.folder / "keys" / name, self.out / "custodians" / name, dirs_exist_ok=True)

    def fields(self, seq: int, prev: bytes, **changes: Any) -> dict[str, Any]:
        now = time.time_ns() // 1_000_000
        ref = {"version": 1, "hash": bytes(32)}
        return {
            "version": 1,
            "kind": "call",
            "id": os.urandom(16),
            "terminal": "phone",
            "facility": self.authority.facility,
            "seq": seq,
            "prev": prev,
            "anchor": bytes(32),
            "started": now - 9000,
            "answered": now - 8000,
            "accepted_at": now - 7000,
            "ended": now,
            "talk_ms": 7000,
            "clock": {"source": "beacon", "age": 0},
            "end_reason": "caller-hangup",
            "person_token": bytes(16),
            "number_token": bytes(16),
            "envelopes": [],
            "privileged": "none",
            "directory": ref,
            "policy": ref,
            "trust": ref,
            "notice": [],
            "tariff": {"version": 1, "hash": bytes(32), "rate": RATE, "cap": RATE, "quote": RATE, "payer": "caller"},
            "charge": {"minutes": 1, "amount": RATE, "refunded": 0},
            "recording": None,
            "firmware": ref | {"version": "test"},
        } | changes

    def record_call(self, fields: dict[str, Any], key: bytes) -> None:
        """Seal chunks and shares for a record; its fields get the envelopes and the recording."""
        record_id, terminal = fields["id"], self.people["phone"].key_id
        chunks = []
        for index in range(SECONDS):
            plain = os.urandom(2 * 8000)
            chunks.append(recording.seal_chunk(key, record_id, index, plain, final=index == SECONDS - 1))
            self.write(f"recordings/{record_id.hex()}/{index}.chunk", chunks[-1])
        readers = []
        for share, (name, organisation) in zip(shamir.split(key, K, len(CUSTODIANS)), CUSTODIANS, strict=True):
            index, value = share[0], share[1:]
            secret = {
                "label": "sealine share",
                "record": record_id,
                "terminal": terminal,
                "k": K,
                "n": len(CUSTODIANS),
                "index": index,
                "share": value,
            }
            sealed = SealedBox(PublicKey(self.people[name].link_key)).encrypt(codec.encode("share-secret", secret))
            self.write(f"envelopes/{record_id.hex()}/share-{index}", sealed)
            fields["envelopes"].append({"kind": "share", "index": index, "hash": blake2b256(sealed)})
            readers.append(
                {
                    "class": name,
                    "organisation": organisation,
                    "key_id": self.people[name].key_id,
                    "share_hash": share_hash(record_id, index, value),
                }
            )
        fields["recording"] = {
            "state": "complete",
            "codec": "pcmu",
            "legs": 2,
            "chunks": SECONDS,
            "bytes": sum(map(len, chunks)),
            "digest": recording.digest(map(recording.chunk_hash, chunks)),
            "k": K,
            "n": len(CUSTODIANS),
            "readers": readers,
            "key_commitment": key_commitment(record_id, key),
            "checkpoint": None,
        }

    def sign(self, fields: dict[str, Any], key: SigningKey | None = None) -> bytes:
        return cose.sign("record", codec.encode("record", fields), key or self.people["phone"].identity)

    def log(self, signed: bytes, name: str) -> None:
        """Write a record, and append it to the log."""
        self.write(f"records/{name}.cose", signed)
        self.leaves.append(signed)

    def write_receipts(self) -> None:
        """A receipt for every record that was logged, from the tree as it is now."""
        hashes = [merkle.leaf_hash(leaf) for leaf in self.leaves]
        key = self.people["central"].identity
        for path in (self.out / "records").glob("*.cose"):
            index = self.leaves.index(path.read_bytes())
            proof = merkle.inclusion_path(index, hashes)
            data = receipt.make(index, len(hashes), proof, merkle.root(hashes), key, int(time.time()) + 1)
            self.write(f"receipts/{path.stem}.receipt", data)

    def first(self) -> bytes:
        """What the first record follows."""
        return blake2b256(self.credentials["phone"])


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    """A facility with a phone, a log and three custodians, and no evidence yet."""
    made = Maker(tmp_path, Authority.create(tmp_path / "safe", "lakeside", b"test only"))
    made.hire("terminal", "phone")
    made.hire("central", "central")
    made.hire("requester", "prosecutor")
    for name, organisation in CUSTODIANS:
        made.hire("custodian", name, organisation)
    return made


@pytest.fixture
def evidence(maker: Maker) -> Maker:
    """Good evidence: a recorded call, a privileged one, a refused one."""
    maker.write_trust()
    recorded = maker.fields(0, maker.first())
    maker.record_call(recorded, os.urandom(32))
    one = maker.sign(recorded)
    two = maker.sign(maker.fields(1, blake2b256(one), privileged="directory"))
    three = maker.sign(
        maker.fields(
            2, blake2b256(two), accepted_at=None, talk_ms=0, end_reason="refused",
            charge={"minutes": 0, "amount": 0, "refunded": 0},
        )
    )  # fmt: skip
    for place, signed in enumerate((one, two, three)):
        maker.log(signed, f"phone-{place:08d}")
    maker.write_receipts()
    return maker


@dataclass(frozen=True)
class Run:
    """One finished run of `sealine demo --once`."""

    folder: Path
    code: int
    output: str


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The whole demo, once for all tests."""
    if not IMAGE.exists():
        pytest.fail("no firmware image: run 'make firmware'")
    base = tmp_path_factory.mktemp("demo")
    (base / "tmp").mkdir()
    return _run_demo(base / "out", base / "tmp")


def _start_demo(out: Path, temporary: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [str(Path(sys.executable).with_name("sealine")), "demo", "--once", "--out", str(out), *arguments]
    environment = os.environ | {"TMPDIR": str(temporary), "COLUMNS": "100"}
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )


def _run_demo(out: Path, temporary: Path, *arguments: str) -> Run:
    process = _start_demo(out, temporary, *arguments)
    try:
        output, _ = process.communicate(timeout=170)
    finally:
        process.terminate()
    return Run(out, process.returncode, output)


@pytest.fixture
def run_demo() -> Callable[..., Run]:
    """`sealine demo --once`, to its end: (out, temporary folder, further arguments)."""
    return _run_demo


@pytest.fixture
def start_demo() -> "Iterator[Callable[..., subprocess.Popen[str]]]":
    """The same, left running; ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: Any) -> "subprocess.Popen[str]":
        started.append(_start_demo(*arguments))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=30)
