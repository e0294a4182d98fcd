"""Opening one recording: request, grants and opening by a quorum with keys of their own, and all that must not open."""

import os
import shutil
import wave

import pytest
from central_factory import FACILITY, NOW_S, PERSON, Desk, Keys, samples
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.signing import SigningKey
from sealine_central import custody_log, tree
from sealine_central.config import Config, FacilityConfig
from sealine_central.custody import people, standing
from sealine_central.custody.case import Case, CustodyError
from sealine_central.custody.opening import open_recording
from sealine_central.custody.standing import newest
from sealine_central.custody_log import admit, find_credential
from sealine_central.errors import CentralError
from sealine_central.export import export_case
from sealine_protocol import codec, cose, merkle, mulaw, receipt
from sealine_protocol.clock import now_ms
from sealine_protocol.hashes import blake2b256, key_id
from sealine_protocol.mqtt import MqttConfig


class Office:
    """A case folder of one recorded call, the people around it, and central to log what they sign."""

    def __init__(self, desk: Desk, terminal, **changes):
        self.desk, self.site = desk, desk.site
        self.call = terminal.call(4, **changes)
        desk.send(self.call.upload())
        desk.send(self.call.all_chunks(), leaf="chunks")
        self.folder = self.export("case", self.call)
        self.me = self.site.requester()
        self.root = bytes(self.site.root.verify_key)

    def export(self, name, call):
        config = Config(
            state_dir="state",
            mqtt=MqttConfig(host="localhost"),
            facilities={FACILITY: FacilityConfig(root="root.pub", bundles="bundles")},
            directory=self.site.directory,
        )
        folder = self.site.directory / name
        export_case(config, self.desk.store, self.desk.answers, call.id, folder)
        return folder

    @property
    def case(self):
        return self.read(self.me)

    def read(self, reader, **given):
        """The case as somebody sees it by what lies beside his keys."""
        return Case.load(self.folder, newest(self.folder, reader.directory, self.root, given))

    def log(self, path, credential=None):
        book = self.desk.books[FACILITY]
        signed = path.read_bytes()
        found = credential or find_credential(book, path, signed)
        path.with_suffix(".receipt").write_bytes(admit(self.desk.store, book, self.desk.answers, signed, found))

    def log_unseen(self, path):
        """As a central would that does not look at what it logs."""
        signed = path.read_bytes()
        with self.desk.store.writing() as db:
            leaf = self.desk.store.add_object(db, blake2b256(signed), cose.parse(signed).content, signed)
            size = tree.size(db)
        path.with_suffix(".receipt").write_bytes(self.desk.answers.receipt(self.desk.store.db, leaf, size))

    def ask(self):
        people.request(self.case, self.me, "24-CR-0117", os.urandom(16))
        self.log(self.folder / "request.cose")

    def grant(self, number):
        custodian = self.site.custodians[number]
        people.grant(self.read(custodian), custodian)
        self.log(self.folder / "grants" / f"{number + 1}.cose")

    def open(self):
        return open_recording(self.case, self.me)


@pytest.fixture
def office(desk, terminal):
    return Office(desk, terminal)


def legs(path):
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        frames = file.readframes(file.getnframes())
    return b"".join(frames[i : i + 2] for i in range(0, len(frames), 4)), b"".join(
        frames[i : i + 2] for i in range(2, len(frames), 4)
    )


def expected(indices):
    near = b"".join(b"\xff" * 8000 if i is None else samples(i)[:8000] for i in indices)
    far = b"".join(b"\xff" * 8000 if i is None else samples(i)[8000:] for i in indices)
    return mulaw.decode(near), mulaw.decode(far)


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_any_two_of_three_open_it_and_every_step_is_a_leaf(office, pair):
    leaves = office.desk.count("node WHERE level = 0")
    office.ask()
    for number in pair:
        office.grant(number)
    opened = office.open()
    office.log(office.folder / "opening.cose")
    assert (opened.seconds, opened.missing, opened.faults) == (4, (), ())
    assert legs(opened.wav) == expected(range(4))
    assert opened.wav.stat().st_mode & 0o077 == 0
    assert office.desk.count("node WHERE level = 0") == leaves + 4
    fields = codec.decode("opening", cose.parse(opened.signed_opening).payload)
    assert fields["audio"] == blake2b256(opened.wav.read_bytes())


def test_all_three_open_it_too(office):
    office.ask()
    for number in range(3):
        office.grant(number)
    assert office.open().seconds == 4


def test_one_share_does_not_open_it(office):
    office.ask()
    office.grant(0)
    with pytest.raises(CustodyError, match="1 of 2 custodians have granted; the recording stays closed"):
        office.open()
    assert not (office.folder / "opened.wav").exists()


@pytest.mark.parametrize("state", ["cut", "stopped"])
def test_a_recording_without_an_end_opens_to_its_last_second(desk, terminal, state):
    office = Office(desk, terminal, state=state)
    office.ask()
    office.grant(0)
    office.grant(1)
    assert office.open().seconds == 4


@pytest.mark.parametrize("index", [0, 2, 3])
@pytest.mark.parametrize("how", ["gone", "changed", "swapped"])
def test_a_missing_chunk_is_named_and_the_other_seconds_open(office, index, how):
    office.ask()
    office.grant(0)
    office.grant(1)
    path = office.folder / "chunks" / f"{index}.chunk"
    if how == "gone":
        path.unlink()
    elif how == "changed":
        path.write_bytes(path.read_bytes()[:-1] + b"\x00" * 2)
    else:
        shutil.copyfile(office.folder / "chunks" / "1.chunk", path)
    opened = office.open()
    assert (opened.seconds, opened.missing) == (3, (index,))
    # how long the final chunk was nobody can say once it is gone
    assert legs(opened.wav) == expected([None if i == index else i for i in range(4)][: 3 if index == 3 else 4])


def resign(office, number, log=None, **changes):
    """A grant by a custodian who really tries: fields changed, or the share inside; logged unseen, if not given."""
    log = log or office.log_unseen
    case, custodian = office.case, office.site.custodians[number]
    share = people.unseal_share(case.share_envelope(number + 1), custodian, number + 1)
    share |= changes.pop("share", {})
    sealed = SealedBox(PublicKey(office.me.link_key)).encrypt(codec.encode("share-secret", share))
    fields = {
        "request": blake2b256((office.folder / "request.cose").read_bytes()),
        "index": number + 1,
        "sealed_hash": blake2b256(sealed),
        "time": now_ms(),
    } | changes
    grants = office.folder / "grants"
    grants.mkdir(exist_ok=True)
    (grants / f"{number + 1}.sealed").write_bytes(sealed)
    path = grants / f"{number + 1}.cose"
    path.write_bytes(cose.sign("opening-grant", codec.encode("opening-grant", fields), custodian.identity))
    log(path)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"share": {"share": bytes(32)}}, "share 1: its hash is not the one in the record, the share is wrong"),
        ({"share": {"record": bytes(16)}}, "share 1: its record is not the record's"),
        ({"share": {"terminal": bytes(16)}}, "share 1: its terminal is not the record's"),
        ({"share": {"k": 3}}, "share 1: its k is not the record's"),
        ({"share": {"index": 2}}, "share 1: its index is not the record's"),
        ({"sealed_hash": bytes(32)}, "grants/1.cose: signed for another share than the one beside it"),
        ({"index": 9}, "share 9: its index is not the record's"),
    ],
)
def test_a_wrong_share_is_named_and_a_quorum_of_good_ones_opens_all_the_same(office, changes, why):
    office.ask()
    resign(office, 0, **changes)
    office.grant(1)
    with pytest.raises(CustodyError, match="1 of 2 custodians") as caught:
        office.open()
    assert why in str(caught.value)
    office.grant(2)
    assert office.open().faults == (why,)


def test_a_custodian_cannot_put_in_anothers_share(office):
    office.ask()
    office.grant(0)
    share = people.unseal_share((office.folder / "grants" / "1.sealed").read_bytes(), office.me, 1)
    resign(office, 1, share=share, index=1)
    with pytest.raises(CustodyError, match=r"grants/2\.cose: another custodian's share"):
        office.open()


def test_a_commitment_that_does_not_hold_stops_the_opening(desk, terminal):
    call = terminal.call(2)
    facts = call.fields["recording"] | {"key_commitment": bytes(32)}
    lied = terminal.call(recording=facts, id=call.id, envelopes=call.fields["envelopes"])
    lied.envelopes, lied.chunks = call.envelopes, call.chunks
    desk.send(lied.upload())
    office = Office.__new__(Office)
    office.desk, office.site, office.call = desk, desk.site, lied
    office.folder = office.export("lied", lied)
    office.me, office.root = office.site.requester(), bytes(office.site.root.verify_key)
    office.ask()
    office.grant(0)
    office.grant(1)
    with pytest.raises(CustodyError, match="do not give the key that the record commits to"):
        office.open()


def test_chunks_that_open_but_are_not_the_records_are_refused(desk, terminal):
    call = terminal.call(2)
    facts = call.fields["recording"] | {"digest": bytes(32)}
    lied = terminal.call(recording=facts, id=call.id, envelopes=call.fields["envelopes"])
    desk.send(lied.upload(envelopes=call.envelopes))
    desk.send(call.all_chunks(), leaf="chunks")
    office = Office.__new__(Office)
    office.desk, office.site, office.call = desk, desk.site, lied
    office.folder = office.export("lied", lied)
    office.me, office.root = office.site.requester(), bytes(office.site.root.verify_key)
    office.ask()
    office.grant(0)
    office.grant(1)
    with pytest.raises(CustodyError, match="digest is not the one in the record"):
        office.open()


# ------------------------------------------------------------ what custodians do not answer


def test_nothing_is_granted_for_a_request_that_is_not_logged(office):
    people.request(office.case, office.me, "24-CR-0117", bytes(16))
    with pytest.raises(CustodyError, match="central has to log it first"):
        people.grant(office.case, office.site.custodians[0])


def test_nothing_is_granted_with_the_receipt_of_another_object(office):
    people.request(office.case, office.me, "24-CR-0117", bytes(16))
    shutil.copyfile(office.folder / "record.receipt", office.folder / "request.receipt")
    with pytest.raises(CustodyError, match="no log that the trust bundle names vouches for it"):
        people.grant(office.case, office.site.custodians[0])


def test_a_request_for_another_record_is_not_granted(office, terminal):
    office.ask()
    other = terminal.call(2)
    office.desk.send(other.upload())
    folder = office.export("other", other)
    for name in ("people", "request.cose", "request.receipt"):
        source = office.folder / name
        if source.is_dir():
            shutil.copytree(source, folder / name, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, folder / name)
    with pytest.raises(CustodyError, match=r"request\.cose: asks for another record"):
        people.grant(Case.load(folder, office.case.trust), office.site.custodians[0])


def test_a_grant_for_another_request_does_not_count(office):
    office.ask()
    office.grant(0)
    office.grant(1)
    people.request(office.case, office.me, "24-CR-0118", bytes(16))
    office.log(office.folder / "request.cose")
    with pytest.raises(CustodyError, match=r"grants/1\.cose: grants another request"):
        office.open()


def test_an_unlogged_grant_does_not_count(office):
    office.ask()
    office.grant(0)
    people.grant(office.case, office.site.custodians[1])
    with pytest.raises(CustodyError, match="1 of 2"):
        office.open()


def test_somebody_who_is_no_custodian_of_it_has_no_share(office):
    office.ask()
    with pytest.raises(CustodyError, match="not among the readers"):
        people.grant(office.case, office.me)


def test_another_requester_cannot_open_with_the_grants(office):
    office.ask()
    office.grant(0)
    office.grant(1)
    with pytest.raises(CustodyError, match="made by another requester"):
        open_recording(office.case, office.site.requester("thief"))


def test_an_envelope_that_was_exchanged_is_named(office):
    office.ask()
    (office.folder / "envelopes" / "share-1").write_bytes(bytes(100))
    with pytest.raises(CustodyError, match="share-1: not the envelope that the record fixes"):
        people.grant(office.case, office.site.custodians[0])


def test_an_unrecorded_call_has_nothing_to_ask_for(office, terminal):
    call = terminal.call()
    office.desk.send(call.upload())
    case = Case.load(office.export("plain", call), office.case.trust)
    with pytest.raises(CustodyError, match="nothing was recorded"):
        people.request(case, office.me, "24-CR-0117", bytes(16))


@pytest.mark.parametrize("name", ["record.cose", "record.receipt", "trust.bundle"])
def test_a_case_that_was_tampered_with_does_not_load(office, name):
    path = office.folder / name
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(CustodyError):
        office.case  # noqa: B018 - loads it


def test_a_case_under_another_root_does_not_load(office):
    with pytest.raises(CustodyError):
        newest(office.folder, office.me.directory, office.site.custodians[0].identity_key)


# ------------------------------------------------------------ whom custodians go by


def renew(office, revoked, version=2):
    """The operator finds the log key stolen: a new one in a new trust bundle, and revocations. Returns the old key."""
    site, stolen = office.site, office.site.log_key
    site.log_key = SigningKey.generate()
    site.central_credential = site.issue("central", "central", site.log_key.verify_key, PrivateKey.generate())
    site.publish_trust(version)
    site.revoke({key_id(bytes(stolen.verify_key)): NOW_S - 1000} | revoked)
    return stolen


def forge_receipt(office, log_key, at=NOW_S):
    """What the thief of a log key makes: a log of one leaf."""
    signed = (office.folder / "request.cose").read_bytes()
    made = receipt.make(0, 1, [], merkle.leaf_hash(signed), log_key, at)
    (office.folder / "request.receipt").write_bytes(made)


def newest_files(office):
    return {kind: office.site.bundles / f"{kind}.bundle" for kind in ("trust", "revocations")}


def test_an_older_trust_bundle_in_the_folder_than_the_custodian_knows_is_refused(office):
    custodian = office.site.custodians[0]
    stolen = renew(office, {office.me.key_id: NOW_S - 1000})
    people.request(office.case, office.me, "24-CR-0117", bytes(16))
    forge_receipt(office, stolen)
    with pytest.raises(CustodyError, match="version 1, but version 2 is known: get the newest"):
        office.read(custodian, **newest_files(office))
    with pytest.raises(CustodyError, match="version 1, but version 2 is known: get the newest"):
        office.read(custodian)  # and it stays known


def test_a_log_key_that_is_revoked_vouches_for_nothing_whatever_time_it_writes(office):
    office.site.revoke({key_id(bytes(office.site.log_key.verify_key)): NOW_S - 1000})
    people.request(office.case, office.me, "24-CR-0117", bytes(16))
    shutil.copyfile(office.site.bundles / "revocations.bundle", office.folder / "revocations.bundle")
    with pytest.raises(CustodyError, match=r"record\.receipt: the log's key is revoked"):
        office.read(office.site.custodians[0])


def test_a_log_key_that_was_not_valid_then_vouches_for_nothing(office):
    people.request(office.case, office.me, "24-CR-0117", bytes(16))
    forge_receipt(office, office.site.log_key, NOW_S + 100_000)
    custodian = office.site.custodians[0]
    with pytest.raises(CustodyError, match=r"request\.receipt: the log's key was not valid then"):
        people.grant(office.read(custodian), custodian)


def test_a_requester_who_is_revoked_gets_no_share(office):
    office.ask()
    office.site.revoke({office.me.key_id: NOW_S + 10_000})
    custodian = office.site.custodians[0]
    case = office.read(custodian, revocations=office.site.bundles / "revocations.bundle")
    with pytest.raises(CustodyError, match=r"request\.cose: the requester's key is revoked"):
        people.grant(case, custodian)


def test_a_signer_is_judged_at_the_time_of_the_receipt(office, monkeypatch):
    """What a requester wrote when his key was good, or pretends to have, and the log took when it was revoked."""
    monkeypatch.setattr(people, "now_ms", lambda: (NOW_S - 200) * 1000)
    people.request(office.case, office.me, "24-CR-0117", bytes(16))
    office.log(office.folder / "request.cose")
    office.site.revoke({office.me.key_id: NOW_S - 100})
    with pytest.raises(CustodyError, match=r"request\.cose: credential: revoked"):
        office.read(office.me, revocations=office.site.bundles / "revocations.bundle").logged_request()


def test_a_trust_bundle_that_has_run_out_is_refused_with_what_to_do(office, monkeypatch):
    assert office.case.trust.header.version == 1
    monkeypatch.setattr(standing, "now_ms", lambda: (NOW_S + 4000) * 1000)
    (office.folder / "trust.bundle").unlink()
    with pytest.raises(CustodyError, match=r"trust\.bundle: bundle\.expires: expired; get the newest with --trust"):
        office.read(office.me)


def test_without_any_trust_bundle_nothing_is_read(office):
    (office.folder / "trust.bundle").unlink()
    with pytest.raises(CustodyError, match="not there; get the facility's newest with --trust"):
        office.read(office.site.custodians[0])
    assert office.read(office.site.custodians[0], trust=office.site.bundles / "trust.bundle")


@pytest.mark.parametrize("kind", ["trust", "revocations"])
def test_bundles_that_nobody_signed_are_not_kept(office, kind):
    office.site.root, root = SigningKey.generate(), office.site.root
    if kind == "trust":
        office.site.publish_trust(9)
    else:
        office.site.revoke({}, 9)
    office.site.root = root
    with pytest.raises(CustodyError, match="signed by a key that may not"):
        office.read(office.me, **{kind: office.site.bundles / f"{kind}.bundle"})
    assert office.case.trust.header.version == 1
    assert not (office.me.directory / "revocations.bundle").exists()


def test_the_trust_bundle_of_the_enrolment_is_the_floor(site, desk, terminal):
    site.publish_trust(3)
    me = site.requester("early")  # enrolled with version 3
    site.publish_trust(2)
    office = Office(desk, terminal)
    with pytest.raises(CustodyError, match="version 2, but version 3 is known"):
        office.read(me)


def test_the_folder_brings_the_revocations_that_central_publishes(office):
    office.site.revoke({bytes(16): NOW_S})
    folder = office.export("again", office.call)
    assert newest(folder, office.me.directory, office.root).revoked == {bytes(16): NOW_S}


# ------------------------------------------------------------ what central does not log


def test_central_logs_nothing_by_the_wrong_role(office):
    people.request(office.case, office.me, "24-CR-0117", bytes(16))
    custodian = office.desk.books[FACILITY].trust.custodians[0].raw
    with pytest.raises(CentralError, match=r"not admitted: credential\.role"):
        office.log(office.folder / "request.cose", custodian)


def test_central_logs_no_request_in_anothers_name(office):
    thief = office.site.requester("thief")
    people.request(office.case, office.me, "24-CR-0117", bytes(16))
    fields = codec.decode("opening-request", cose.parse((office.folder / "request.cose").read_bytes()).payload)
    path = office.folder / "request.cose"
    path.write_bytes(cose.sign("opening-request", codec.encode("opening-request", fields), thief.identity))
    with pytest.raises(CentralError, match="not signed by the requester that it names"):
        office.log(path, thief.enrolled().credential.raw)


def test_central_logs_no_request_for_a_record_it_does_not_have(office):
    fields = {
        "record": bytes(16),
        "record_hash": bytes(32),
        "case": "x",
        "requester": office.me.key_id,
        "time": NOW_S * 1000,
        "nonce": bytes(16),
    }
    path = office.folder / "request.cose"
    path.write_bytes(cose.sign("opening-request", codec.encode("opening-request", fields), office.me.identity))
    with pytest.raises(CentralError, match="central has no such record"):
        office.log(path, office.me.enrolled().credential.raw)


def test_central_logs_no_grant_for_an_unlogged_request(office):
    people.request(office.case, office.me, "24-CR-0117", bytes(16))
    with pytest.raises(CentralError, match="its request is not in the log"):
        resign(office, 0, office.log)


def test_central_logs_nothing_of_a_revoked_custodian(office):
    office.ask()
    office.site.revoke({office.site.custodians[0].key_id: NOW_S - 1000})
    office.desk.books[FACILITY].refresh()
    with pytest.raises(CentralError, match="revoked"):
        office.grant(0)


@pytest.mark.parametrize("index", [0, 2, 9])
def test_central_logs_no_grant_of_anothers_share(office, index):
    office.ask()
    with pytest.raises(CentralError, match="not by the reader whose share it is"):
        resign(office, 0, office.log, index=index)


def test_central_logs_no_opening_by_another_requester_than_asked(office):
    office.ask()
    office.grant(0)
    office.grant(1)
    office.open()
    path = office.folder / "opening.cose"
    thief = office.site.requester("thief")
    payload = cose.parse(path.read_bytes()).payload
    path.write_bytes(cose.sign("opening", payload, thief.identity))
    with pytest.raises(CentralError, match="opened by another requester than asked"):
        office.log(path, thief.enrolled().credential.raw)


def test_central_judges_by_its_own_clock_and_not_by_the_time_that_a_revoked_requester_writes(office, monkeypatch):
    office.site.revoke({office.me.key_id: NOW_S - 100})
    office.desk.books[FACILITY].refresh()
    monkeypatch.setattr(people, "now_ms", lambda: (NOW_S - 200) * 1000)
    people.request(office.case, office.me, "24-CR-0117", bytes(16))
    with pytest.raises(CentralError, match="revoked"):
        office.log(office.folder / "request.cose")


@pytest.mark.parametrize("days", [-1.01, 1.01])
def test_central_logs_nothing_that_is_dated_more_than_a_day_away(office, monkeypatch, days):
    monkeypatch.setattr(people, "now_ms", lambda: now_ms() + int(days * custody_log.MAX_SKEW_MS))
    people.request(office.case, office.me, "24-CR-0117", bytes(16))
    with pytest.raises(CentralError, match=r"opening-request\.time: more than a day from central's clock"):
        office.log(office.folder / "request.cose")


def test_central_logs_no_record_by_hand(office):
    with pytest.raises(CentralError, match="only opening requests"):
        office.log(office.folder / "record.cose", office.me.enrolled().credential.raw)


def test_a_request_by_an_issuers_requester_is_taken(site, desk, terminal):
    office_keys = Keys()
    issuer = site.issue("issuer", "office", office_keys.identity.verify_key, office_keys.link)
    site.publish_trust(2, issuers=(issuer,))
    desk.books[FACILITY].refresh()
    office = Office(desk, terminal)
    raw = site.issue("requester", "prosecutor", office.me.identity_key, office.me.link_key, signer=office_keys.identity)
    (office.folder / "people" / "prosecutor.cose").write_bytes(raw)
    office.ask()
    office.grant(0)
    office.grant(2)
    assert office.open().seconds == 4


def test_a_case_is_exported_with_what_opens_the_recording_and_nothing_of_the_person(office):
    found = {str(path.relative_to(office.folder)) for path in office.folder.rglob("*") if path.is_file()}
    assert found == {
        "record.cose",
        "record.receipt",
        "trust.bundle",
        "credentials/0.cose",
        *(f"envelopes/share-{index}" for index in (1, 2, 3)),
        *(f"chunks/{index}.chunk" for index in range(4)),
    }
    for name in found:
        assert PERSON.encode() not in (office.folder / name).read_bytes()
