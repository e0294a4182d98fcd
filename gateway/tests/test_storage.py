import asyncio
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sealine_gateway import chunks as chunk_module
from sealine_gateway import outbox
from sealine_gateway.chunks import ChunkStore
from sealine_gateway.errors import ConflictError, StorageFullError
from sealine_gateway.outbox import KEEP_MS, RETRY_FIRST_MS, RETRY_MAX_MS, Entry, Outbox, Store
from sealine_protocol.hashes import blake2b256
from sealine_protocol.recording import chunk_hash, digest

T = b"t" * 16


def entry(number, terminal=T, size=100):
    name = number.to_bytes(32, "big")
    return Entry(hash=name, terminal=terminal, seq=number, object=b"o", upload=bytes(size), added_ms=0)


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "outbox.sqlite")
    yield opened
    opened.close()


def hashes(store, now_ms):
    return [int.from_bytes(name, "big") for name, _ in store.batch(now_ms)]


def test_database_is_wal_and_synced(store):
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_same_object_is_there_once(store):
    store.add([entry(1), entry(1), entry(2)])
    store.add([entry(1)])
    assert store.count() == {outbox.WAITING: 2}


def test_batch_is_oldest_first_and_bounded(store):
    store.add([entry(i) for i in range(300)])
    assert hashes(store, 0) == list(range(100))
    assert len(store.batch(0, max_bytes=250)) == 2
    assert len(store.batch(0, max_bytes=1)) == 1


def test_sent_ones_wait_longer_each_time_and_never_give_up(store):
    store.add([entry(1)])
    now, waits = 0, []
    for _ in range(30):
        assert hashes(store, now) == [1]
        store.sent([entry(1).hash], now)
        assert hashes(store, now) == []
        wait = next(
            step for step in range(0, RETRY_MAX_MS + RETRY_FIRST_MS, RETRY_FIRST_MS) if hashes(store, now + step)
        )
        waits.append(wait)
        now += wait
    assert waits[:3] == [RETRY_FIRST_MS, 2 * RETRY_FIRST_MS, 4 * RETRY_FIRST_MS]
    assert waits[-1] == RETRY_MAX_MS


def test_failed_publish_is_due_at_once(store):
    store.add([entry(1)])
    store.sent([entry(1).hash], 1000)
    assert store.outstanding(1000) == 1
    store.unsent([entry(1).hash])
    assert hashes(store, 1000) == [1]


def test_restart_makes_everything_unanswered_due(tmp_path):
    first = Store(tmp_path / "x")
    first.add([entry(1), entry(2)])
    first.sent([entry(1).hash], 10**12)
    first.accept(entry(2).hash, b"a", 5)
    first.close()
    second = Store(tmp_path / "x")
    assert hashes(second, 0) == [1]
    second.close()


def test_receipt_outlives_a_refusal_and_a_refusal_never_replaces_a_receipt(store):
    store.add([entry(1), entry(2)])
    store.accept(entry(1).hash, b"receipt", 1)
    store.reject(entry(1).hash, b"refusal", 2)
    store.reject(entry(2).hash, b"refusal", 2)
    store.accept(entry(2).hash, b"receipt", 3)
    assert [store.known(entry(i).hash).answer for i in (1, 2)] == [b"receipt", b"receipt"]


def test_purge_takes_only_what_was_receipted_long_ago(store):
    store.add([entry(i) for i in range(4)])
    store.accept(entry(1).hash, b"", 1000)
    store.accept(entry(2).hash, b"", 2000)
    store.reject(entry(3).hash, b"", 1000)
    assert store.purge(1500 + KEEP_MS) == 1
    assert [store.known(entry(i).hash) is None for i in range(4)] == [False, True, False, False]


def test_offer_again_takes_only_the_lost_tail_of_one_chain(store):
    store.add([entry(i) for i in range(4)] + [entry(10, terminal=b"u" * 16)])
    for number in (0, 1, 2, 3, 10):
        store.accept(entry(number).hash, b"", 100 if number != 3 else 900)
    assert store.offer_again(T, 1, 500) == 1
    assert hashes(store, 0) == [2]


def try_add(store, number):
    try:
        store.add([entry(number, size=1000)])
    except StorageFullError:
        return False
    return True


def test_full_disk_is_a_typed_error_and_the_store_goes_on(tmp_path):
    small = Store(tmp_path / "small", max_pages=12)
    saved = sum(try_add(small, number) for number in range(100))
    assert 0 < saved < 100
    assert small.count() == {outbox.WAITING: saved}
    assert len(small.batch(0)) == saved
    small.close()


async def test_full_disk_fails_exactly_the_ones_that_were_not_saved(tmp_path):
    box = Outbox(tmp_path, max_pages=12)
    results = []
    for number in range(30):
        results += await asyncio.gather(box.add(entry(number, size=1000)), return_exceptions=True)
    failed = [number for number, result in enumerate(results) if result is not None]
    assert failed
    assert all(isinstance(results[number], StorageFullError) for number in failed)
    for number in range(30):
        known = await box.run(lambda store, number=number: store.known(entry(number).hash))
        assert (known is None) == (number in failed)
    await box.close()


async def test_adds_at_one_time_share_commits(tmp_path, monkeypatch):
    box = Outbox(tmp_path)
    sizes = []
    plain = Store.add
    monkeypatch.setattr(Store, "add", lambda self, entries: (sizes.append(len(entries)), plain(self, entries)))
    await asyncio.gather(*(box.add(entry(number)) for number in range(500)))
    assert sum(sizes) == 500
    assert len(sizes) < 20
    await box.close()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "sent", "unsent", "accept", "reject", "purge", "again"]), st.integers(0, 5)),
        max_size=40,
    )
)
def test_store_follows_a_small_model(tmp_path_factory, steps):  # noqa: C901, PLR0912 - one branch per operation
    """Every entry that was added and not purged is waiting, receipted or quarantined as the model says."""
    real = Store(tmp_path_factory.mktemp("model") / "x")
    model = {}
    now = 1000
    for step, number in steps:
        now += 10
        name = entry(number).hash
        if step == "add":
            real.add([entry(number)])
            model.setdefault(number, [0, None])
        elif step == "sent":
            real.sent([name], now)
        elif step == "unsent":
            real.unsent([name])
        elif step == "accept":
            real.accept(name, b"a", now)
            if number in model:
                model[number] = [1, now]
        elif step == "reject":
            real.reject(name, b"r", now)
            if number in model and model[number][0] == 0:
                model[number] = [2, now]
        elif step == "purge":
            real.purge(now + KEEP_MS - 50)
            model = {n: m for n, m in model.items() if m[0] != 1 or m[1] >= now - 50}
        else:
            real.offer_again(T, number, now)
            for n, m in model.items():
                if n > number and m[0] == 1 and m[1] < now:
                    m[0] = 0
    for number in range(6):
        known = real.known(entry(number).hash)
        assert (None if known is None else known.state) == (model[number][0] if number in model else None)
    real.close()


# ------------------------------------------------------------------ chunks

R = b"r" * 16


def put_all(store, data, record=R, terminal=T):
    for index, chunk in enumerate(data):
        store.put(terminal, record, index, chunk)


def test_chunks_survive_a_restart_and_are_due_again(tmp_path):
    store = ChunkStore(tmp_path, 0)
    put_all(store, [b"a" * 20, b"b" * 20])
    store.sent(R, 0, 0)
    again = ChunkStore(tmp_path, 0)
    assert again.due(0, 10) == [(R, 0), (R, 1)]
    assert again.read(R, 1) == b"b" * 20
    with pytest.raises(ConflictError, match="another terminal"):
        again.put(b"u" * 16, R, 2, b"c" * 20)
    with pytest.raises(ConflictError, match="other bytes"):
        again.put(T, R, 0, b"x" * 20)
    again.put(T, R, 0, b"a" * 20)


def test_half_made_folders_and_strange_files_are_no_obstacle(tmp_path):
    (tmp_path / "chunks" / R.hex()).mkdir(parents=True)
    (tmp_path / "chunks" / "strange").mkdir()
    (tmp_path / "chunks" / R.hex() / ".0.chunk.new").write_bytes(b"cut off")
    store = ChunkStore(tmp_path, 0)
    put_all(store, [b"a" * 20])
    assert ChunkStore(tmp_path, 0).due(0, 10) == [(R, 0)]


def test_chunks_come_again_later_until_they_are_stored(tmp_path):
    store = ChunkStore(tmp_path, 0)
    put_all(store, [b"a" * 20, b"b" * 20])
    now = 0
    for _ in range(3):
        due = store.due(now, 10)
        assert len(due) == 2
        for record, index in due:
            store.sent(record, index, now)
        assert store.due(now + 1, 10) == []
        now += chunk_module.RETRY_MAX_MS
    assert store.stored(R, digest([chunk_hash(b"a" * 20), chunk_hash(b"b" * 20)]))
    assert store.due(now * 2, 10) == []
    assert not (tmp_path / "chunks" / R.hex()).exists()


def test_stored_must_name_these_chunks_in_this_order(tmp_path):
    store = ChunkStore(tmp_path, 0)
    put_all(store, [b"a" * 20, b"b" * 20])
    parts = [chunk_hash(b"a" * 20), chunk_hash(b"b" * 20)]
    assert not store.stored(R, digest(reversed(parts)))
    assert not store.stored(R, digest([*parts, parts[0]]))
    assert store.count() == 2
    assert store.stored(R, digest(parts[:1]))  # a recording that was cut at its checkpoint


def test_a_recording_cut_before_its_first_checkpoint_rests_on_no_chunk(tmp_path):
    store = ChunkStore(tmp_path, 1)
    put_all(store, [b"a" * 20])
    assert store.stored(R, digest([]))
    assert store.count() == 0


def test_a_gap_is_never_taken_for_stored(tmp_path):
    store = ChunkStore(tmp_path, 0)
    store.put(T, R, 1, b"b" * 20)
    assert not store.stored(R, digest([chunk_hash(b"b" * 20)]))


def test_limits_of_chunks(tmp_path, monkeypatch):
    store = ChunkStore(tmp_path, 0)
    with pytest.raises(ConflictError, match="index"):
        store.put(T, R, chunk_module.MAX_INDEX + 1, b"a" * 20)
    monkeypatch.setattr(chunk_module, "MAX_OPEN", 2)
    for number in range(2):
        store.put(T, bytes([number]) * 16, 0, b"a" * 20)
    with pytest.raises(ConflictError, match="too many"):
        store.put(T, R, 0, b"a" * 20)
    store.put(b"u" * 16, R, 0, b"a" * 20)  # another terminal has its own share


def test_a_terminal_has_its_share_of_the_disk_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(chunk_module, "MAX_TERMINAL_BYTES", 2 * chunk_module.BLOCK_BYTES + 50)
    put_all(ChunkStore(tmp_path, 0), [b"a" * 20, b"b" * 20])
    store = ChunkStore(tmp_path, 0)
    with pytest.raises(StorageFullError, match="share"):
        store.put(T, b"s" * 16, 0, b"c" * 20)
    store.put(b"u" * 16, b"v" * 16, 0, b"c" * 20)
    store.put(T, R, 0, b"a" * 20)  # what is there already needs no room
    assert store.stored(R, digest([chunk_hash(b"a" * 20), chunk_hash(b"b" * 20)]))
    put_all(store, [b"a" * 20, b"b" * 20])  # the share is free again


def test_short_chunks_are_counted_as_the_files_that_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr(chunk_module, "MAX_TERMINAL_CHUNKS", 3)
    put_all(ChunkStore(tmp_path, 0), [b"a" * 16, b"b" * 16])
    store = ChunkStore(tmp_path, 0)
    store.put(T, b"s" * 16, 0, b"c" * 16)
    with pytest.raises(StorageFullError, match="share"):
        store.put(T, b"s" * 16, 1, b"d" * 16)
    store.put(b"u" * 16, b"v" * 16, 0, b"c" * 16)


def test_recordings_that_are_never_answered_hold_nobody_up(tmp_path):
    """A terminal with many of them, due again and again, against an honest terminal and against its own newest."""
    store = ChunkStore(tmp_path, 0)
    dead = [bytes([number]) * 16 for number in range(20)]
    for record in dead:
        put_all(store, [b"a" * 20] * 8, record=record)
    put_all(store, [b"b" * 20] * 3, record=b"n" * 16)
    put_all(store, [b"c" * 20] * 3, record=R, terminal=b"u" * 16)
    served = []
    now = 0
    for _ in range(24):  # what a message has room for, each time when all that was sent is due again
        now += chunk_module.RETRY_MAX_MS
        due = store.due(now, 8)
        served += [record for record, _ in due]
        for record, index in due:
            store.sent(record, index, now)
    assert served.index(R) <= 8
    assert b"n" * 16 in served
    assert set(dead) <= set(served)


def present(store, numbers):
    return [number for number in numbers if store.known(entry(number).hash) is not None]


@pytest.mark.parametrize("limit", ["MAX_ENTRIES", "MAX_BYTES"])
def test_in_a_full_share_the_oldest_receipted_give_way_and_nothing_else(store, monkeypatch, limit):
    """What is receipted counts as well: a terminal cannot fill the disk by being answered."""
    monkeypatch.setattr(outbox, limit, 6 if limit == "MAX_ENTRIES" else 6 * entry(1).size)
    monkeypatch.setattr(outbox, "_PRUNE", 1)
    store.add([entry(number) for number in range(6)] + [entry(9, terminal=b"u" * 16)])
    for number, answered_ms in ((3, 10), (1, 20), (2, 30), (9, 1)):
        store.accept(entry(number).hash, b"", answered_ms)
    store.reject(entry(0).hash, b"", 1)
    for number in (6, 7, 8):
        store.make_room(T, entry(number).size, 0)
        store.add([entry(number)])
    assert present(store, range(10)) == [0, 4, 5, 6, 7, 8, 9]
    with pytest.raises(StorageFullError, match="share"):
        store.make_room(T, entry(1).size, 0)
    store.make_room(b"u" * 16, entry(1).size, 0)  # another terminal has its own


def test_a_day_has_its_number_whatever_becomes_of_the_entries(store, monkeypatch):
    monkeypatch.setattr(outbox, "MAX_PER_DAY", 3)
    store.add([entry(number) for number in range(3)])
    for number in range(3):
        store.accept(entry(number).hash, b"", 1)
    with pytest.raises(StorageFullError, match="day"):
        store.make_room(T, 1, outbox.DAY_MS - 1)
    store.make_room(T, 1, outbox.DAY_MS)


def test_what_is_held_for_its_wrapping_waits_a_day_or_for_a_restart_or_a_better_one(tmp_path):
    store = Store(tmp_path / "x")
    store.add([entry(1), entry(2), entry(3)])
    named = store.known(entry(1).hash).upload_hash
    assert named == blake2b256(entry(1).upload)
    assert store.hold(bytes(32), 0) is None
    for number in (1, 2, 3):
        upload = bytes([number]) * 50
        store.hold(named, 0)  # all three have the same bytes here
        store.wrap_again(entry(number).hash, upload)
        assert store.hold(blake2b256(upload), 0) == T
    assert hashes(store, 10**12) == []
    assert store.known(entry(1).hash).answer is None  # nothing to tell the terminal
    assert store.release(outbox.HELD_MS - 1) == 0
    store.wrap_again(entry(2).hash, b"better")
    assert store.batch(0) == [(entry(2).hash, b"better")]
    store.accept(entry(3).hash, b"receipt", 5)  # a receipt ends it in any state
    store.close()
    again = Store(tmp_path / "x")
    assert hashes(again, 0) == [1, 2]
    again.hold(blake2b256(b"better"), 0)
    assert again.release(outbox.HELD_MS) == 1
    assert hashes(again, 0) == [1, 2]
    again.close()


def test_chunks_leave_the_reserve_to_records(tmp_path):
    store = ChunkStore(tmp_path, 10**18)
    with pytest.raises(StorageFullError):
        store.put(T, R, 0, b"a" * 20)
    assert store.due(0, 10) == []


def test_chunk_that_cannot_be_written_is_not_counted(tmp_path, monkeypatch):
    store = ChunkStore(tmp_path, 0)
    store.put(T, R, 0, b"a" * 20)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFullError):
        store.put(T, R, 1, b"b" * 20)
    monkeypatch.undo()
    assert store.count() == 1
    assert not list((tmp_path / "chunks" / R.hex()).glob("1.chunk"))
    store.put(T, R, 1, b"b" * 20)
