"""Handing out what central holds: everything for an auditor, one recording's case folder for custody.

An export holds nothing that central could open: records, receipts, sealed envelopes and chunks.
"""

import shutil
from pathlib import Path

import cbor2

from sealine_central import log
from sealine_central.answers import Answers
from sealine_central.config import Config
from sealine_central.errors import CentralError
from sealine_central.store import Store


def export_all(config: Config, store: Store, answers: Answers, out: Path) -> int:
    """`records/`, `receipts/`, `envelopes/`, `recordings/`; returns how many records."""
    for name in ("records", "receipts"):
        (out / name).mkdir(parents=True, exist_ok=True)
    count = 0
    size = log.size(store.db)
    for key_id, seq, data_hash, leaf, signed in store.db.execute(
        "SELECT key_id, seq, hash, leaf, signed FROM record ORDER BY key_id, seq, leaf"
    ).fetchall():
        stem = f"{key_id.hex()}-{seq:08d}"
        if (out / "records" / f"{stem}.cose").exists():
            stem += f"-fork-{data_hash[:4].hex()}"
        (out / "records" / f"{stem}.cose").write_bytes(signed)
        (out / "receipts" / f"{stem}.receipt").write_bytes(answers.receipt(store.db, leaf, size))
        count += 1
    for name in ("envelopes", "recordings"):
        source = config.state_path / name
        if source.exists():
            shutil.copytree(source, out / name, dirs_exist_ok=True)
    return count


def export_case(config: Config, store: Store, answers: Answers, record_id: bytes, out: Path) -> None:
    """One record as a case folder (see sealine_central.custody.case). Raises CentralError."""
    row = store.db.execute(
        "SELECT leaf, signed, credentials, facility FROM record WHERE record_id = ? ORDER BY leaf LIMIT 1",
        (record_id,),
    ).fetchone()
    if row is None:
        raise CentralError(f"no record {record_id.hex()}")
    leaf, signed, credentials, facility = row
    (out / "credentials").mkdir(parents=True, exist_ok=True)
    (out / "people").mkdir(exist_ok=True)
    (out / "record.cose").write_bytes(signed)
    (out / "record.receipt").write_bytes(answers.receipt(store.db, leaf, log.size(store.db)))
    for place, data in enumerate(cbor2.loads(credentials)):
        (out / "credentials" / f"{place}.cose").write_bytes(data)
    trust = config.directory / config.facilities[facility].bundles / "trust.bundle"
    shutil.copyfile(trust, out / "trust.bundle")
    for name, target in (("envelopes", "envelopes"), ("recordings", "chunks")):
        source = config.state_path / name / record_id.hex()
        if source.exists():
            shutil.copytree(source, out / target, dirs_exist_ok=True)
