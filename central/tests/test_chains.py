"""The watch: gaps, forks, breaks, lost tails, other heads, silence and clocks, whatever the order of arrival."""

import random

import pytest
from sealine_central.chains import SILENT_MS, chains
from sealine_central.watch import Watch
from sealine_protocol.clock import now_ms


def state(desk, at_ms=None):
    return [alarm for chain in chains(desk.store) for alarm in chain.alarms(at_ms)]


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_arrival_gives_a_whole_chain(desk, terminal, seed):
    calls = [terminal.call() for _ in range(12)]
    random.Random(seed).shuffle(calls)
    for call in calls:
        desk.send(call.upload())
    (chain,) = chains(desk.store)
    assert (chain.records, chain.head, chain.alarms()) == (12, 11, [])


def test_a_gap_is_named_and_goes_away(desk, terminal):
    calls = [terminal.call() for _ in range(6)]
    desk.send(*(calls[i].upload() for i in (1, 2, 5)))
    assert state(desk) == ["3 missing (0, 3, 4)"]
    desk.send(*(call.upload() for call in calls))
    assert state(desk) == []


def test_a_huge_number_is_one_gap_and_no_work(desk, terminal):
    desk.send(terminal.call(seq=(1 << 32) - 1).upload())
    assert state(desk)[0].startswith("4294967295 missing (0, 1, 2, 3, 4 ...)")


def test_a_fork_is_counted(desk, terminal):
    first = terminal.call()
    desk.send(first.upload(), terminal.call(seq=0, prev=first.fields["prev"]).upload(), terminal.call().upload())
    assert state(desk) == ["1 forked"]


def test_a_chain_that_does_not_link_is_named(desk, terminal):
    desk.send(terminal.call().upload(), terminal.call(seq=1, prev=bytes(32)).upload())
    assert state(desk) == ["1 not linked to the one before"]


def test_a_chain_that_starts_from_another_credential_is_named(desk, terminal):
    desk.send(terminal.call(seq=0, prev=bytes(32)).upload())
    assert state(desk) == ["1 not linked to the one before"]


def test_a_lost_tail_is_what_a_tally_announces_and_nobody_brought(desk, terminal):
    calls = [terminal.call() for _ in range(4)]
    desk.send(calls[0].upload(), terminal.tally({"seq": 3, "hash": calls[3].hash}))
    assert state(desk) == ["3 announced but not here"]
    desk.send(*(call.upload() for call in calls))
    assert state(desk) == []


def test_a_tally_with_another_head_shows_a_fork_that_was_held_back(desk, terminal):
    desk.send(terminal.call().upload(), terminal.tally({"seq": 0, "hash": bytes(32)}))
    assert state(desk) == ["announces another record than the one here"]


def test_a_terminal_of_which_only_tallies_come_is_seen(desk, terminal):
    desk.send(terminal.tally({"seq": 0, "hash": bytes(32)}))
    assert state(desk) == ["1 announced but not here"]


def test_the_newest_tally_tells_the_terminals_health(desk, terminal):
    desk.send(terminal.call().upload())
    assert chains(desk.store)[0].health is None
    day = now_ms() // 86_400_000
    newer = {"resets": 1, "journal": 2, "quarantined": 0, "frames_lost": 40}
    older = {"resets": 9, "journal": 9, "quarantined": 9, "frames_lost": 9}
    desk.send(terminal.tally(None, day + 1, health=newer), terminal.tally(None, day, health=older))
    assert desk.count("tally") == 2
    (chain,) = chains(desk.store)
    assert str(chain.health) == "resets 1, waiting 2, set aside 0, lost frames 40"
    assert state(desk) == []


def test_records_that_the_terminal_had_to_set_aside_are_an_alarm(desk, terminal):
    health = {"resets": 0, "journal": 0, "quarantined": 3, "frames_lost": 0}
    desk.send(terminal.tally(None, health=health))
    assert state(desk) == ["3 set aside by the terminal"]


def test_silence_is_an_alarm(desk, terminal):
    desk.send(terminal.tally(None))
    assert state(desk) == []
    assert state(desk, now_ms() + SILENT_MS + 3_600_000) == ["silent for 37 h"]


def test_a_clock_that_is_ahead_is_an_alarm(desk, terminal):
    desk.send(terminal.call(ended=now_ms() + 3_600_000).upload())
    assert state(desk)[0].startswith("clock ahead by 35")


def test_flags_are_alarms(desk, terminal):
    desk.send(terminal.call(1, privileged="directory").upload())
    assert state(desk) == ["flagged: recorded-private"]


def test_the_watch_logs_an_alarm_once_and_its_end_and_sets_the_metrics(desk, terminal, caplog):
    watch = Watch(desk.store, desk.answers, desk.metrics)
    calls = [terminal.call() for _ in range(3)]
    desk.send(calls[2].upload())
    for _ in range(3):
        watch.look()
    value = desk.metrics.registry.get_sample_value
    assert (value("sealine_gaps"), value("sealine_chains_with_alarms")) == (2, 1)
    desk.send(*(call.upload() for call in calls))
    watch.look()
    assert (value("sealine_gaps"), value("sealine_chains_with_alarms")) == (0, 0)
    lines = [record.getMessage() for record in caplog.records if record.getMessage().startswith("chain ")]
    assert len(lines) == 2
    assert "2 missing (0, 1)" in lines[0]
    assert "none any more" in lines[1]


def test_the_watch_keeps_a_signed_head(desk, terminal):
    desk.send(terminal.call().upload())
    Watch(desk.store, desk.answers, desk.metrics).look()
    ((size, signed),) = desk.store.db.execute("SELECT size, signed FROM tree_head").fetchall()
    word = desk.word({"statement": signed})
    assert size == word["size"] == 1
