"""The journal against a logical model, with the power cut at each program and erase in five ways."""

from call import record
from check import equal, raises, run
from nor import CUT_MODES, Nor, PowerCut
from samples import FakeIdentity, draft, payload
from store import JournalError
from store.journal import Journal
from store.log import erase_all
from wire import codec, cose
from wire.hashes import blake2b256

SECTORS = 32
IDENTITY = FakeIdentity()


def mounted(flash):
    journal = Journal(flash, IDENTITY)
    journal.mount()
    return journal


class Model:
    """What was told to be done, and what the journal said it did."""

    def __init__(self):
        self.signed = {}  # seq -> signed bytes that close_record returned
        self.receipted = set()
        self.quarantined = set()
        self.open = None  # [seq, accepted, checkpoints tried, checkpoints kept]
        self.closing = False
        self.leaving = None  # seq that is being receipted or quarantined
        self.calls = 0

    def call(self, journal, checkpoints, size):
        self.calls += 1
        envelopes = [bytes([self.calls]) * 130, b"e" * size]
        place = journal.next()
        drafted = draft(IDENTITY, place, self.calls, envelopes)
        self.open = [place[0], None, [None], 0]
        journal.open_record({"record": drafted, "envelopes": envelopes})
        self.open[1] = False
        journal.accepted(drafted["id"], 1_700_000_001_000, 1_700_000_000_500)
        self.open[1] = True
        for number in range(checkpoints):
            self.open[2].append(bytes([number]) * 3000)
            journal.checkpoint(drafted["id"], self.open[2][-1])
            self.open[3] += 1
        self.closing = True
        signed = journal.close_record(payload(drafted))
        self.signed[place[0]] = signed
        self.open, self.closing = None, False

    def receipt(self, journal, seq):
        self.leaving = seq
        equal(journal.receipted(blake2b256(self.signed[seq]), 1_700_000_100, bytes([seq]) * 32), True)
        self.receipted.add(seq)
        self.leaving = None

    def refuse(self, journal, seq):
        self.leaving = seq
        equal(journal.quarantine(blake2b256(self.signed[seq]), b"refusal"), True)
        self.quarantined.add(seq)
        self.leaving = None

    def scenario(self, journal):
        """Calls, receipts out of order, a refusal, and enough garbage that live entries are moved."""
        for turn in range(5):
            self.call(journal, turn, 700 * turn)
        for seq in (1, 0, 4):
            self.receipt(journal, seq)
        self.refuse(journal, 2)
        while journal.compact():
            pass
        self.call(journal, 1, 5000)
        self.receipt(journal, 3)
        while journal.compact():
            pass

    def check(self, journal):
        """The journal after a remount holds all that it said it holds, and nothing that was never told."""
        equal(journal.unsafe(), False)
        equal(journal.halted(), False)
        pending = {}
        for record_hash, signed, envelopes in journal.pending():
            equal(record_hash, blake2b256(signed))
            fields = codec.decode("record", cose.verify(signed, "record", IDENTITY.public_key))
            equal([blake2b256(envelopes[0])], [fields["envelopes"][0]["hash"]])
            pending[fields["seq"]] = (signed, fields)
        if self.leaving is not None and self.leaving not in pending:
            self.receipted.add(self.leaving)  # done, only the answer was lost
        gone = self.receipted | self.quarantined
        for seq, signed in self.signed.items():
            if seq in gone:
                equal(seq in pending, False)
            else:
                equal(pending[seq][0], signed)
        head = journal.head()
        last = max(self.signed) if self.signed else -1
        if self.open is not None:
            self._check_open(journal, pending, last)
        else:
            equal(journal.recover(), None)
            equal(head[0] if head else -1, last)
        if head and head[0] == last:
            equal(head[1], blake2b256(self.signed[last]))
        for seq, (_, fields) in pending.items():
            if seq - 1 in pending:
                equal(fields["prev"], blake2b256(pending[seq - 1][0]))
            if seq == 0:
                equal(fields["prev"], IDENTITY.genesis)

    def _check_open(self, journal, pending, last):
        seq, accepted, tried, kept = self.open
        found = journal.recover()
        if found is None:
            if seq in pending:
                equal(self.closing, True)  # signed, only the answer was lost
                self.signed[seq] = pending[seq][0]
            else:
                equal(accepted, None)  # open_record never returned
                equal(journal.next()[0], last + 1)
            return
        equal(found["record"]["seq"], seq)
        if accepted is not None:
            equal(found["accepted"] is not None or not accepted, True)
            equal(found["checkpoint"] in tried[kept:] or (kept < 1 and found["checkpoint"] is None), True)

    def resume(self, journal):
        """After a reset: close what is open, and go on calling."""
        found = journal.recover()
        if found is not None:
            found["checkpoint"] = None  # the samples are no signed checkpoints
            signed = journal.close_record(codec.encode("record", record.after_reset(found)))
            self.signed[found["record"]["seq"]] = signed
        self.open, self.closing, self.leaving = None, False, None
        for _, signed, _ in journal.pending():
            fields = codec.decode("record", cose.parse(signed)[2])
            equal(self.signed.get(fields["seq"]), signed)
        while journal.compact():
            pass
        self.call(journal, 1, 100)


def cut_everywhere(mode, again):
    """Cut at each operation of the scenario, and (with `again`) at each of the first operations after the reboot."""
    cuts = 0
    at = 1
    while True:
        flash = Nor(SECTORS, at)
        model = Model()
        journal = mounted(flash)
        flash.cut(at, mode)
        try:
            model.scenario(journal)
        except PowerCut:
            cuts += 1
        else:
            return cuts
        if again:
            flash.cut(1 + at % 3, mode)
            try:
                mounted(flash)
            except PowerCut:
                cuts += 1
        flash.cut_at = None
        model.check(mounted(flash))
        journal = mounted(flash)
        model.check(journal)
        model.resume(journal)
        model.check(mounted(flash))
        at += 1


def test_power_cut_at_every_operation():
    for mode in CUT_MODES:
        cuts = cut_everywhere(mode, again=False)
        print("power cuts,", mode + ":", cuts)
        equal(cuts > 60, True)


def test_half_erased_sector_brings_no_removed_record_back():
    """A removal mark may lie in the half that is gone, and its record in the half that is left."""
    for mode in CUT_MODES:
        for size in range(0, 1600, 40):
            for at in (1, 2):
                flash = Nor(SECTORS, size + 1)
                journal = mounted(flash)
                model = Model()
                model.call(journal, 0, size)
                model.receipt(journal, 0)
                model.call(journal, 0, 4000)
                model.receipt(journal, 1)
                flash.cut(at, mode)
                raises(PowerCut, "", journal.compact)
                model.check(mounted(flash))


def test_power_cut_in_the_recovery_too():
    for mode in CUT_MODES:
        equal(cut_everywhere(mode, again=True) > 60, True)


def test_chain_begins_at_the_credential_and_goes_on():
    journal = mounted(Nor(SECTORS))
    equal(journal.next(), (0, IDENTITY.genesis))
    model = Model()
    model.call(journal, 0, 0)
    model.call(journal, 0, 0)
    equal(journal.next(), (2, blake2b256(model.signed[1])))
    equal(journal.head(), (1, blake2b256(model.signed[1])))


def test_head_survives_the_removal_of_all_records():
    flash = Nor(SECTORS)
    journal = mounted(flash)
    model = Model()
    for _ in range(3):
        model.call(journal, 0, 0)
    for seq in range(3):
        model.receipt(journal, seq)
    while journal.compact():
        pass
    equal(list(mounted(flash).pending()), [])
    equal(mounted(flash).head(), (2, blake2b256(model.signed[2])))


def test_only_the_record_with_those_bytes_is_removed():
    journal = mounted(Nor(SECTORS))
    model = Model()
    model.call(journal, 0, 0)
    equal(journal.receipted(bytes(32), 1, bytes(32)), False)
    equal(len(list(journal.pending())), 1)


def test_steps_out_of_order_are_refused():
    journal = mounted(Nor(SECTORS))
    drafted = draft(IDENTITY, journal.next(), 7)
    raises(JournalError, "not open", journal.accepted, drafted["id"], 1, 1)
    raises(JournalError, "not open", journal.checkpoint, drafted["id"], b"c")
    raises(JournalError, "not open", journal.close_record, payload(drafted))
    journal.open_record({"record": drafted, "envelopes": []})
    raises(JournalError, "is open", journal.next)
    raises(JournalError, "not open", journal.accepted, bytes(16), 1, 1)
    other = dict(drafted)
    other["seq"] = 1
    raises(JournalError, "not the opened one", journal.close_record, payload(other))
    wrong = mounted(Nor(SECTORS))
    raises(JournalError, "not the next", wrong.open_record, {"record": other, "envelopes": []})


def test_a_stored_payload_is_signed_and_never_rebuilt():
    flash = Nor(SECTORS)
    journal = mounted(flash)
    drafted = draft(IDENTITY, journal.next(), 7)
    journal.open_record({"record": drafted, "envelopes": []})
    flash.cut(3, "before")  # payload: data, mark; then the signature's data
    try:
        journal.close_record(payload(drafted, "busy"))
    except PowerCut:
        pass
    found = list(mounted(flash).pending())
    equal(len(found), 1)
    equal(codec.decode("record", cose.parse(found[0][1])[2])["end_reason"], "busy")
    equal(mounted(flash).recover(), None)


def test_no_erase_while_a_call_is_up():
    flash = Nor(SECTORS)
    journal = mounted(flash)
    model = Model()
    for seq in range(4):
        model.call(journal, 0, 3000)
        model.receipt(journal, seq)
    drafted = draft(IDENTITY, journal.next(), 70)
    journal.open_record({"record": drafted, "envelopes": []})
    before = flash.erases
    equal(journal.compact(), False)
    journal.close_record(payload(drafted))
    equal(flash.erases, before)
    equal(journal.compact(), True)
    equal(flash.erases > before, True)


def test_full_journal_refuses_new_calls_and_still_closes_the_open_one():
    journal = mounted(Nor(SECTORS))
    model = Model()
    refused = None
    for _ in range(100):
        try:
            model.call(journal, 1, 2000)
        except JournalError as error:
            refused = str(error)
            break
    equal(refused, "log: full")
    equal(journal.free_records(), 0)
    equal(len(list(journal.pending())), len(model.signed))
    for seq in sorted(model.signed):
        model.receipt(journal, seq)
    while journal.compact():
        pass
    equal(journal.free_records() > 0, True)
    model.call(journal, 0, 0)


def test_checkpoints_give_way_to_the_end_of_the_call():
    journal = mounted(Nor(SECTORS))
    drafted = draft(IDENTITY, journal.next(), 7)
    journal.open_record({"record": drafted, "envelopes": []})
    kept = 0
    while journal.checkpoint(drafted["id"], bytes(4000)):
        kept += 1
    equal(kept > 5, True)
    journal.close_record(payload(drafted))


def test_restored_and_cloned_flash_is_seen_and_stops():
    flash = Nor(SECTORS)
    journal = mounted(flash)
    model = Model()
    model.call(journal, 0, 0)
    image = bytes(flash.data)
    model.call(journal, 0, 0)
    hashes = [blake2b256(model.signed[seq]) for seq in range(2)]
    equal(journal.agrees(None), True)
    equal(journal.agrees({"seq": 0, "hash": hashes[0]}), True)
    equal(journal.agrees({"seq": 0, "hash": hashes[1]}), False)
    equal(journal.agrees({"seq": 1, "hash": hashes[1]}), True)
    equal(journal.agrees({"seq": 1, "hash": hashes[0]}), False)
    restored = Nor(SECTORS)
    restored.data[:] = image
    journal = mounted(restored)
    equal(journal.agrees({"seq": 1, "hash": hashes[1]}), False)
    journal.halt()
    raises(JournalError, "enrolled again", mounted(restored).next)
    equal(len(list(mounted(restored).pending())), 1)


def rotten(flash, data):
    """Flip a bit of an entry that holds `data`."""
    at = flash.data.find(data)
    if at < 0:
        raise AssertionError("not in flash")
    flash.data[at] ^= 1


def test_answer_by_hash():
    journal = mounted(Nor(SECTORS))
    model = Model()
    model.call(journal, 0, 0)
    equal(journal.signed(blake2b256(model.signed[0])), model.signed[0])
    equal(journal.signed(bytes(32)), None)


def test_blank_journal_begins_a_new_chain():
    flash = Nor(SECTORS)
    model = Model()
    model.call(mounted(flash), 4, 0)
    mounted(flash).halt()
    erases = flash.erases
    erase_all(flash)
    equal(flash.erases - erases < 8, True)
    equal(mounted(flash).next(), (0, IDENTITY.genesis))


def test_rotten_signature_is_made_again_from_the_stored_payload():
    flash = Nor(SECTORS)
    model = Model()
    model.call(mounted(flash), 0, 0)
    rotten(flash, model.signed[0][-64:])
    equal(next(mounted(flash).pending())[1], model.signed[0])
    equal(mounted(flash).next()[0], 1)


def test_rot_above_the_head_stops_signing_and_below_it_does_not():
    flash = Nor(SECTORS)
    model = Model()
    journal = mounted(flash)
    model.call(journal, 0, 0)
    image = bytes(flash.data)
    rotten(flash, model.signed[0][-64:])
    rotten(flash, cose.parse(model.signed[0])[2])
    raises(JournalError, "damaged", mounted(flash).next)
    found = mounted(flash).recover()
    closing = codec.encode("record", record.after_reset(found))
    raises(JournalError, "damaged", mounted(flash).close_record, closing)
    flash.data[:] = image
    model.call(mounted(flash), 0, 0)
    rotten(flash, model.signed[0][-64:])
    rotten(flash, cose.parse(model.signed[0])[2])
    equal(mounted(flash).next()[0], 2)


def test_a_long_entry_spans_sectors():
    flash = Nor(SECTORS)
    journal = mounted(flash)
    drafted = draft(IDENTITY, journal.next(), 7)
    envelopes = [bytes([number]) * 512 for number in range(18)]
    journal.open_record({"record": drafted, "envelopes": envelopes})
    journal.close_record(payload(drafted))
    equal(next(mounted(flash).pending())[2], envelopes)


def test_fault_of_the_flash_is_an_error_and_the_log_goes_on():
    flash = Nor(SECTORS)
    journal = mounted(flash)
    whole = flash.program

    def broken(*_):
        flash.program = whole
        raise OSError(5)

    drafted = draft(IDENTITY, journal.next(), 7)
    flash.program = broken
    raises(JournalError, "flash fault", journal.open_record, {"record": drafted, "envelopes": []})
    journal.open_record({"record": drafted, "envelopes": []})
    journal.close_record(payload(drafted))
    equal(len(list(mounted(flash).pending())), 1)


if __name__ == "__main__":
    run(globals())
