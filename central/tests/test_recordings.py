"""Chunks: durable before they are answered, in any order, bounded, and `stored` only for what is whole."""

import os
import shutil
import tracemalloc

import cbor2
import pytest
from central_factory import FACILITY, GATEWAY, Desk, Site, Terminal
from sealine_central import ingest, uploads
from sealine_central.errors import StoreError
from sealine_central.recordings import Recordings
from sealine_protocol import codec, cose, recording
from sealine_protocol.clock import now_ms


def stored(desk, answers):
    return [desk.word(answer) for answer in answers if answer["kind"] == "stored"]


def chunk_files(desk, call):
    return sorted(path.name for path in (desk.state / "recordings" / call.id.hex()).iterdir())


@pytest.mark.parametrize("record_first", [True, False])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_stored_comes_once_all_is_here_in_whatever_order(desk, terminal, record_first, order):
    call = terminal.call(3)
    answers = desk.send(call.upload()) if record_first else []
    for index in order:
        assert stored(desk, answers) == []
        answers = desk.send(call.chunk(index), leaf="chunks")
    if not record_first:
        assert answers == []
        answers = desk.send(call.upload())
    (word,) = stored(desk, answers)
    assert (word["record"], word["digest"]) == (call.id, call.fields["recording"]["digest"])


def test_stored_is_said_again_when_chunks_come_again(desk, terminal):
    call = terminal.call(2)
    desk.send(call.upload())
    desk.send(call.all_chunks(), leaf="chunks")
    assert len(stored(desk, desk.send(call.chunk(1), leaf="chunks"))) == 1


def test_a_stored_recording_does_not_change_any_more(desk, terminal):
    call = terminal.call(2)
    desk.send(call.upload())
    desk.send(call.all_chunks(), leaf="chunks")
    desk.send(call.chunk(1, os.urandom(16016)), leaf="chunks")
    assert (desk.state / "recordings" / call.id.hex() / "1.chunk").read_bytes() == call.chunks[1]


def test_a_damaged_chunk_is_mended_by_the_right_one(desk, terminal):
    call = terminal.call(2)
    desk.send(call.upload())
    assert stored(desk, desk.send(call.chunk(0) + call.chunk(1, os.urandom(100)), leaf="chunks")) == []
    assert stored(desk, desk.send(call.chunk(0), leaf="chunks")) == []
    assert len(stored(desk, desk.send(call.chunk(1), leaf="chunks"))) == 1


def test_after_a_crash_between_the_files_and_the_commit_the_same_chunks_complete_it(desk, terminal):
    call = terminal.call(2)
    desk.send(call.upload())
    desk.recordings.add_chunks(call.id, dict(enumerate(call.chunks)))
    desk.store.close()
    desk.open()
    assert len(stored(desk, desk.send(call.all_chunks(), leaf="chunks"))) == 1


def test_a_cut_recording_is_whole_with_the_chunks_of_its_checkpoint_and_keeps_the_others(desk, terminal):
    """The record of a reset rests on its last checkpoint; three more seconds had been sent by then."""
    call = terminal.call(5, state="cut")
    facts = call.fields["recording"] | {"chunks": 2, "bytes": 2 * 16016}
    facts["digest"] = recording.digest(map(recording.chunk_hash, call.chunks[:2]))
    cut = terminal.call(recording=facts, id=call.id, end_reason="reset", envelopes=call.fields["envelopes"])
    desk.send(b"".join(call.chunk(index) for index in range(4)), leaf="chunks")
    (word,) = stored(desk, desk.send(cut.upload(envelopes=call.envelopes)))
    assert word["digest"] == facts["digest"]
    desk.send(call.chunk(4), leaf="chunks")
    assert chunk_files(desk, call) == [f"{index}.chunk" for index in range(5)]


def test_a_recording_cut_before_its_first_checkpoint_is_whole_at_once(desk, terminal):
    call = terminal.call(1, state="cut")
    facts = call.fields["recording"] | {"chunks": 0, "bytes": 0, "digest": recording.digest([])}
    cut = terminal.call(recording=facts, id=call.id, envelopes=call.fields["envelopes"])
    assert len(stored(desk, desk.send(cut.upload(envelopes=call.envelopes)))) == 1


def test_nobody_is_told_stored_for_a_call_that_was_not_recorded(desk, terminal):
    assert stored(desk, desk.send(terminal.call().upload())) == []


def test_another_facilitys_gateway_cannot_touch_a_recording(site, terminal):
    south = Site(site.directory.parent / "south", "south")
    desk = Desk(site, south)
    call = terminal.call(2)
    desk.send(call.chunk(0), leaf="chunks")
    assert desk.send(call.chunk(0, bytes(100)) + call.chunk(1), leaf="chunks", facility="south") == []
    assert chunk_files(desk, call) == ["0.chunk"]
    desk.send(call.upload())
    assert len(stored(desk, desk.send(call.chunk(1), leaf="chunks"))) == 1


@pytest.mark.parametrize("index", [21_601, (1 << 32) - 1])
def test_an_index_beyond_any_call_is_refused_and_does_not_stop_other_messages(desk, terminal, index):
    call, other = terminal.call(1), terminal.call(1)
    far = cbor2.dumps({**cbor2.loads(call.chunk(0)), 1: index})
    desk.send(far, other.chunk(0), leaf="chunks")
    assert not (desk.state / "recordings" / call.id.hex()).exists()
    assert chunk_files(desk, other) == ["0.chunk"]
    assert desk.metrics.registry.get_sample_value("sealine_refused_total", {"reason": "chunks"}) == 1


def test_a_record_that_claims_more_chunks_than_six_hours_have_is_refused_and_costs_nothing(desk, terminal):
    call = terminal.call(2)
    payload = cbor2.loads(cose.parse(call.signed).payload)
    payload[25][3] = (1 << 32) - 1
    signed = cose.sign("record", cbor2.dumps(payload, canonical=True), terminal.keys.identity)
    (answer,) = desk.send(call.upload(record=signed))
    word = desk.word(answer)
    assert (word["reason"], word["what"]) == ("schema", "record.recording.chunks: out of range")


def test_the_most_chunks_that_a_record_may_claim_are_counted_not_listed(desk, terminal):
    """One chunk of six hours' worth is here: neither the record nor the chunk costs more than a look at the table."""
    call = terminal.call(1)
    facts = call.fields["recording"] | {"chunks": 21_600}
    long = terminal.call(recording=facts, id=call.id, envelopes=call.fields["envelopes"])
    tracemalloc.start()
    assert desk.send(long.upload(envelopes=call.envelopes))[0]["kind"] == "receipt"
    assert desk.send(call.chunk(0), leaf="chunks") == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def fill(desk, monkeypatch, room=10, gateway=GATEWAY):
    """A gateway uses up its share with ids that nobody will ever sign."""
    monkeypatch.setattr(ingest, "MAX_OPEN_UPLOADS", room)
    junk = [codec.encode("upload-chunk", {"record": os.urandom(16), "index": 0, "data": bytes(16)}) for _ in range(15)]
    desk.send(*junk, leaf="chunks", gateway=gateway)
    assert desk.count("upload") == len(list((desk.state / "recordings").iterdir())) == room


def test_a_flood_of_recordings_without_records_ends_and_those_with_records_go_on(desk, terminal, monkeypatch):
    fill(desk, monkeypatch)
    call, later = terminal.call(2), terminal.call(1)
    (begun,) = desk.store.db.execute("SELECT record_id FROM upload LIMIT 1").fetchone()
    more = codec.encode("upload-chunk", {"record": begun, "index": 1, "data": bytes(16)})
    desk.send(later.all_chunks(), more, leaf="chunks")
    assert (desk.state / "recordings" / begun.hex() / "1.chunk").exists()  # what has begun goes on
    assert not (desk.state / "recordings" / later.id.hex()).exists()
    desk.send(call.upload(), later.upload())
    answers = desk.send(call.all_chunks(), later.all_chunks(), leaf="chunks")
    assert {word["record"] for word in stored(desk, answers)} == {call.id, later.id}


def test_a_flood_of_chunks_without_records_ends_and_those_with_records_go_on(desk, terminal, monkeypatch):
    monkeypatch.setattr(ingest, "MAX_OPEN_CHUNKS", 20)
    flood, call = terminal.call(1), terminal.call(3)
    for index in range(40):
        desk.send(flood.chunk(index, bytes(16)), leaf="chunks")
    assert len(chunk_files(desk, flood)) == 20
    desk.send(call.upload())
    assert len(stored(desk, desk.send(call.all_chunks(), leaf="chunks"))) == 1


def test_nothing_is_kept_far_behind_what_a_record_counts(desk, terminal):
    call = terminal.call(2)
    desk.send(call.upload())
    desk.send(*(call.chunk(index, bytes(16)) for index in (1, 61, 62, 5000)), leaf="chunks")
    assert chunk_files(desk, call) == ["1.chunk", "61.chunk"]


def test_one_gateways_flood_takes_no_room_from_another(desk, terminal, monkeypatch):
    fill(desk, monkeypatch, gateway="gw-9")
    call = terminal.call(1)
    desk.send(call.all_chunks(), leaf="chunks")
    assert chunk_files(desk, call) == ["0.chunk"]


def test_chunks_without_a_record_are_dropped_after_a_week_and_make_room(desk, terminal):
    call, announced = terminal.call(1), terminal.call(2)
    desk.send(announced.chunk(0), leaf="chunks")
    desk.send(announced.upload())
    assert uploads.count_open(desk.store.db, FACILITY, GATEWAY) == (0, 0)
    desk.send(call.chunk(0), call.chunk(0), leaf="chunks")
    desk.send(call.chunk(0), leaf="chunks")
    assert uploads.count_open(desk.store.db, FACILITY, GATEWAY) == (1, 1)
    now = now_ms()
    assert desk.ingest.purge(now + uploads.STALE_MS - 60_000) == 0
    assert desk.ingest.purge(now + uploads.STALE_MS + 60_000) == 1
    assert not (desk.state / "recordings" / call.id.hex()).exists()
    assert chunk_files(desk, announced) == ["0.chunk"]
    assert desk.count("chunk") == 1
    # its gateway has kept it, and brings it again when the record is there
    desk.send(call.upload())
    assert len(stored(desk, desk.send(call.chunk(0), leaf="chunks"))) == 1


def test_a_purge_that_ends_half_way_is_done_again(desk, terminal):
    call = terminal.call(1)
    desk.send(call.chunk(0), leaf="chunks")
    desk.recordings.remove(call.id)
    assert desk.ingest.purge(now_ms() + uploads.STALE_MS + 60_000) == 1
    assert desk.count("upload") == desk.count("chunk") == 0


def test_a_changed_chunk_does_not_make_central_read_the_others_again(desk, terminal, monkeypatch):
    call = terminal.call(3)
    facts = call.fields["recording"] | {"digest": bytes(32)}
    lied = terminal.call(recording=facts, id=call.id, envelopes=call.fields["envelopes"])
    desk.send(lied.upload(envelopes=call.envelopes))
    desk.send(call.all_chunks(), leaf="chunks")
    reads = []
    real = Recordings.damaged
    monkeypatch.setattr(Recordings, "damaged", lambda *given: reads.append(given) or real(*given))
    for _ in range(3):
        assert desk.send(call.chunk(0, os.urandom(16)), leaf="chunks") == []
    assert reads == []


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_stored_is_not_said_of_a_file_that_is_not_what_was_written(desk, terminal, how):
    """The gateway would delete the last good copy."""
    call = terminal.call(2)
    desk.send(call.upload())
    desk.send(call.chunk(0), leaf="chunks")
    path = desk.state / "recordings" / call.id.hex() / "0.chunk"
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(bytes(16))
    assert stored(desk, desk.send(call.chunk(1), leaf="chunks")) == []
    assert desk.count("chunk") == 1  # the damaged one is not here any more
    assert len(stored(desk, desk.send(call.chunk(0), leaf="chunks"))) == 1


def test_chunks_that_are_no_chunks_are_refused_whole(desk, terminal):
    call = terminal.call(2)
    assert desk.send(call.chunk(0) + b"\x00", leaf="chunks") == []
    assert not (desk.state / "recordings").exists()
    assert desk.metrics.registry.get_sample_value("sealine_refused_total", {"reason": "chunks"}) == 1


def test_on_a_nearly_full_disk_chunks_wait_and_records_go_on(site, terminal):
    desk = Desk(site, reserve_bytes=1 << 60)
    call = terminal.call(1)
    assert desk.send(call.all_chunks(), leaf="chunks") == []
    assert not (desk.state / "recordings").exists()
    assert [answer["kind"] for answer in desk.send(call.upload())] == ["receipt"]
    desk.reserve_bytes = 0
    desk.store.close()
    desk.open()
    assert len(stored(desk, desk.send(call.all_chunks(), leaf="chunks"))) == 1


def test_a_disk_that_refuses_keeps_the_batch_at_the_broker(desk, terminal):
    (desk.state / "recordings").write_text("not a folder")
    with pytest.raises(StoreError, match="recordings"):
        desk.send(terminal.call(1).all_chunks(), leaf="chunks")


def test_status_sets_the_state_and_nothing_else(desk):
    status = {"gateway": "gw-1", "state": "running", "time": 1, "terminals": []}
    assert desk.send(codec.encode("gateway-status", status), leaf="status") == []
    labels = {"facility": FACILITY, "gateway": "gw-1"}
    assert desk.metrics.registry.get_sample_value("sealine_gateway_state", labels) == 1


def test_the_final_chunk_of_a_folder_without_space_is_named(desk, terminal, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    with pytest.raises(StoreError, match="disk: Input/output error"):
        desk.send(terminal.call(1).all_chunks(), leaf="chunks")


def test_terminals_of_two_facilities_do_not_mix(site):
    south = Site(site.directory.parent / "south", "south")
    desk = Desk(site, south)
    near, far = Terminal(site).call(1), Terminal(south).call(1)
    desk.send(near.upload())
    desk.send(far.upload(), facility="south")
    assert len(stored(desk, desk.send(far.all_chunks(), leaf="chunks", facility="south"))) == 1
    assert len(stored(desk, desk.send(near.all_chunks(), leaf="chunks"))) == 1
