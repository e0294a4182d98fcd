"""The record as a value: what a reset leaves, what a call costs, and the codec's word on all of it."""

from call import record
from check import equal, run
from samples import REF, FakeClock, FakeIdentity, draft
from wire import codec
from wire.hashes import blake2b256

T0 = 1_700_000_000_000
IDENTITY = FakeIdentity()
TARIFF = {"version": 1, "hash": bytes(32), "rate": 60_000, "cap": 70_000, "quote": 60_000, "payer": "caller"}
RECORDING = {
    "state": "cut",
    "codec": "pcmu",
    "legs": 2,
    "chunks": 0,
    "bytes": 0,
    "digest": blake2b256(),
    "k": 2,
    "n": 2,
    "readers": [
        {"class": "c", "organisation": "o", "key_id": bytes(16), "share_hash": bytes(32)},
        {"class": "d", "organisation": "p", "key_id": b"1" * 16, "share_hash": bytes(32)},
    ],
    "key_commitment": bytes(32),
    "checkpoint": None,
}


def recorded():
    made = draft(IDENTITY, (0, bytes(32)), 1)
    made["recording"] = RECORDING
    made["privileged"] = "none"
    made["directory"] = REF
    return made


def checked(value):
    equal(codec.decode("record", codec.encode("record", value)), value)
    return value


def test_draft_is_a_whole_record_that_says_reset():
    made = checked(recorded())
    equal((made["end_reason"], made["accepted_at"], made["anchor"]), ("reset", None, IDENTITY.genesis))


def test_anchor_is_the_last_verified_beacon_or_receipt():
    clock = FakeClock()
    clock.anchor = b"a" * 32
    made = record.draft(
        record_id=bytes(16), place=(0, bytes(32)), identity=IDENTITY, clock=clock,
        firmware={"version": "", "hash": bytes(32)}, person_token=None, number_token=bytes(16), envelopes=[],
        privilege=("directory", REF), policy=REF, trust=REF, tariff=TARIFF, recording=None, started=T0,
    )  # fmt: skip
    equal(checked(made)["anchor"], b"a" * 32)


def test_reset_before_acceptance_leaves_no_recording_and_no_charge():
    found = {"record": recorded(), "envelopes": [], "accepted": None, "checkpoint": None}
    made = checked(record.after_reset(found))
    equal((made["recording"], made["charge"]["amount"], made["talk_ms"]), (None, 0, 0))
    equal(made["end_reason"], "reset")


def test_reset_in_the_call_rests_on_the_last_checkpoint():
    point = {
        "version": 1,
        "record": (1).to_bytes(16, "big"),
        "chunks": 20,
        "bytes": 320_320,
        "digest": b"d" * 32,
        "time": T0 + 25_000,
    }
    signed = IDENTITY.sign("checkpoint", codec.encode("checkpoint", point))
    found = {"record": recorded(), "envelopes": [], "accepted": (T0 + 5000, T0 + 2000), "checkpoint": signed}
    made = checked(record.after_reset(found))
    equal((made["answered"], made["accepted_at"], made["ended"]), (T0 + 2000, T0 + 5000, T0 + 25_000))
    equal((made["recording"]["state"], made["recording"]["chunks"]), ("cut", 20))
    equal(made["recording"]["digest"], b"d" * 32)
    equal(made["recording"]["checkpoint"], signed)
    equal(made["talk_ms"], 20_000)
    found["checkpoint"] = None
    made = checked(record.after_reset(found))
    equal((made["recording"]["chunks"], made["recording"]["checkpoint"]), (0, None))


def test_end_before_acceptance_forgets_the_key_that_was_born():
    made = record.finish(
        recorded(), end_reason="refused", ended=T0 + 9, answered=T0 + 5, accepted_at=None, talk_ms=77,
        notice=[], recording=RECORDING,
    )  # fmt: skip
    equal((checked(made)["recording"], made["talk_ms"]), (None, 0))


def test_charge():
    for talk_ms, reason, want in (
        (0, "caller-hangup", (0, 0, 0)),
        (1, "caller-hangup", (1, 60_000, 0)),
        (60_000, "called-hangup", (1, 60_000, 0)),
        (60_001, "called-hangup", (2, 120_000, 0)),
        (60_001, "link-lost", (1, 60_000, 1)),
        (1, "reset", (0, 0, 1)),
        (0, "reset", (0, 0, 0)),
        (3_600_000, "time-limit", (59, 3_540_000, 1)),
    ):
        made = record.charge(TARIFF, talk_ms, reason)
        equal((made["minutes"], made["amount"], made["refunded"]), want)
    free = dict(TARIFF)
    free["payer"] = "nobody"
    for tariff in (None, free):
        equal(record.charge(tariff, 90_000, "link-lost"), {"minutes": 0, "amount": 0, "refunded": 0})


if __name__ == "__main__":
    run(globals())
