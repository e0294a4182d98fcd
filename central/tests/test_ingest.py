"""What central does with records, tallies and beacons: every way in, every refusal by name."""

import os
import sqlite3
import time

import cbor2
import pytest
from central_factory import FACILITY, GATEWAY, NOW_S, Desk, Keys, Site, Terminal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sealine_central import store, tray
from sealine_central.errors import StoreError
from sealine_protocol import codec, cose, receipt
from sealine_protocol.errors import ProtocolError
from sealine_protocol.hashes import blake2b256


def kinds(answers):
    return [answer["kind"] for answer in answers]


def only_refusal(desk, answers):
    assert kinds(answers) == ["refusal"]
    word = desk.word(answers[0])
    assert word["hash"] == answers[0]["subject"]
    return word["reason"], word["what"]


def test_a_record_gets_a_receipt_for_exactly_its_bytes(desk, terminal):
    call = terminal.call()
    (answer,) = desk.send(call.upload())
    assert (answer["kind"], answer["subject"]) == ("receipt", call.hash)
    key = bytes(desk.site.log_key.verify_key)
    assert abs(receipt.verify(answer["statement"], call.signed, key) - time.time()) < 5
    with pytest.raises(ProtocolError):
        receipt.verify(answer["statement"], terminal.call().signed, key)


def test_a_batch_of_many_gateways_and_terminals_is_one_commit(site, make_terminal):
    south = Site(site.directory.parent / "south", "south")
    desk = Desk(site, south)
    calls = [make_terminal(f"phone-{i}").call() for i in range(5)]
    answers = desk.send(b"".join(call.upload() for call in calls[:3]), *(call.upload() for call in calls[3:]))
    assert {answer["subject"] for answer in answers} == {call.hash for call in calls}
    far = Terminal(south).call()
    assert kinds(desk.send(far.upload(), facility="south")) == ["receipt"]
    assert desk.count("record") == 6


def test_a_duplicate_gets_its_receipt_again_and_changes_nothing(desk, terminal):
    call = terminal.call()
    desk.send(call.upload())
    (again,) = desk.send(call.upload())
    receipt.verify(again["statement"], call.signed, bytes(desk.site.log_key.verify_key))
    assert kinds(desk.send(call.upload(), call.upload())) == ["receipt", "receipt"]
    assert desk.count("record") == desk.count("node WHERE level = 0") == 1


def test_a_duplicate_in_one_batch_is_one_leaf(desk, terminal):
    call = terminal.call()
    assert kinds(desk.send(call.upload() + call.upload())) == ["receipt", "receipt"]
    assert desk.count("node WHERE level = 0") == 1


def test_known_bytes_stay_receipted_whatever_comes_around_them(desk, terminal):
    """A gateway that strips the envelopes later must not get a refusal to show to the terminal."""
    call = terminal.call()
    desk.send(call.upload())
    assert kinds(desk.send(call.upload(envelopes=[]))) == ["receipt"]
    assert kinds(desk.send(call.upload(credentials=[terminal.site.central_credential]))) == ["receipt"]


def test_a_duplicate_does_not_bring_deleted_envelopes_back(desk, terminal):
    call = terminal.call()
    desk.send(call.upload())
    folder = desk.state / "envelopes" / call.id.hex()
    (folder / "person-0").unlink()
    desk.send(call.upload())
    assert [path.name for path in folder.iterdir()] == ["number-0"]


def test_a_fork_is_kept_logged_and_answered_as_forked_with_a_receipt(desk, terminal):
    first = terminal.call()
    second = terminal.call(seq=first.fields["seq"], prev=first.fields["prev"])
    desk.send(first.upload())
    (answer,) = desk.send(second.upload())
    assert answer["kind"] == "forked"
    word = desk.word(answer)
    assert (word["hash"], word["other"]) == (second.hash, first.hash)
    receipt.verify(answer["receipt"], second.signed, bytes(desk.site.log_key.verify_key))
    assert desk.count("record") == 2
    assert kinds(desk.send(second.upload(), first.upload())) == ["forked", "receipt"]
    assert desk.metrics.registry.get_sample_value("sealine_forks_total") == 1


def test_a_record_with_anothers_id_takes_over_neither_envelopes_nor_recording(desk, terminal, make_terminal):
    call = terminal.call(2)
    desk.send(call.upload())
    thief = make_terminal().call(2, id=call.id)
    assert kinds(desk.send(thief.upload())) == ["receipt"]
    folder = desk.state / "envelopes" / call.id.hex()
    assert {blake2b256(path.read_bytes()) for path in folder.iterdir()} == {
        item["hash"] for item in call.fields["envelopes"]
    }
    assert len(list((desk.state / "envelopes").iterdir())) == 2
    answers = desk.send(call.all_chunks(), leaf="chunks")
    assert [desk.word(answer)["digest"] for answer in answers] == [call.fields["recording"]["digest"]]


@pytest.mark.parametrize("batched", [True, False])
def test_the_same_in_one_batch_as_in_two(desk, terminal, make_terminal, batched):
    call = terminal.call(1)
    thief = make_terminal().call(1, id=call.id)
    if batched:
        desk.send(call.upload() + thief.upload())
    else:
        desk.send(call.upload(), thief.upload())
    assert len(list((desk.state / "envelopes").iterdir())) == 2


# ------------------------------------------------------------ refusals


def test_what_is_no_cbor_is_refused_whole_and_kept_whole(desk, terminal):
    call = terminal.call()
    answers = desk.send(call.upload() + b"\xff\xff")
    assert kinds(answers) == ["receipt", "refusal"]
    assert desk.word(answers[1])["reason"] == "malformed"
    rows = desk.store.db.execute("SELECT reason, delivered FROM quarantine").fetchall()
    assert rows == [("malformed", b"\xff\xff")]


@pytest.mark.parametrize("fault", ["malformed", "credential", "envelope", "facility", "content"])
def test_a_fault_of_the_gateways_wrapping_is_never_said_of_the_records_bytes(
    site, desk, terminal, make_terminal, fault
):
    """A refusal of these very bytes would make the terminal set a good record aside."""
    call = terminal.call(1)
    desk.books["south"] = Desk(site, Site(site.directory.parent / "south", "south")).books["south"]
    uploads = {
        "malformed": cbor2.dumps(cbor2.loads(call.upload()) | {9: 1}),
        "credential": call.upload(credentials=make_terminal().chain),
        "envelope": call.upload(envelopes=[]),
        "facility": call.upload(),
        "content": call.upload(record=codec.decode("upload", terminal.tally(None))["tally"]),
    }
    upload = uploads[fault]
    (answer,) = desk.send(upload, facility="south" if fault == "facility" else FACILITY)
    word = desk.word(answer)
    assert word["reason"] == ("malformed" if fault == "content" else fault)
    assert answer["subject"] == word["hash"] == blake2b256(upload) != call.hash
    assert kinds(desk.send(call.upload())) == ["receipt"]


def test_what_the_signed_bytes_themselves_say_is_said_of_them(desk, terminal):
    call = terminal.call()
    spoilt = call.signed[:-1] + bytes([call.signed[-1] ^ 1])
    (answer,) = desk.send(call.upload(record=spoilt))
    assert (desk.word(answer)["reason"], desk.word(answer)["hash"]) == ("signature", blake2b256(spoilt))
    late = terminal.call(ended=(1 << 64) - 1)
    (answer,) = desk.send(late.upload())
    assert (desk.word(answer)["reason"], desk.word(answer)["hash"]) == ("schema", late.hash)


def test_an_unknown_field_of_a_record_is_refused_by_name(desk, terminal):
    call = terminal.call()
    payload = cbor2.dumps(cbor2.loads(cose.parse(call.signed).payload) | {99: 0})
    signed = cose.sign("record", payload, terminal.keys.identity)
    assert only_refusal(desk, desk.send(call.upload(record=signed))) == ("schema", "record.99: unknown field")


def test_bytes_that_are_no_cose_are_malformed(desk, terminal):
    assert only_refusal(desk, desk.send(terminal.call().upload(record=bytes(100))))[0] == "malformed"


def test_a_tally_as_a_record_is_refused(desk, terminal):
    tally = codec.decode("upload", terminal.tally(None))["tally"]
    reason, what = only_refusal(desk, desk.send(terminal.call().upload(record=tally)))
    assert (reason, what) == ("malformed", "record: another content type")


@pytest.mark.parametrize("name", ["started", "ended", "answered"])
def test_a_time_beyond_all_calendars_is_refused(desk, terminal, name):
    call = terminal.call(**{name: (1 << 64) - 1})
    assert only_refusal(desk, desk.send(call.upload())) == ("schema", f"record.{name}: out of range")


def test_a_record_of_another_facility_than_the_topics(site, terminal):
    south = Site(site.directory.parent / "south", "south")
    desk = Desk(site, south)
    call = terminal.call()
    desk.send(call.upload())
    answers = desk.send(call.upload(), facility="south")
    assert only_refusal(desk, answers) == ("facility", "record.facility: not the topic's")


def test_a_root_of_another_facility_does_not_count(site):
    south = Site(site.directory.parent / "south", "south")
    desk = Desk(site, south)
    forged = Terminal(south, facility=FACILITY).call(facility=FACILITY)
    assert only_refusal(desk, desk.send(forged.upload()))[0] == "credential"


@pytest.mark.parametrize("role", ["gateway", "technician", "custodian", "requester", "issuer"])
def test_a_credential_of_another_role(desk, make_terminal, role):
    extra = {"class_": "a", "organisation": "b"} if role == "custodian" else {}
    reason, what = only_refusal(desk, desk.send(make_terminal(role=role, **extra).call().upload()))
    assert (reason, what) == ("credential", "credential.role: not the one that is asked for")


def test_a_credential_that_nobody_signed(desk, make_terminal):
    forged = make_terminal(signer=Keys().identity).call()
    assert only_refusal(desk, desk.send(forged.upload()))[0] == "credential"


def test_a_credential_of_another_terminal(desk, terminal, make_terminal):
    other = make_terminal()
    reason, what = only_refusal(desk, desk.send(terminal.call().upload(credentials=other.chain)))
    assert (reason, what) == ("credential", "record: signed by another key than the credential's")


def test_another_terminals_name(desk, terminal):
    call = terminal.call(terminal="phone-9")
    assert only_refusal(desk, desk.send(call.upload())) == (
        "credential",
        "record.terminal: not the credential's subject",
    )


def test_a_record_from_before_its_credential(desk, make_terminal):
    call = make_terminal(nbf=NOW_S + 1000).call()
    assert only_refusal(desk, desk.send(call.upload()))[0] == "credential"


def test_a_changed_payload_and_a_changed_signature(desk, terminal):
    call = terminal.call()
    for signed in (
        call.signed[:-1] + bytes([call.signed[-1] ^ 1]),
        call.signed.replace(b"phone-1", b"phone-1"[:6] + b"2"),
    ):
        reason, _ = only_refusal(desk, desk.send(call.upload(record=signed)))
        assert reason in {"signature", "credential"}
    signed = call.signed[:-1] + bytes([call.signed[-1] ^ 1])
    assert only_refusal(desk, desk.send(call.upload(record=signed)))[0] == "signature"


@pytest.mark.parametrize(
    "change",
    [
        lambda envelopes: envelopes[:-1],
        lambda envelopes: [*envelopes, os.urandom(60)],
        lambda envelopes: [*envelopes[:-1], os.urandom(60)],
        lambda envelopes: [*envelopes, envelopes[0]],
        lambda _: [],
    ],
    ids=["missing", "extra", "changed", "twice", "none"],
)
def test_envelopes_that_are_not_the_records(desk, terminal, change):
    call = terminal.call(1)
    reason, what = only_refusal(desk, desk.send(call.upload(envelopes=change(call.envelopes))))
    assert (reason, what) == ("envelope", "record.envelopes: not those that came with it")
    assert not (desk.state / "envelopes").exists()


def test_two_references_to_one_envelope(desk, terminal):
    one = {"kind": "person", "index": 0, "hash": blake2b256(bytes(60))}
    call = terminal.call(envelopes=[one, one | {"kind": "number"}])
    assert only_refusal(desk, desk.send(call.upload(envelopes=[bytes(60)])))[0] == "envelope"


def test_a_refused_record_may_come_again_rightly(desk, terminal):
    call = terminal.call()
    desk.send(call.upload(envelopes=[]))
    assert kinds(desk.send(call.upload())) == ["receipt"]
    assert desk.count("quarantine") == 1


def test_each_refused_delivery_is_kept_once(desk, terminal):
    call = terminal.call()
    for _ in range(3):
        desk.send(call.upload(envelopes=[]))
    desk.send(call.upload(envelopes=[bytes(60)]))
    rows = desk.store.db.execute("SELECT hash, delivered FROM quarantine").fetchall()
    assert {row[0] for row in rows} == {blake2b256(row[1]) for row in rows}
    assert {row[1] for row in rows} == {call.upload(envelopes=[]), call.upload(envelopes=[bytes(60)])}


def test_too_many_messages_in_one_are_refused_from_the_limit_on(desk, terminal):
    answers = desk.send(terminal.beacon() * 4100)
    assert kinds(answers).count("beacon") == 4096
    assert kinds(answers).count("refusal") == 1


def test_a_topic_of_nobody_is_dropped_and_counted(desk, terminal):
    assert desk.send(terminal.call().upload(), facility="nowhere") == []
    assert desk.metrics.registry.get_sample_value("sealine_refused_total", {"reason": "topic"}) == 1


# ------------------------------------------------------------ flags: stored and receipted all the same


def flags(desk):
    return [row[0] for row in desk.store.db.execute("SELECT flags FROM record ORDER BY leaf")]


@pytest.mark.parametrize(("offset", "flag"), [(-100_000, '["revoked"]'), (-1, '["revoked-later"]')])
def test_a_revoked_key(desk, terminal, offset, flag):
    desk.site.revoke({terminal.keys.key_id: NOW_S + offset})
    desk.books[FACILITY].refresh()
    assert kinds(desk.send(terminal.call().upload())) == ["receipt"]
    assert flags(desk) == [flag]


def test_an_expired_credential_still_brings_its_legal_calls(desk, make_terminal):
    terminal = make_terminal(exp=NOW_S - 100)
    assert kinds(desk.send(terminal.call(privileged="directory").upload())) == ["receipt"]
    assert flags(desk) == ['["expired"]']


def test_a_record_under_an_issuer_that_has_run_out_is_stored_and_flagged(site, desk, make_terminal):
    office = Keys()
    issuer = site.issue("issuer", "office", office.identity.verify_key, office.link, exp=NOW_S - 100)
    terminal = make_terminal(signer=office.identity, issuers=[issuer])
    assert kinds(desk.send(terminal.call().upload())) == ["receipt"]
    assert flags(desk) == ['["expired"]']


def test_a_terminal_under_an_issuer_and_under_a_revoked_one(site, desk, make_terminal):
    office = Keys()
    issuer = site.issue("issuer", "office", office.identity.verify_key, office.link)
    terminal = make_terminal(signer=office.identity, issuers=[issuer])
    assert kinds(desk.send(terminal.call().upload())) == ["receipt"]
    site.revoke({office.key_id: NOW_S - 100_000})
    desk.books[FACILITY].refresh()
    desk.send(terminal.call().upload())
    assert flags(desk) == ["[]", '["revoked"]']


@pytest.mark.parametrize(
    ("seconds", "changes", "flag"),
    [
        (1, {"privileged": "directory"}, "recorded-private"),
        (1, {"accepted_at": None}, "sealed-before-acceptance"),
        (0, {"answered": NOW_S * 1000}, "times"),
        (0, {"charge": {"minutes": 1, "amount": 5, "refunded": 0}}, "charge"),
    ],
)
def test_a_record_that_contradicts_itself(desk, terminal, seconds, changes, flag):
    desk.send(terminal.call(seconds, **changes).upload())
    assert flag in flags(desk)[0]


@pytest.mark.parametrize(
    ("rate", "end", "minutes", "fair"),
    [(10, "caller-hangup", 1, True), (10, "reset", 0, True), (10, "reset", 1, False), (99, "caller-hangup", 1, False)],
)
def test_the_charge_is_recomputed(desk, terminal, rate, end, minutes, fair):
    tariff = {"version": 1, "hash": bytes(32), "rate": rate, "cap": 50, "quote": rate, "payer": "caller"}
    charge = {"minutes": minutes, "amount": minutes * rate, "refunded": int(end == "reset")}
    desk.send(terminal.call(tariff=tariff, end_reason=end, charge=charge).upload())
    assert flags(desk) == ["[]" if fair else '["charge"]']


@pytest.mark.parametrize(
    ("spoil", "holds"),
    [
        ({}, True),
        ({"chunks": 1}, False),
        ({"digest": bytes(32)}, False),
        ({"record": bytes(16)}, False),
        ({"signer": Keys().identity}, False),
        (None, False),
    ],
)
def test_a_cut_recording_rests_on_a_checkpoint_of_its_own_terminal(desk, terminal, spoil, holds):
    call = terminal.call(2, state="cut", end_reason="reset")
    facts = call.fields["recording"]
    if spoil is not None:
        point = {name: facts[name] for name in ("chunks", "bytes", "digest")}
        point |= {"version": 1, "record": call.id, "time": NOW_S * 1000} | spoil
        signer = point.pop("signer", terminal.keys.identity)
        facts = facts | {"checkpoint": cose.sign("checkpoint", codec.encode("checkpoint", point), signer)}
    cut = terminal.call(recording=facts, id=call.id, end_reason="reset", envelopes=call.fields["envelopes"])
    assert kinds(desk.send(cut.upload(envelopes=call.envelopes))) == ["receipt"]
    assert ("checkpoint" in flags(desk)[0]) is not holds


# ------------------------------------------------------------ tallies and beacons


def test_a_tally_is_logged_and_receipted_even_on_the_day_of_enrolment(desk, terminal):
    upload = terminal.tally(None)
    (answer,) = desk.send(upload)
    receipt.verify(answer["statement"], codec.decode("upload", upload)["tally"], bytes(desk.site.log_key.verify_key))
    assert kinds(desk.send(upload)) == ["receipt"]
    assert desk.count("tally") == 1


def test_a_tally_of_another_name_or_facility(desk, terminal):
    assert only_refusal(desk, desk.send(terminal.tally(None, terminal="x")))[0] == "credential"
    assert only_refusal(desk, desk.send(terminal.tally(None, facility="x")))[0] == "facility"


def test_a_beacon_answers_the_nonce_with_versions_and_head(desk, terminal):
    nonce = os.urandom(16)
    word = desk.word(desk.send(terminal.beacon(nonce))[0])
    assert (word["nonce"], word["terminal"], word["head"]) == (nonce, terminal.keys.key_id, None)
    assert word["newest"] == {"trust": 1}
    calls = [terminal.call() for _ in range(3)]
    desk.send(calls[2].upload(), calls[0].upload())
    assert desk.word(desk.send(terminal.beacon())[0])["head"] == {"seq": 2, "hash": calls[2].hash}


def test_a_beacon_does_not_tell_another_facility_of_a_chain(site, terminal):
    south = Site(site.directory.parent / "south", "south")
    desk = Desk(site, south)
    desk.send(terminal.call().upload())
    word = desk.word(desk.send(terminal.beacon(), facility="south")[0])
    assert (word["head"], word["facility"]) == (None, "south")


# ------------------------------------------------------------ any bytes


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.binary(max_size=400), leaf=st.sampled_from(["records", "chunks", "status"]))
def test_any_payload_is_answered_or_dropped_never_raised(desk, payload, leaf):
    answers = desk.send(payload, leaf=leaf)
    assert set(kinds(answers)) <= {"refusal"}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_to_an_upload_is_refused_or_leaves_the_record(desk, terminal, data):
    call = terminal.call(1)
    raw = bytearray(call.upload())
    raw[data.draw(st.integers(0, 1700))] = data.draw(st.integers(0, 255))
    before = desk.count("record")
    answers = desk.send(bytes(raw))
    if bytes(raw) == call.upload():
        return  # drawn was the byte that stood there
    for answer in answers:
        assert answer["kind"] in {"refusal", "receipt"}
        # a receipt only for the very bytes, when what was changed stands outside of them
        assert answer["kind"] == "refusal" or answer["subject"] == call.hash
    assert desk.count("record") - before == kinds(answers).count("receipt")


# ------------------------------------------------------------ what nobody foresaw, and floods


def stumble(monkeypatch, target, name, wanted):
    """Make a function raise what no code expects for one of its arguments; MemoryError is what it was once."""
    real = getattr(target, name)

    def raising(*arguments):
        if wanted in arguments:
            raise MemoryError
        return real(*arguments)

    monkeypatch.setattr(target, name, raising)


@pytest.mark.parametrize("same_message", [True, False])
def test_an_upload_that_stumbles_is_set_aside_and_the_others_are_taken(desk, terminal, monkeypatch, same_message):
    calls = [terminal.call() for _ in range(5)]
    uploads = [call.upload() for call in calls]
    stumble(monkeypatch, tray.Tray, "_read_upload", uploads[2])
    answers = desk.send(*([b"".join(uploads)] if same_message else uploads))
    assert sorted(kinds(answers)) == ["receipt"] * 4 + ["refusal"]
    (word,) = [desk.word(answer) for answer in answers if answer["kind"] == "refusal"]
    assert (word["reason"], word["what"]) == ("malformed", "unexpected MemoryError")
    assert word["hash"] == blake2b256(uploads[2])
    assert desk.store.db.execute("SELECT delivered, what FROM quarantine").fetchall() == [
        (uploads[2], "unexpected MemoryError")
    ]
    assert desk.metrics.registry.get_sample_value("sealine_refused_total", {"reason": "unexpected"}) == 1
    assert desk.count("record") == desk.count("node WHERE level = 0") == 4


def test_a_chunk_that_stumbles_is_set_aside_without_an_answer(desk, terminal, monkeypatch):
    call, other = terminal.call(1), terminal.call(1)
    desk.send(call.upload(), other.upload())
    real = desk.recordings.add_chunks

    def add_chunks(record_id, chunks):
        if record_id == call.id:
            raise RecursionError
        real(record_id, chunks)

    monkeypatch.setattr(desk.recordings, "add_chunks", add_chunks)
    answers = desk.send(call.chunk(0) + other.chunk(0), leaf="chunks")
    assert [desk.word(answer)["record"] for answer in answers] == [other.id]
    assert desk.count("quarantine") == 1


def test_a_store_that_fails_is_not_taken_for_a_bad_upload(desk, terminal, monkeypatch):
    def fail(*_):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(desk.store, "add_record", fail)
    with pytest.raises(StoreError, match="disk I/O error"):
        desk.send(terminal.call().upload())
    assert desk.count("quarantine") == 0


def test_a_gateways_refused_bytes_are_kept_up_to_its_share_then_counted(desk, terminal, monkeypatch):
    monkeypatch.setattr(store, "QUARANTINE_SHARE", 10_000)
    junk = [cbor2.dumps({0: "record", 1: os.urandom(1000)}) for _ in range(20)]
    answers = desk.send(*junk)
    assert kinds(answers) == ["refusal"] * 20
    kept = desk.store.db.execute("SELECT sum(length(delivered)) FROM quarantine").fetchone()[0]
    assert 5_000 < kept < 10_000
    (row,) = desk.store.db.execute("SELECT gateway, bytes, not_kept FROM quarantine_share").fetchall()
    assert row[0] == GATEWAY
    assert row[1] <= 10_000
    assert row[2] == 20 - desk.count("quarantine")
    assert desk.metrics.registry.get_sample_value("sealine_quarantine_not_kept_total") == row[2]
    desk.send(junk[0])
    assert desk.store.db.execute("SELECT bytes FROM quarantine_share").fetchone() == (row[1],)
    assert kinds(desk.send(terminal.call().upload())) == ["receipt"]


# ------------------------------------------------------------ the disk


def test_when_the_store_fails_nothing_is_answered_and_all_is_taken_the_next_time(desk, terminal):
    call = terminal.call()
    desk.store.db.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError):
        desk.send(call.upload())
    desk.store.db.execute("PRAGMA query_only = OFF")
    assert kinds(desk.send(call.upload())) == ["receipt"]


def test_a_full_database_undoes_the_batch(desk, make_terminal):
    pages = desk.store.db.execute("PRAGMA page_count").fetchone()[0]
    desk.store.db.execute(f"PRAGMA max_page_count = {pages + 3}")
    uploads = [make_terminal(f"phone-{i}").call().upload() for i in range(40)]
    with pytest.raises(StoreError, match="full"):
        desk.send(*uploads)
    assert desk.count("record") == desk.count("node") == 0
    desk.store.db.execute("PRAGMA max_page_count = 100000")
    assert kinds(desk.send(*uploads)) == ["receipt"] * 40


def test_envelopes_that_cannot_be_written_keep_the_record_waiting(desk, terminal):
    (desk.state / "envelopes").write_text("not a folder")
    with pytest.raises(StoreError, match="envelopes"):
        desk.send(terminal.call().upload())
    assert desk.count("record") == 0


def test_on_a_nearly_full_disk_records_go_on_and_refused_bytes_are_only_noted(site, terminal):
    desk = Desk(site, reserve_bytes=1 << 60)
    assert kinds(desk.send(terminal.call().upload(), bytes(3))) == ["receipt", "refusal", "refusal", "refusal"]
    assert desk.store.db.execute("SELECT DISTINCT delivered FROM quarantine").fetchall() == [(b"",)]


def test_a_second_process_may_write_in_between(desk, terminal):
    other = sqlite3.connect(desk.state / "central.sqlite", isolation_level=None)
    desk.send(terminal.call().upload())
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO tree_head VALUES (1, x'00')")
    other.execute("COMMIT")
    assert kinds(desk.send(terminal.call().upload())) == ["receipt"]
