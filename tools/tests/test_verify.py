"""The verifier says yes to good evidence, and names what is wrong with every mutation of it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from nacl.signing import SigningKey
from sealine_protocol import codec, cose, merkle, receipt
from sealine_protocol.hashes import blake2b256
from sealine_tools import verify as verifier


def judge(evidence, root=None):
    return verifier.verify(evidence.out, root or evidence.authority.root_public)


def failures(evidence, root=None):
    return {what: text for what, _, text, holds in judge(evidence, root).lines if not holds}


def record_path(evidence, place=0):
    return evidence.out / "records" / f"phone-{place:08d}.cose"


def receipt_path(evidence, place=0):
    return evidence.out / "receipts" / f"phone-{place:08d}.receipt"


def one_folder(evidence, kind):
    (folder,) = (evidence.out / kind).iterdir()
    return folder


def flip(path: Path, place=-1):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_good_evidence_holds(evidence):
    report = judge(evidence)
    assert not failures(evidence)
    said = {what: text for what, _, text, _ in report.lines}
    assert said["chain"] == "unbroken, 3 records"
    assert said["opening"].startswith("4 s open with any 2 of 3, none with 1; without chunk 2 the other 3 s still open")


def test_it_runs_as_a_plain_file_without_any_of_sealine(evidence):
    blocked = "import sys; sys.modules.update(dict.fromkeys(['sealine_protocol', 'sealine_hil'])); "
    run = (
        f"sys.argv = ['', {str(evidence.out)!r}]; import runpy; runpy.run_path({verifier.__file__!r}, None, '__main__')"
    )
    done = subprocess.run([sys.executable, "-c", blocked + run], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "everything holds" in done.stdout


def test_exit_codes(evidence, tmp_path, capsys):
    assert verifier.main([str(evidence.out)]) == 0
    flip(record_path(evidence))
    assert verifier.main([str(evidence.out)]) == 1
    assert "FAIL" in capsys.readouterr().out
    assert verifier.main([str(tmp_path / "nothing")]) == 2
    (tmp_path / "short.pub").write_bytes(b"short")
    assert verifier.main([str(evidence.out), "--root", str(tmp_path / "short.pub")]) == 2


# ---------------------------------------------------------------- one file touched


def drop_record(evidence):
    record_path(evidence, 1).unlink()


def drop_chunk(evidence):
    (one_folder(evidence, "recordings") / "1.chunk").unlink()


def swap_chunks(evidence):
    folder = one_folder(evidence, "recordings")
    (folder / "0.chunk").rename(folder / "x")
    (folder / "1.chunk").rename(folder / "0.chunk")
    (folder / "x").rename(folder / "1.chunk")


def swap_receipts(evidence):
    shutil.copyfile(receipt_path(evidence, 1), receipt_path(evidence, 0))


def add_envelope(evidence):
    (one_folder(evidence, "envelopes") / "share-4").write_bytes(b"not in the record")


def swap_custodian_keys(evidence):
    a, b = (evidence.out / "custodians" / name for name in ("court", "monitor"))
    key = (a / "link.key").read_bytes()
    (a / "link.key").write_bytes((b / "link.key").read_bytes())
    (b / "link.key").write_bytes(key)


MUTATIONS: dict[str, tuple[Callable, str, str]] = {
    "a record's signature": (lambda e: flip(record_path(e)), "record", "signature does not hold"),
    "a byte within a record": (lambda e: flip(record_path(e), 100), "record", ""),
    "bytes behind a record": (
        lambda e: record_path(e).write_bytes(record_path(e).read_bytes() + b"\0"), "record", "something follows",
    ),
    "a record taken away": (drop_record, "chain", "record 1 is missing"),
    "a receipt's signature": (lambda e: flip(receipt_path(e)), "receipt", "signature does not hold"),
    "another record's receipt": (swap_receipts, "receipt", "signature does not hold"),
    "no receipt": (lambda e: receipt_path(e).unlink(), "receipt", "cannot be read"),
    "an envelope": (lambda e: flip(one_folder(e, "envelopes") / "share-2"), "envelopes", "share-2 is not the one"),
    "an envelope too many": (add_envelope, "envelopes", "share-4 is not the one"),
    "a chunk": (lambda e: flip(one_folder(e, "recordings") / "2.chunk"), "recording", "not those that the"),
    "a chunk taken away": (drop_chunk, "recording", "chunks missing: [1]"),
    "two chunks swapped": (swap_chunks, "recording", "not those that the"),
    "the trust bundle": (
        lambda e: flip(e.out / "trust" / "bundles" / "trust.bundle", 60), "trust bundle", "",
    ),
    "the phone's credential": (
        lambda e: flip(e.out / "trust" / "credentials" / "terminal.phone.0.cose"), "credential", "does not hold",
    ),
    "custodians' keys swapped": (swap_custodian_keys, "opening", "does not open with its custodian's key"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_is_named(evidence, name):
    mutate, what, text = MUTATIONS[name]
    mutate(evidence)
    found = failures(evidence)
    assert what in found, found
    assert text in found[what]


def test_another_root_vouches_for_nothing(evidence):
    assert "trust bundle" in failures(evidence, bytes(SigningKey.generate().verify_key))


def test_a_deleted_envelope_leaves_the_record_whole(evidence):
    for place in (1, 2, 3):
        (one_folder(evidence, "envelopes") / f"share-{place}").unlink()
    shutil.rmtree(evidence.out / "custodians")
    assert not failures(evidence)


# ---------------------------------------------------------------- evidence that was made wrongly


def build(maker, *records):
    maker.write_trust()
    for place, signed in enumerate(records):
        maker.log(signed, f"phone-{place:08d}")
    maker.write_receipts()
    return failures(maker)


def test_a_record_that_follows_another(maker):
    found = build(maker, maker.sign(maker.fields(0, os.urandom(32))))
    assert "record 0 does not follow" in found["chain"]


def test_a_fork(maker):
    records = [maker.sign(maker.fields(0, maker.first())) for _ in range(2)]
    assert "a fork" in build(maker, *records)["chain"]


def test_a_privileged_call_that_was_recorded(maker):
    fields = maker.fields(0, maker.first(), privileged="directory")
    maker.record_call(fields, os.urandom(32))
    assert "recorded although it must not be" in build(maker, maker.sign(fields))["record"]


def test_a_privileged_call_with_a_key_shared_out(maker):
    share = {"kind": "share", "index": 1, "hash": bytes(32)}
    fields = maker.fields(0, maker.first(), privileged="directory", envelopes=[share])
    assert "a key was shared out" in build(maker, maker.sign(fields))["record"]


def test_chunks_of_a_call_that_has_none(maker):
    fields = maker.fields(0, maker.first(), privileged="directory")
    maker.write(f"recordings/{fields['id'].hex()}/0.chunk", os.urandom(40))
    assert "there are chunks" in build(maker, maker.sign(fields))["recording"]


def test_a_reader_whom_the_root_does_not_know(maker):
    fields = maker.fields(0, maker.first())
    maker.record_call(fields, os.urandom(32))
    fields["recording"]["readers"][1]["organisation"] = "Office X"
    assert "whom the root does not vouch for" in build(maker, maker.sign(fields))["record"]


def test_a_wrong_price(maker):
    fields = maker.fields(0, maker.first(), charge={"minutes": 2, "amount": 120_000, "refunded": 0})
    assert "its charge is not" in build(maker, maker.sign(fields))["record"]


def test_a_refund_is_due_when_nobody_hung_up(maker):
    fields = maker.fields(0, maker.first(), end_reason="link-lost")
    assert "its charge is not" in build(maker, maker.sign(fields))["record"]


def test_a_share_that_is_wrong_is_named(maker):
    fields = maker.fields(0, maker.first())
    maker.record_call(fields, os.urandom(32))
    fields["recording"]["readers"][1]["share_hash"] = bytes(32)
    assert build(maker, maker.sign(fields))["opening"] == "share 2 is wrong"


def test_a_commitment_to_another_key(maker):
    fields = maker.fields(0, maker.first())
    maker.record_call(fields, os.urandom(32))
    fields["recording"]["key_commitment"] = bytes(32)
    assert "do not give the committed key" in build(maker, maker.sign(fields))["opening"]


def test_a_record_by_somebody_who_is_no_terminal(maker):
    signed = maker.sign(maker.fields(0, maker.first()), maker.people["prosecutor"].identity)
    assert "in another role" in build(maker, signed)["record"]


def test_a_record_by_nobody(maker):
    signed = maker.sign(maker.fields(0, maker.first()), SigningKey.generate())
    assert "no credential here" in build(maker, signed)["record"]


def test_a_record_by_a_revoked_key(maker):
    maker.write_trust(revoked={maker.people["phone"].key_id: int(time.time()) - 3600})
    maker.log(maker.sign(maker.fields(0, maker.first())), "phone-00000000")
    maker.write_receipts()
    assert "revoked by then" in failures(maker)["record"]


def test_a_record_outside_of_the_credentials_validity(maker):
    fields = maker.fields(0, maker.first(), ended=(int(time.time()) + 400 * 86_400) * 1000)
    assert "outside of the credential's validity" in build(maker, maker.sign(fields))["record"]


def test_another_signed_object_is_no_record(maker):
    payload = codec.encode("record", maker.fields(0, maker.first()))
    signed = cose.sign("checkpoint", payload, maker.people["phone"].identity)
    assert "is not a record" in build(maker, signed)["record"]


def test_a_log_with_two_faces(evidence):
    """A receipt from another tree of the same size: both signed by the log."""
    proven = evidence.leaves[0]
    kept = receipt_path(evidence).read_bytes()
    evidence.leaves[1:] = [b"something else" * 10, b"and more" * 20]
    shutil.move(record_path(evidence, 1), evidence.folder / "1")
    shutil.move(record_path(evidence, 2), evidence.folder / "2")
    evidence.write_receipts()
    assert receipt_path(evidence).read_bytes() != kept
    shutil.move(evidence.folder / "1", record_path(evidence, 1))
    shutil.move(evidence.folder / "2", record_path(evidence, 2))
    assert evidence.leaves[0] == proven
    assert "two faces" in failures(evidence)["receipt"]


def test_own_interpolation_agrees_with_itself():
    shares = {1: bytes([7] * 32), 2: bytes([7] * 32)}
    assert verifier.combine(shares) == bytes([7] * 32)  # a constant polynomial


@pytest.mark.parametrize("data", [b"", b"\xd2", b"\xd2\x84", os.urandom(200), b"\xd2" + b"\x81" * 2000, b"\xbf" * 500])
def test_garbage_is_refused_with_a_sentence(evidence, data):
    record_path(evidence).write_bytes(data)
    receipt_path(evidence, 1).write_bytes(data)
    (evidence.out / "trust" / "credentials" / "terminal.phone.0.cose").write_bytes(data)
    found = failures(evidence)
    assert {"record", "credential"} <= set(found)
    (evidence.out / "trust" / "bundles" / "trust.bundle").write_bytes(data)
    assert "trust bundle" in failures(evidence)


def test_the_hash_of_the_record_is_the_chains(evidence):
    """The chain's hash is BLAKE2b-256 of the signed bytes, as the device and central have it."""
    data = record_path(evidence).read_bytes()
    assert verifier.blake2b(data) == blake2b256(data)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({}, None),
        ({"chunks": 1}, "counts other chunks than its checkpoint"),
        ({"record": bytes(16)}, "counts other chunks than its checkpoint"),
        (None, "has no checkpoint"),
    ],
)
def test_a_cut_recording_and_its_checkpoint(maker, spoil, said):
    fields = maker.fields(0, maker.first(), end_reason="reset", charge={"minutes": 0, "amount": 0, "refunded": 1})
    maker.record_call(fields, os.urandom(32))
    facts = fields["recording"]
    facts["state"] = "cut"
    if spoil is not None:
        point = {name: facts[name] for name in ("chunks", "bytes", "digest")}
        point |= {"version": 1, "record": fields["id"], "time": fields["ended"]} | spoil
        facts["checkpoint"] = cose.sign("checkpoint", codec.encode("checkpoint", point), maker.people["phone"].identity)
    found = build(maker, maker.sign(fields)).get("record", "")
    assert (said or "") in found, found
    assert bool(found) is bool(said), found


def test_an_opened_wav_that_is_empty_is_a_finding(evidence):
    evidence.write(f"opened/{one_folder(evidence, 'recordings').name}.wav", b"")
    assert failures(evidence)["opened WAV"] == "cannot be read: EOFError"


# ---------------------------------------------------------------- custody's papers


def paper(evidence, name, content, fields, signer, *, taken=None):
    """A signed object of an opening, logged; `name` below the recording's folder."""
    recorded = one_folder(evidence, "recordings").name
    signed = cose.sign(content, codec.encode(content, fields), evidence.people[signer].identity)
    evidence.write(f"opened/{recorded}/{name}.cose", signed)
    root = merkle.leaf_hash(signed)
    made = receipt.make(0, 1, [], root, evidence.people["central"].identity, taken or int(time.time()))
    evidence.write(f"opened/{recorded}/{name}.receipt", made)
    return signed


def write_custody(evidence, *, asker="prosecutor", granter="court", index=3, opener="prosecutor", taken=None):
    """The papers of one opening, by these people; each is logged in a tree of one leaf: two faces, here on purpose."""
    now = time.time_ns() // 1_000_000
    signed_record = record_path(evidence).read_bytes()
    recorded = one_folder(evidence, "recordings").name
    request = paper(
        evidence, "request", "opening-request",
        {
            "record": bytes.fromhex(recorded), "record_hash": blake2b256(signed_record), "case": "24-CR-0117",
            "requester": evidence.people["prosecutor"].key_id, "time": now, "nonce": bytes(16),
        },
        asker, taken=taken,
    )  # fmt: skip
    asked = blake2b256(request)
    paper(
        evidence, f"grants/{index}", "opening-grant",
        {"request": asked, "index": index, "sealed_hash": bytes(32), "time": now}, granter,
    )  # fmt: skip
    audio = verifier.blake2b(b"")
    evidence.write(f"opened/{recorded}.wav", b"")
    paper(
        evidence, "opening", "opening",
        {"request": asked, "audio": audio, "seconds": 4, "missing": [], "time": now}, opener,
    )  # fmt: skip


def custody_rows(evidence, monkeypatch):
    """What is said of request, grant and opening; the other checks are not of interest here."""
    monkeypatch.setattr(verifier, "root_of_path", lambda leaf, *_: leaf)
    real = verifier.check_receipt
    monkeypatch.setattr(verifier, "check_receipt", lambda trust, data, logged, _: real(trust, data, logged, {}))
    return [text if not holds else "" for what, _, text, holds in judge(evidence).lines if what == "custody"]


def test_the_papers_of_an_opening_hold(evidence, monkeypatch):
    write_custody(evidence)
    assert custody_rows(evidence, monkeypatch) == ["", "", ""]


@pytest.mark.parametrize(
    ("changes", "row"),
    [({"asker": "other"}, 0), ({"index": 2}, 1), ({"granter": "monitor"}, 1), ({"opener": "other"}, 2)],
)
def test_papers_signed_by_another_than_record_and_request_name(evidence, monkeypatch, changes, row):
    evidence.hire("requester", "other")
    evidence.write_trust()
    write_custody(evidence, **changes)
    assert custody_rows(evidence, monkeypatch)[row] == "belongs to another recording, request or person"


def test_a_requester_is_judged_at_the_receipts_time_not_at_his_own(evidence, monkeypatch):
    evidence.write_trust(revoked={evidence.people["prosecutor"].key_id: int(time.time()) + 500})
    write_custody(evidence, taken=int(time.time()) + 1000)
    assert custody_rows(evidence, monkeypatch)[0] == "is signed with a key that was revoked by then"


def test_a_revoked_log_key_vouches_for_nothing(evidence):
    evidence.write_trust(revoked={evidence.people["central"].key_id: int(time.time()) + 1000})
    assert failures(evidence)["receipt"] == "is of a log whose key is revoked"


def test_a_receipt_from_outside_of_the_log_keys_validity(evidence):
    signed = evidence.leaves[0]
    late = receipt.make(0, 1, [], merkle.leaf_hash(signed), evidence.people["central"].identity, 1 << 40)
    receipt_path(evidence).write_bytes(late)
    assert failures(evidence)["receipt"] == "is of a log whose key was not valid then"


def test_many_missing_chunks_are_counted_and_the_first_are_named(maker):
    fields = maker.fields(0, maker.first())
    maker.record_call(fields, os.urandom(32))
    fields["recording"]["chunks"] = 21_600
    said = build(maker, maker.sign(fields))["recording"]
    assert said.startswith("chunks missing: [4, 5, 6")
    assert said.endswith("and 21576 more")
