"""Calls of every kind on one facility: what they leave at central, on the wire, in the handset and on the display."""

import itertools
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sealine_central.custody.case import CustodyError
from sealine_hil import quality, speech
from sealine_hil.board import Lamp
from sealine_hil.facility import Facility
from sealine_hil.phone import WallPhone
from sealine_hil.town import (
    ANSWERS,
    ANSWERS_MS,
    BUSY,
    LAWYER,
    PATIENT,
    PEOPLE,
    PIN,
    PLAYED,
    PROTECTED,
    REFUSES,
    SILENT,
    dialled,
)
from sealine_hil.witness import Held, Witness, coded
from sealine_protocol.hashes import blake2b256

pytestmark = pytest.mark.timeout(120)

SPOKEN = "hts1a"
GOOD_PESQ = 4.0
# What crosses the link live is dropped rather than late, and three phones and a gateway share this host with whatever
# else it does: the strict figures are the benchmark's, on a throttled clock.
LIVE_PESQ = 3.0
QUOTE_MICRO_DOLLARS = 60_000


@dataclass
class Played:
    """What a person saw and heard in one call."""

    phone: WallPhone
    rows: list[str]
    lamp: Lamp
    end: list[str]
    heard: bytes = b""


@dataclass
class Scenes:
    """The calls of this module, several at a time."""

    recorded: Future[Played]
    private: Future[Played]
    protected: Future[Played]
    unanswered: Future[dict[str, Played]]
    phones: dict[str, WallPhone]


def recorded_call(phone: WallPhone) -> Played:
    """Real speech both ways; the called party hangs up after 8 s."""
    phone.begin_call(PEOPLE[0], PIN, dialled(ANSWERS))
    rows = phone.board.display()
    phone.agree()
    phone.board.wait_display("Talking", 20)
    lamp = phone.board.lamp()
    phone.board.listen(clear=True)
    phone.board.speak(speech.clip(SPOKEN))
    end = phone.board.wait_display("Call ended", 20)
    _, heard = phone.board.listen()
    phone.board.hang_up()
    phone.board.wait_display("SEALINE")
    return Played(phone, rows, lamp, end, heard)


def private_call(phone: WallPhone) -> Played:
    """To the lawyer; the caller hangs up."""
    phone.begin_call(PEOPLE[1], PIN, dialled(LAWYER))
    rows = phone.board.display()
    phone.agree()
    phone.board.wait_display("Talking", 20)
    lamp = phone.board.lamp()
    phone.board.speak(speech.clip(SPOKEN))
    time.sleep(3)
    phone.board.hang_up()
    end = phone.board.wait_display("Call ended")
    phone.board.wait_display("SEALINE")
    return Played(phone, rows, lamp, end)


def protected_call(phone: WallPhone) -> Played:
    """By its short code, without a PIN."""
    phone.board.lift()
    phone.board.wait_display("English")
    phone.board.press("1")
    phone.board.wait_display("Your number")
    phone.board.press("777#")
    rows = phone.board.wait_display("Talking", 20)
    lamp = phone.board.lamp()
    phone.board.hang_up()
    end = phone.board.wait_display("Call ended")
    phone.board.wait_display("SEALINE")
    return Played(phone, rows, lamp, end)


def failing_calls(phone: WallPhone) -> dict[str, Played]:
    """Refused, busy, unanswered, and abandoned while it rings: one after the other, in this order."""
    played = {}
    for name, number in (("refused", REFUSES), ("busy", BUSY), ("unanswered", SILENT)):
        phone.begin_call(PEOPLE[2], PIN, dialled(number))
        rows = phone.board.display()
        phone.agree()
        end = phone.board.wait_display("Call ended", 20)
        phone.board.hang_up()
        phone.board.wait_display("SEALINE")
        played[name] = Played(phone, rows, Lamp.RED, end)
    phone.begin_call(PEOPLE[2], PIN, dialled(SILENT), language="es")
    rows = phone.board.display()
    phone.agree()
    phone.board.wait_display("Llamando")
    time.sleep(0.5)
    phone.board.hang_up()
    end = phone.board.wait_display("Llamada terminada")
    phone.board.wait_display("SEALINE")
    played["abandoned"] = Played(phone, rows, Lamp.RED, end)
    return played


@pytest.fixture(scope="module")
def scenes(facility: Facility, image: Path, pool: ThreadPoolExecutor) -> Scenes:
    """Three phones at work at once."""
    first, second, third = facility.rack(["wing-a-1", "wing-a-2", "wing-a-3"], image)

    def two_calls() -> tuple[Played, Played]:
        return private_call(second), protected_call(second)

    both = pool.submit(two_calls)
    return Scenes(
        recorded=pool.submit(recorded_call, first),
        private=pool.submit(lambda: both.result()[0]),
        protected=pool.submit(lambda: both.result()[1]),
        unanswered=pool.submit(failing_calls, third),
        phones={phone.name: phone for phone in (first, second, third)},
    )


@pytest.fixture(scope="module")
def witness(facility: Facility) -> Witness:
    """What central holds."""
    return Witness(facility)


def check_emptied(phone: WallPhone) -> None:
    """Central's receipts have come, and the terminal has let go of what they prove."""
    phone.wait_status("waiting", "0")
    status = phone.status()
    assert (status["quarantined"], status["refused_answers"], status["malformed"], status["alarm"]) == (
        "0",
        "0",
        "0",
        "",
    )


def check_nothing_sealed(held: Held) -> None:
    """A call that was not accepted: no recording, no charge, no talk."""
    record = held.fields
    assert record["recording"] is None
    assert record["accepted_at"] is None
    assert record["talk_ms"] == 0
    assert record["charge"] == {"minutes": 0, "amount": 0, "refunded": 0}


def test_a_recorded_call_with_speech_both_ways(facility: Facility, scenes: Scenes, witness: Witness) -> None:
    played = scenes.recorded.result()
    assert played.rows[0].startswith("RECORDED")
    assert "$0.06" in played.rows[1]
    assert played.lamp is Lamp.RED
    [held] = witness.wait_records(1, "wing-a-1")
    record = held.fields
    assert (record["end_reason"], record["privileged"], record["seq"]) == ("called-hangup", "none", 0)
    assert [(notice["party"], notice["language"]) for notice in record["notice"]] == [
        ("caller", "en"),
        ("called", "en"),
    ]
    assert all(record["answered"] <= notice["completed_at"] <= record["accepted_at"] for notice in record["notice"])
    assert record["charge"] == {"minutes": 1, "amount": QUOTE_MICRO_DOLLARS, "refunded": 0}
    facts = record["recording"]
    assert (facts["state"], facts["k"], facts["n"], facts["checkpoint"]) == ("complete", 2, 3, None)
    assert {reader["class"] for reader in facts["readers"]} == {"investigator", "monitor", "court"}
    witness.wait_whole(record)
    check_emptied(played.phone)

    with pytest.raises(CustodyError, match="1 of 2 custodians"):
        witness.open(record["id"], ["monitor"])
    opened = witness.open(record["id"], ["investigator", "court"])
    assert not opened.missing
    spoken = speech.clip(SPOKEN)
    far = speech.clip(PLAYED)[: 16 * ANSWERS_MS]
    heard_there = speech.read_wav(facility.directory / "heard.wav")[0]
    assert quality.compare(spoken, opened.near).pesq > GOOD_PESQ
    assert quality.compare(far, opened.far).pesq > LIVE_PESQ
    assert quality.compare(spoken, heard_there).pesq > LIVE_PESQ
    assert quality.compare(far, played.heard).pesq > LIVE_PESQ
    concealed, skipped = (int(played.phone.status()["audio"].split(",")[place]) for place in (5, 8))
    if concealed == skipped == 0:
        assert quality.compare(far, opened.far).pesq > GOOD_PESQ
    if played.phone.board.counters().mic_lost == 0:
        # Nothing lost: what was spoken is in the recording frame by frame, bit by bit.
        assert coded(spoken) in opened.near


def test_a_call_to_a_lawyer_makes_no_key(facility: Facility, scenes: Scenes, witness: Witness) -> None:
    played = scenes.private.result()
    assert played.rows[0].startswith("PRIVATE")
    assert played.lamp is Lamp.GREEN
    [held] = witness.wait_records(1, "wing-a-2")
    record = held.fields
    assert (record["privileged"], record["recording"], record["end_reason"]) == ("directory", None, "caller-hangup")
    assert record["accepted_at"] is not None
    assert record["directory"]["version"] == facility.versions["directory"]
    assert [envelope["kind"] for envelope in record["envelopes"]] == ["person", "number"]
    check_emptied(played.phone)
    assert witness.chunks(record["id"]) == []
    assert not list((facility.directory / "gateway").rglob(f"*{record['id'].hex()}*"))


def test_a_protected_line_leaves_no_record(facility: Facility, scenes: Scenes, witness: Witness) -> None:
    played = scenes.protected.result()
    assert played.lamp is Lamp.GREEN
    assert played.rows[0].startswith("CONFIDENTIAL")
    assert len(witness.records("wing-a-2")) == 1  # the lawyer's
    assert PROTECTED not in "".join(path.read_text() for path in facility.directory.glob("logs/*.log"))


def test_calls_that_come_to_nothing_seal_nothing_and_cost_nothing(scenes: Scenes, witness: Witness) -> None:
    played = scenes.unanswered.result()
    held = witness.wait_records(4, "wing-a-3")
    assert [record.fields["end_reason"] for record in held] == ["refused", "busy", "unanswered", "abandoned"]
    for record in held:
        check_nothing_sealed(record)
        assert witness.chunks(record.fields["id"]) == []
    assert [played[name].end[2].strip() for name in played] == ["They refused", "Busy", "No answer", "Usted colgo"]
    assert all(show.rows[0].startswith(("RECORDED", "GRABADA")) for show in played.values())
    check_emptied(scenes.phones["wing-a-3"])
    check_chain(held)


def check_chain(held: list[Held]) -> None:
    """Numbers and hashes without a gap."""
    for before, after in itertools.pairwise(held):
        assert after.fields["seq"] == before.fields["seq"] + 1
        assert after.fields["prev"] == before.hash == blake2b256(before.signed)
        assert after.fork_of is None


def test_central_refused_nothing(facility: Facility, scenes: Scenes, witness: Witness) -> None:
    for scene in (scenes.recorded, scenes.private, scenes.unanswered):
        scene.result()
    assert witness.quarantined() == []
    log = (facility.directory / "logs" / "gateway.log").read_text()
    assert "refused" not in log


def test_no_two_tokens_of_different_terminals_are_alike(scenes: Scenes, witness: Witness) -> None:
    """The keys of tokens are each terminal's own, so that a stolen terminal opens only its own."""
    scenes.unanswered.result()
    tokens: dict[bytes, str] = {}
    records: list[dict[str, Any]] = [held.fields for held in witness.records()]
    for record in records:
        assert tokens.setdefault(record["person_token"], record["terminal"]) == record["terminal"]
    assert PATIENT not in str(records)
