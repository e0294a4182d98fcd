"""Handing out what central holds: everything for an auditor, one recording's case folder for custody.

An export holds nothing that central could open: records, receipts, sealed envelopes and chunks.
"""

import shutil
from pathlib import Path

import cbor2
from sealine_protocol import credential, durable

from sealine_central import tree
from sealine_central.answers import Answers
from sealine_central.config import Config
from sealine_central.errors import CentralError
from sealine_central.store import Store


def export_all(config: Config, store: Store, answers: Answers, out: Path) -> int:
    """`records/`, `receipts/`, `credentials/`, `envelopes/`, `recordings/`, `heads/`; returns how many records."""
    for name in ("records", "receipts", "credentials", "heads"):
        (out / name).mkdir(parents=True, exist_ok=True)
    size, head = answers.tree_head(store.db)
    for old, signed in store.db.execute("SELECT size, signed FROM tree_head").fetchall():
        (out / "heads" / f"{old}.cose").write_bytes(signed)
    (out / "heads" / f"{size}.cose").write_bytes(head)
    count = 0
    for key_id, seq, data_hash, leaf, fork_of, signed, credentials in store.db.execute(
        "SELECT key_id, seq, hash, leaf, fork_of, signed, credentials FROM record WHERE leaf < ? ORDER BY leaf", (size,)
    ):
        stem = f"{key_id.hex()}-{seq:08d}" + (f"-fork-{data_hash[:4].hex()}" if fork_of else "")
        (out / "records" / f"{stem}.cose").write_bytes(signed)
        (out / "receipts" / f"{stem}.receipt").write_bytes(answers.receipt(store.db, leaf, size))
        for data in cbor2.loads(credentials):
            (out / "credentials" / f"{credential.read(data).key_id.hex()}.cose").write_bytes(data)
        count += 1
    for name in ("envelopes", "recordings"):
        source = config.state_path / name
        if source.exists():
            shutil.copytree(source, out / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns(f"*{durable.SUFFIX}"))
    return count


def export_case(config: Config, store: Store, answers: Answers, record_id: bytes, out: Path) -> None:
    """One record as a case folder (see sealine_central.custody.case). Raises CentralError."""
    row = store.db.execute(
        "SELECT leaf, signed, credentials, facility, folder FROM record WHERE record_id = ? ORDER BY leaf LIMIT 1",
        (record_id,),
    ).fetchone()
    if row is None:
        raise CentralError(f"no record {record_id.hex()}")
    leaf, signed, credentials, facility, folder = row
    if facility not in config.facilities:
        raise CentralError(f"facility {facility}: not in the configuration, its trust bundle cannot be had")
    trust = config.directory / config.facilities[facility].bundles / "trust.bundle"
    if not trust.exists():
        raise CentralError(f"{trust}: not there; custodians verify the case with it")
    for name in ("credentials", "people"):
        (out / name).mkdir(parents=True, exist_ok=True)
    (out / "record.cose").write_bytes(signed)
    (out / "record.receipt").write_bytes(answers.receipt(store.db, leaf, tree.size(store.db)))
    for place, data in enumerate(cbor2.loads(credentials)):
        (out / "credentials" / f"{place}.cose").write_bytes(data)
    shutil.copyfile(trust, out / "trust.bundle")
    if (revocations := trust.with_name("revocations.bundle")).exists():
        shutil.copyfile(revocations, out / revocations.name)
    for source, pattern, target in (
        (config.state_path / "envelopes" / folder, "share-*", out / "envelopes"),  # person and number are billing's
        (config.state_path / "recordings" / record_id.hex(), "*.chunk", out / "chunks"),
    ):
        target.mkdir(exist_ok=True)
        for path in source.glob(pattern):
            if not path.name.endswith(durable.SUFFIX):
                shutil.copyfile(path, target / path.name)
