"""What a call leaves behind when something is wrong with the journal, the directory or the memory."""

from call import RefusedError
from call.book import Book
from call.details import Call
from call.plan import Plan
from check import equal, raises, run
from nor import Nor
from samples import FIRMWARE, REF, FakeClock, FakeIdentity, draft
from store.journal import Journal
from wire.hashes import blake2b256

SECTORS = 32
FAR = "12025550123"
ACCEPT = 2  # kind of journal entry


class Spool:
    def drop(self, record_id):
        self.dropped = record_id


class Trust:
    ref = REF

    def billing_key(self):
        return b"\x09" + bytes(31)


class Directory:
    """Says what it is told to say."""

    answer = ("none", REF)

    def decide(self, number):
        equal(number, FAR)
        return self.answer


class Recorder:
    state = "idle"
    error = None

    def prepare(self, *_args):
        self.state = "born"
        if self.error:
            raise self.error

    def start(self, _now_ms):
        self.state = "running"

    def pump(self, *_args):
        return False

    def finish(self, _now_ms):
        self.state = "idle"

    def wipe(self):
        self.state = "idle"


class Outgoing:
    def changed(self):
        pass


class Parts:
    """A station with a journal on this flash, and fakes."""

    def __init__(self, flash):
        self.identity = FakeIdentity()
        self.clock = FakeClock()
        self.trust = Trust()
        self.directory = Directory()
        self.recorder = Recorder()
        self.spool = Spool()
        self.outgoing = Outgoing()
        self.firmware = FIRMWARE
        self.monotonic_ms = lambda: 0
        self.journal = Journal(flash, self.identity)
        self.journal.mount()
        self.book = Book(self)
        self.book.set_token_key(bytes(32))


def call(privilege="none"):
    plan = Plan(FAR, privilege)
    plan.directory = REF
    made = Call(bytes(16), None, "en", plan)
    made.started = made.answered = made.accepted_at = 1_700_000_000_000
    return made


def opened(flash):
    """A flash on which one record waits and the next one is open and accepted."""
    parts = Parts(flash)
    for number in (1, 2):
        drafted = draft(parts.identity, parts.journal.next(), number)
        parts.journal.open_record({"record": drafted, "envelopes": []})
        if number == 1:
            parts.book._sign(drafted)
    parts.journal.accepted(drafted["id"], 1_700_000_001_000, 1_700_000_000_500)
    return parts


def test_a_rotten_entry_of_the_open_record_leaves_it_unsigned_and_the_rest_goes_up():
    flash = Nor(SECTORS)
    at = opened(flash).journal._rows[1][ACCEPT]
    flash.data[at + 12] &= flash.data[at + 12] - 1
    for _boot in range(2):
        parts = Parts(flash)
        equal(parts.book.recover(), False)
        equal(parts.journal.unsafe(), True)
        equal(parts.journal.is_open(), False)
        equal(len(list(parts.journal.pending())), 1)
        equal(parts.journal.compact(), False)
    for record_hash, _signed, _envelopes in parts.journal.pending():
        equal(parts.journal.receipted(record_hash, 1_700_000_100, bytes(32)), True)
    parts = Parts(flash)
    equal((parts.journal.counts(), parts.journal.unsafe()), ((0, 0), True))


def test_a_halt_during_a_call_leaves_its_record_unsigned_and_the_call_ends():
    flash = Nor(SECTORS)
    parts = Parts(flash)
    made = call()
    parts.book.open(made)
    equal(parts.journal.is_open(), True)
    equal(parts.book.accept(made), True)
    parts.journal.halt()
    equal(parts.book.close(made, "caller-hangup", 5000, None), 0)
    for _boot in range(2):
        parts = Parts(flash)
        equal(parts.book.recover(), False)
        equal(parts.journal.is_open(), False)
        equal(list(parts.journal.pending()), [])


def test_what_a_reset_left_open_is_signed():
    flash = Nor(SECTORS)
    opened(flash)
    parts = Parts(flash)
    equal((parts.journal.is_open(), parts.book.recover(), parts.journal.is_open()), (True, True, False))
    equal(len(list(parts.journal.pending())), 2)


def test_the_directory_is_asked_again_when_the_key_would_be_born():
    for answer in (("doubt", REF), ("directory", {"version": 2, "hash": bytes(32)}), ("doubt", None)):
        parts = Parts(Nor(SECTORS))
        parts.directory.answer = answer
        made = call()
        parts.book.open(made)
        equal((made.privilege, made.shown, made.plan.directory), (answer[0], answer[0], answer[1]))
        equal(parts.recorder.state, "idle")
        found = parts.journal.recover()["record"]
        equal((found["privileged"], found["directory"]), answer)


def test_a_failed_opening_leaves_no_key():
    parts = Parts(Nor(SECTORS))
    parts.recorder.error = MemoryError("no")
    raises(MemoryError, "", parts.book.open, call())
    equal(parts.recorder.state, "idle")
    parts.recorder.error = None
    parts.journal.halt()
    raises(RefusedError, "", parts.book.open, call())
    equal(parts.recorder.state, "idle")


def test_only_a_protected_call_may_talk_without_an_open_entry():
    parts = Parts(Nor(SECTORS))
    raises(RefusedError, "", parts.book.accept, call())
    equal(parts.book.accept(call("protected")), False)


def test_quarantined_records_are_counted_and_yielded_apart():
    parts = Parts(Nor(SECTORS))
    drafted = draft(parts.identity, parts.journal.next(), 1)
    parts.journal.open_record({"record": drafted, "envelopes": [b"e" * 48]})
    parts.book._sign(drafted)
    [(record_hash, signed, _envelopes)] = list(parts.journal.pending())
    equal(blake2b256(signed), record_hash)
    parts.journal.quarantine(record_hash, b"s" * 80)
    equal(list(parts.journal.pending()), [])
    equal(list(parts.journal.pending(refused=True)), [(record_hash, signed, [b"e" * 48])])
    equal(parts.journal.receipted(record_hash, 1_700_000_100, bytes(32)), True)
    equal(list(parts.journal.pending(refused=True)), [])


if __name__ == "__main__":
    run(globals())
