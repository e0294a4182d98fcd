"""The call record as a value: as it would be after a reset now, as it is at the end, and what the call costs."""

from micropython import const
from store.clock import Clock
from store.identity import Identity
from wire import codec, cose

_MINUTE_MS = const(60_000)
_HANG_UPS = ("caller-hangup", "called-hangup")
_NO_CHARGE = {"minutes": 0, "amount": 0, "refunded": 0}


def draft(  # noqa: PLR0913 -- a record has that many facts, and each is named at the call
    *,
    record_id: bytes,
    place: tuple[int, bytes],
    identity: Identity,
    clock: Clock,
    firmware: dict,
    person_token: bytes | None,
    number_token: bytes,
    envelopes: list[dict],
    privilege: tuple[str, dict | None],
    policy: dict | None,
    trust: dict,
    tariff: dict | None,
    recording: dict | None,
    started: int,
) -> dict:
    """Return a whole record as it must read if the power fails now; `place` is the journal's (seq, prev).

    `envelopes` are refs, `privilege` is Directory.decide's answer, `recording` what Recorder.prepare returned.
    """
    return {
        "version": 1,
        "kind": "call",
        "id": record_id,
        "terminal": identity.name,
        "facility": identity.facility,
        "seq": place[0],
        "prev": place[1],
        "anchor": clock.anchor or identity.genesis,
        "started": started,
        "answered": None,
        "accepted_at": None,
        "ended": started,
        "talk_ms": 0,
        "clock": clock.stamp(),
        "end_reason": "reset",
        "person_token": person_token,
        "number_token": number_token,
        "envelopes": envelopes,
        "privileged": privilege[0],
        "directory": privilege[1],
        "policy": policy,
        "trust": trust,
        "notice": [],
        "tariff": tariff,
        "charge": dict(_NO_CHARGE),
        "recording": recording,
        "firmware": firmware,
    }


def finish(
    record: dict,
    *,
    end_reason: str,
    ended: int,
    answered: int | None,
    accepted_at: int | None,
    talk_ms: int,
    notice: list[dict],
    recording: dict | None,
) -> dict:
    """Return the final record of a draft; without acceptance there is no recording, no talk and no charge."""
    final = dict(record)
    accepted = accepted_at is not None
    final.update(
        {
            "answered": answered,
            "accepted_at": accepted_at,
            "ended": max(ended, accepted_at or 0, answered or 0, record["started"]),
            "talk_ms": talk_ms if accepted else 0,
            "end_reason": end_reason,
            "notice": notice,
            "charge": charge(record["tariff"], talk_ms if accepted else 0, end_reason),
            "recording": recording if accepted else None,
        }
    )
    return final


def after_reset(found: dict) -> dict:
    """Return the final record of what Journal.recover found: it rests on the last checkpoint, if there is one."""
    record = found["record"]
    if found["accepted"] is None:
        return finish(
            record,
            end_reason="reset",
            ended=record["started"],
            answered=None,
            accepted_at=None,
            talk_ms=0,
            notice=[],
            recording=None,
        )
    accepted_at, answered = found["accepted"]
    recording = record["recording"]
    ended = accepted_at
    if recording is not None and found["checkpoint"] is not None:
        point = codec.decode("checkpoint", cose.parse(found["checkpoint"])[2])
        ended = max(ended, point["time"])
        recording = dict(recording)
        for name in ("chunks", "bytes", "digest"):
            recording[name] = point[name]
        recording["checkpoint"] = found["checkpoint"]
    return finish(
        record,
        end_reason="reset",
        ended=ended,
        answered=answered,
        accepted_at=accepted_at,
        talk_ms=ended - accepted_at,
        notice=[],
        recording=recording,
    )


def charge(tariff: dict | None, talk_ms: int, end_reason: str) -> dict:
    """Return the charge in micro-dollars: started minutes, less the last one when the end was not a hang-up."""
    if tariff is None or tariff["payer"] == "nobody" or talk_ms <= 0:
        return dict(_NO_CHARGE)
    started = (talk_ms + _MINUTE_MS - 1) // _MINUTE_MS
    refunded = 0 if end_reason in _HANG_UPS else 1
    minutes = started - refunded
    return {"minutes": minutes, "amount": minutes * tariff["rate"], "refunded": refunded}
