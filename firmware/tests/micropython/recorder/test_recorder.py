"""A recording from the key's birth to its end: who can open it, when the key may be used, what is left of it."""

import authority
import littlefs
import shamir
import sodium
from authority import CUSTODIANS, Terminal
from call.envelope import EnvelopeError, Envelopes
from call.recorder import MAX_CHUNKS, Recorder, RecorderError
from check import equal, raises, run
from nor import Nor
from store.spool import Spool
from wire import codec
from wire.hashes import blake2b256, key_commitment, share_hash

ID = bytes(range(16))
SLOTS = 31


class Voice:
    """Frames as audio.rec_read_into gives them: every byte tells leg and frame."""

    def __init__(self, frames):
        self.left = frames
        self.number = 0

    def __call__(self, buf, place, frames_per_leg):
        if not self.left:
            return False
        buf[place * 160 : place * 160 + 160] = bytes([self.number & 0x7F]) * 160
        at = (frames_per_leg + place) * 160
        buf[at : at + 160] = bytes([0x80 | self.number & 0x7F]) * 160
        self.left -= 1
        self.number += 1
        return True


class Bench:
    """A terminal with a trust bundle, a spool and a recorder."""

    def __init__(self, trust=None, slots=SLOTS):
        littlefs.start()
        self.unit = Terminal(Nor(1))
        self.unit.enrol(trust)
        self.flash = Nor(slots * 4 + 1)
        self.spool = Spool(self.flash, 1)
        self.spool.mount()
        self.recorder = Recorder(self.spool)
        self.envelopes = Envelopes(ID)
        self.chunks = {}
        self.now = 0

    def prepare(self):
        return self.recorder.prepare(ID, self.unit.identity.key_id, self.unit.trust, self.envelopes)

    def begin(self):
        facts = self.prepare()
        self.recorder.start(self.now)
        return facts

    def talk(self, frames, confirm=True):
        voice = Voice(frames)
        while self.recorder.pump(voice, self.now):
            self.now += 1000
            if confirm:
                self.deliver()
            self.recorder.tick(self.now)

    def deliver(self):
        while True:
            ready = self.spool.outgoing()
            if ready is None:
                return
            self.chunks[ready[1]] = codec.decode("bulk-chunk", bytes(ready[2]))["data"]
            self.spool.confirmed(ready[0], ready[1])
            self.recorder.confirmed(ready[0], ready[1], self.now)

    def finish(self):
        facts = self.recorder.finish(self.now)
        self.deliver()
        return facts


def opened_key(bench, holders):
    """Unseal the shares of these custodians and combine them, as the custodian tool does."""
    shares = []
    for place in holders:
        secret = sodium.seal_open(CUSTODIANS[place].link, CUSTODIANS[place].link_secret, bench.envelopes.sealed[place])
        fields = codec.decode("share-secret", bytes(secret))
        equal((fields["record"], fields["terminal"]), (ID, bench.unit.identity.key_id))
        equal((fields["k"], fields["n"], fields["index"]), (2, 3, place + 1))
        shares.append(bytearray(bytes([fields["index"]]) + fields["share"]))
    return shamir.combine(shares)


def open_chunk(key, index, data, final):
    number = index.to_bytes(8, "big")
    return sodium.xaead_decrypt(key, bytes(16) + number, ID + number + bytes([final]), data)


def test_two_of_three_open_every_second():
    bench = Bench()
    bench.begin()
    bench.talk(120)
    facts = bench.finish()
    equal((facts["state"], facts["chunks"], facts["k"], facts["n"]), ("complete", 3, 2, 3))
    for holders in ((0, 1), (0, 2), (1, 2)):
        key = opened_key(bench, holders)
        equal(key_commitment(ID, key), facts["key_commitment"])
    state = sodium.Hash(32)
    for index in range(3):
        data = bench.chunks[index]
        state.update(blake2b256(data))
        frames = 50 if index < 2 else 20
        plain = bytes(open_chunk(key, index, data, int(index == 2)))
        first = [index * 50 + number for number in range(frames)]
        want = b"".join([bytes([number & 0x7F]) * 160 for number in first])
        want += b"".join([bytes([0x80 | number & 0x7F]) * 160 for number in first])
        equal(plain == want, True)
        raises(sodium.Error, "", open_chunk, key, index, data, int(index != 2))
    equal(facts["digest"], state.digest())
    equal(facts["bytes"], sum([len(data) for data in bench.chunks.values()]))


def test_whatever_fails_at_the_birth_leaves_no_key():
    for error in (MemoryError, KeyError, RuntimeError):
        bench = Bench()
        bench.envelopes.person("1017", authority.BILLING.link)

        def fail(*_args, error=error):
            raise error("no")

        bench.envelopes.share = fail
        raises(error, "", bench.prepare)
        equal(bytes(bench.recorder._key), bytes(32))
        equal((bench.recorder.state, len(bench.envelopes.sealed), len(bench.envelopes.refs)), ("idle", 1, 1))


def test_a_recording_ends_where_its_format_ends():
    bench = Bench()
    bench.begin()
    bench.recorder._chunks = MAX_CHUNKS - 1
    bench.talk(100, confirm=False)
    equal((bench.recorder.state, bytes(bench.recorder._key)), ("stopped", bytes(32)))
    equal(bench.finish()["chunks"], MAX_CHUNKS)


def test_envelopes_and_share_hashes_are_in_the_record():
    bench = Bench()
    bench.envelopes.person("1017", authority.BILLING.link)
    bench.envelopes.number("12025550100", authority.BILLING.link)
    facts = bench.prepare()
    equal([ref["kind"] for ref in bench.envelopes.refs], ["person", "number", "share", "share", "share"])
    equal([ref["hash"] for ref in bench.envelopes.refs], [blake2b256(data) for data in bench.envelopes.sealed])
    billing = sodium.seal_open(authority.BILLING.link, authority.BILLING.link_secret, bench.envelopes.sealed[1])
    equal(codec.decode("number-secret", bytes(billing))["number"], "12025550100")
    for place in range(3):
        sealed = bench.envelopes.sealed[2 + place]
        secret = sodium.seal_open(CUSTODIANS[place].link, CUSTODIANS[place].link_secret, sealed)
        share = codec.decode("share-secret", bytes(secret))["share"]
        equal(facts["readers"][place]["share_hash"], share_hash(ID, place + 1, share))
        equal(facts["readers"][place]["key_id"], CUSTODIANS[place].id)
        equal(facts["readers"][place]["class"], "class-%d" % place)


def test_key_is_not_used_before_the_start():
    bench = Bench()
    raises(RecorderError, "no key", bench.recorder.start, 0)
    bench.prepare()
    raises(RecorderError, "busy", bench.prepare)
    bench.talk(200)
    equal(bench.spool.backlog(), 0)
    equal(bench.finish(), None)


def test_key_is_wiped_at_every_end():
    ends = (
        lambda bench: bench.recorder.finish(bench.now),
        lambda bench: bench.recorder.wipe(),
        lambda bench: bench.recorder._stop(),
    )
    for end in ends:
        for begin in (Bench.prepare, Bench.begin):
            bench = Bench()
            begin(bench)
            key = bench.recorder._key
            equal(bytes(key) != bytes(32), True)
            if begin is Bench.begin:
                bench.talk(70)
            end(bench)
            equal(bytes(key), bytes(32))
            equal(bytes(bench.recorder._plain), bytes(len(bench.recorder._plain)))


def test_next_call_has_another_key():
    bench = Bench()
    keys = []
    for _ in range(3):
        bench.begin()
        keys.append(bytes(bench.recorder._key))
        bench.talk(60)
        bench.finish()
    equal(len(set(keys)), 3)


def test_no_nonce_comes_twice_under_one_key():
    bench = Bench()
    seen = []
    whole = sodium.xaead_encrypt_into

    def watched(out, key, nonce, data, message):
        seen.append((bytes(key), bytes(nonce)))
        return whole(out, key, nonce, data, message)

    import call.recorder

    call.recorder.sodium = Watched(sodium, watched)
    try:
        for _ in range(2):
            bench.begin()
            bench.talk(175)
            bench.finish()
        bench.begin()
        bench.talk(1000, confirm=False)
        bench.finish()
    finally:
        call.recorder.sodium = sodium
    equal(len(seen) > 15, True)
    equal(len(set(seen)), len(seen))


class Watched:
    """The module, with one function replaced."""

    def __init__(self, module, function):
        self._module = module
        self.xaead_encrypt_into = function

    def __getattr__(self, name):
        return getattr(self._module, name)


def test_sets_that_do_not_hold_make_no_key_and_no_envelope():
    good = [authority.custodian(place) for place in range(3)]
    for trust in (
        authority.trust_body(good, k=1),
        authority.trust_body(good, k=4),
        authority.trust_body([good[0], good[0]]),
        authority.trust_body([good[0], authority.custodian(1, exp=authority.NOW - 1)]),
    ):
        bench = Bench(trust)
        bench.envelopes.person("1017", authority.BILLING.link)
        raises(RecorderError, "", bench.prepare)
        equal(bench.recorder.state, "idle")
        equal(bytes(bench.recorder._key), bytes(32))
        equal(len(bench.envelopes.sealed), 1)


def test_failing_seal_makes_no_key():
    good = [authority.custodian(place) for place in range(2)]
    low_order = authority.custodian(2, link_key=bytes(32))
    bench = Bench(authority.trust_body(good + [low_order]))
    raises(RecorderError, "", bench.prepare)
    equal(bytes(bench.recorder._key), bytes(32))
    equal(bench.envelopes.refs, [])
    raises(EnvelopeError, "", bench.envelopes.number, "12025550100", bytes(32))


def test_checkpoint_every_ten_confirmed_chunks():
    bench = Bench()
    bench.begin()
    bench.talk(9 * 50)
    equal(bench.recorder.checkpoint(5), None)
    bench.talk(50)
    point = codec.decode("checkpoint", bench.recorder.checkpoint(5))
    equal((point["record"], point["chunks"], point["time"]), (ID, 10, 5))
    state = sodium.Hash(32)
    for index in range(10):
        state.update(blake2b256(bench.chunks[index]))
    equal(point["digest"], state.digest())
    equal(point["bytes"], sum([len(data) for data in bench.chunks.values()]))
    equal(bench.recorder.checkpoint(5), None)


def test_checkpoint_counts_only_what_is_confirmed_in_order():
    bench = Bench()
    bench.begin()
    bench.talk(9 * 50, confirm=False)
    bench.recorder.confirmed(ID, 3, bench.now)
    bench.recorder.confirmed(bytes(16), 0, bench.now)
    bench.recorder.confirmed(ID, 99, bench.now)
    equal(bench.recorder._confirmed, 0)
    bench.deliver()
    equal(bench.recorder._confirmed, 9)
    bench.recorder.confirmed(ID, 3, bench.now)
    equal(bench.recorder._confirmed, 9)


def test_stops_after_ten_seconds_without_delivery_and_keeps_what_was_sealed():
    bench = Bench()
    bench.begin()
    bench.talk(2 * 50)
    bench.talk(30 * 50, confirm=False)
    equal(bench.recorder.state, "stopped")
    equal(bytes(bench.recorder._key), bytes(32))
    facts = bench.finish()
    equal(facts["state"], "stopped")
    equal(11 <= facts["chunks"] <= 14, True)
    equal(sorted(bench.chunks), list(range(facts["chunks"])))
    key = opened_key(bench, (0, 2))
    for index, data in bench.chunks.items():
        equal(len(open_chunk(key, index, data, 0)), 16_000)


def test_stops_when_the_spool_is_full():
    bench = Bench(slots=2)
    bench.begin()
    bench.talk(8 * 50, confirm=False)
    equal(bench.recorder.state, "stopped")
    equal(bench.finish()["chunks"], 3)


def test_cut_of_two_seconds_loses_nothing():
    bench = Bench()
    bench.begin()
    bench.talk(100, confirm=False)
    bench.talk(100)
    facts = bench.finish()
    equal((facts["state"], facts["chunks"]), ("complete", 5))
    equal(len(open_chunk(opened_key(bench, (0, 1)), 4, bench.chunks[4], 1)), 0)


def test_last_chunk_is_durable_before_the_record():
    bench = Bench()
    bench.begin()
    bench.talk(30)
    bench.recorder.finish(bench.now)
    again = Spool(bench.flash, 1)
    again.mount()
    equal(again.backlog(), 1)


def test_a_pump_moves_frames_without_growing_the_heap():
    import gc

    bench = Bench()
    bench.begin()
    bench.talk(60)
    gc.collect()
    before = gc.mem_alloc()
    bench.recorder.pump(Voice(1), bench.now)
    print("heap of a recorder at rest grows by", gc.mem_alloc() - before, "for one frame, its double included")
    bench.talk(500)
    bench.chunks = {}
    gc.collect()
    equal(gc.mem_alloc() - before < 2000, True)


if __name__ == "__main__":
    run(globals())
