"""What makes a record remarkable without making it refusable: it is stored, receipted, and flagged for a person."""

from collections.abc import Mapping
from typing import Any

from sealine_protocol import codec, cose
from sealine_protocol.errors import ProtocolError

_MINUTE_MS = 60_000
_HANG_UPS = ("caller-hangup", "called-hangup")


def of_record(record: Mapping[str, Any], identity_key: bytes) -> list[str]:
    """Words for what a decoded record by this key contradicts: times, privilege, quorum, checkpoint, charge."""
    found = []
    if not _in_order(record):
        found.append("times")
    recording = record["recording"]
    if recording is not None:
        if record["privileged"] != "none":
            found.append("recorded-private")
        if record["accepted_at"] is None:
            found.append("sealed-before-acceptance")
        if not _is_quorum(recording, record["envelopes"]):
            found.append("quorum")
        if not _rests_on_checkpoint(record["id"], recording, identity_key):
            found.append("checkpoint")
    if record["charge"] != _charge(record) or _is_over_cap(record["tariff"]):
        found.append("charge")
    return found


def _in_order(record: Mapping[str, Any]) -> bool:
    times = [record[name] for name in ("started", "answered", "accepted_at", "ended") if record[name] is not None]
    return times == sorted(times)


def _is_quorum(recording: Mapping[str, Any], envelopes: list[dict[str, Any]]) -> bool:
    """2 <= K <= N, N different readers of different organisations, and an envelope for each share."""
    readers, n = recording["readers"], recording["n"]
    shares = sorted(item["index"] for item in envelopes if item["kind"] == "share")
    return (
        2 <= recording["k"] <= n == len(readers)
        and len({reader["key_id"] for reader in readers}) == n
        and len({reader["organisation"] for reader in readers}) == n
        and shares == list(range(1, n + 1))
    )


def _rests_on_checkpoint(record_id: bytes, recording: Mapping[str, Any], identity_key: bytes) -> bool:
    """A cut recording with chunks counts what its terminal had signed before the reset; another has no checkpoint."""
    signed = recording["checkpoint"]
    if signed is None:
        return bool(recording["state"] != "cut" or recording["chunks"] == 0)
    try:
        payload = cose.verify(cose.parse(signed), identity_key, "checkpoint")
        point = codec.decode("checkpoint", payload)
    except ProtocolError:
        return False
    same = all(point[name] == recording[name] for name in ("chunks", "bytes", "digest"))
    return bool(recording["state"] == "cut" and point["record"] == record_id and same)


def _is_over_cap(tariff: Mapping[str, Any] | None) -> bool:
    return tariff is not None and tariff["rate"] > tariff["cap"]


def _charge(record: Mapping[str, Any]) -> dict[str, int]:
    """What the record's own tariff, time and end make of it: anyone can recompute it (P5)."""
    tariff, talk_ms = record["tariff"], record["talk_ms"]
    if tariff is None or tariff["payer"] == "nobody" or talk_ms == 0:
        return {"minutes": 0, "amount": 0, "refunded": 0}
    refunded = 0 if record["end_reason"] in _HANG_UPS else 1
    minutes = -(-talk_ms // _MINUTE_MS) - refunded
    return {"minutes": minutes, "amount": minutes * tariff["rate"], "refunded": refunded}
