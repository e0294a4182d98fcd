"""Values that many tests need: an identity with a fixed key, records, and throw-away authorities."""

import sodium
from call import record
from wire import codec, cose
from wire.hashes import blake2b256, key_id

FIRMWARE = {"version": "test", "hash": bytes(32)}
REF = {"version": 1, "hash": b"t" * 32}


class FakeIdentity:
    """Signs with a key of its own."""

    name = "phone-1"
    facility = "test"
    genesis = blake2b256(b"credential")

    def __init__(self, seed=1):
        self.public_key, self._secret = sodium.sign_keypair(bytes([seed]) * 32)
        self.key_id = key_id(self.public_key)

    def signature(self, content, payload):
        return sodium.sign(self._secret, cose.tbs(content, self.key_id, payload))

    def sign(self, content, payload):
        return cose.assemble(content, self.key_id, payload, self.signature(content, payload))


class FakeClock:
    """Time that stands still."""

    anchor = None

    def __init__(self, now_ms=1_700_000_000_000):
        self.now = now_ms

    def stamp(self):
        return {"source": "floor", "age": 5}

    def now_ms(self):
        return self.now

    def floor_ms(self):
        return self.now


def draft(identity, place, number, envelopes=()):
    """A draft record; `number` makes its id."""
    return record.draft(
        record_id=number.to_bytes(16, "big"),
        place=place,
        identity=identity,
        clock=FakeClock(),
        firmware=FIRMWARE,
        person_token=bytes(16),
        number_token=bytes(16),
        envelopes=[{"kind": "person", "index": 0, "hash": blake2b256(data)} for data in envelopes],
        privilege=("doubt", None),
        policy=None,
        trust=REF,
        tariff=None,
        recording=None,
        started=1_700_000_000_000,
    )


def payload(drafted, reason="caller-hangup"):
    """The final payload of a draft."""
    final = record.finish(
        drafted,
        end_reason=reason,
        ended=1_700_000_060_000,
        answered=None,
        accepted_at=None,
        talk_ms=0,
        notice=[],
        recording=None,
    )
    return codec.encode("record", final)
