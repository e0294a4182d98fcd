"""Broker, central and gateway come and go, messages come twice and out of order: nothing is lost or doubled."""

import itertools
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from sealine_hil import speech
from sealine_hil.facility import Facility
from sealine_hil.phone import WallPhone
from sealine_hil.town import PATIENT, PEOPLE, PIN, SILENT, TALKS, dialled
from sealine_hil.witness import Witness
from sealine_protocol import codec, receipt
from sealine_protocol.hashes import blake2b256
from sealine_protocol.unit import Unit

pytestmark = pytest.mark.timeout(150)

BACK_S = 45.0  # the longest wait between two tries of an MQTT client is 30 s


@pytest.fixture(scope="module")
def phone(facility: Facility, image: Path) -> WallPhone:
    """The one phone of this module; its tests go one after the other."""
    return facility.rack(["phone-1"], image)[0]


@pytest.fixture
def witness(facility: Facility) -> Witness:
    """What central holds."""
    return Witness(facility)


def abandon(phone: WallPhone) -> None:
    """A call that is hung up while it rings: the shortest one with a record."""
    phone.begin_call(PEOPLE[0], PIN, dialled(SILENT))
    phone.agree()
    phone.board.wait_display("Calling")
    time.sleep(0.3)
    phone.board.hang_up()
    phone.board.wait_display("SEALINE")


def talk(phone: WallPhone, number: str) -> None:
    """A call up to the talking state."""
    phone.begin_call(PEOPLE[1], PIN, dialled(number))
    phone.agree()
    phone.board.wait_display("Talking", 20)
    phone.board.speak(speech.clip("hts1a"))


def check_delivered(phone: WallPhone, witness: Witness, count: int) -> dict[str, Any]:
    """So many records at central, none left here, the chain whole; the newest one."""
    held = witness.wait_records(count, timeout_s=BACK_S)
    phone.wait_status("waiting", "0", BACK_S)
    assert [record.fields["seq"] for record in held] == list(range(count))
    for before, after in itertools.pairwise(held):
        assert after.fields["prev"] == before.hash
    assert all(record.fork_of is None for record in held)
    return held[-1].fields


def test_records_wait_for_the_broker(facility: Facility, phone: WallPhone, witness: Witness) -> None:
    facility.broker.stop()
    talk(phone, TALKS)
    phone.board.wait_display("Call ended", 20)
    phone.board.hang_up()
    phone.board.wait_display("SEALINE")
    assert phone.status()["waiting"] == "1"  # the gateway has it, which is not enough
    assert witness.records() == []
    facility.broker.start()
    record = check_delivered(phone, witness, 1)
    witness.wait_whole(record, timeout_s=BACK_S)


def test_records_wait_for_central(facility: Facility, phone: WallPhone, witness: Witness) -> None:
    facility.central.kill()
    abandon(phone)
    time.sleep(0.5)
    assert phone.status()["waiting"] == "1"
    facility.central.start()
    check_delivered(phone, witness, 2)


def test_a_gateway_killed_while_idle_is_back_with_its_next_start(
    facility: Facility, phone: WallPhone, witness: Witness
) -> None:
    facility.gateway.kill()
    phone.board.wait_display("NOT IN SERVICE")
    facility.gateway.start()
    phone.board.wait_display("SEALINE", 20)
    abandon(phone)
    check_delivered(phone, witness, 3)


def test_a_gateway_killed_in_a_call_ends_it_and_loses_nothing(
    facility: Facility, phone: WallPhone, witness: Witness
) -> None:
    talk(phone, PATIENT)
    time.sleep(3)
    facility.gateway.kill()
    phone.board.wait_display("Connection lost")
    phone.board.hang_up()
    facility.gateway.start()
    phone.board.wait_display("SEALINE", 20)
    record = check_delivered(phone, witness, 4)
    assert record["end_reason"] in {"link-lost", "gateway-lost"}
    assert record["recording"]["state"] == "complete"
    witness.wait_whole(record, timeout_s=BACK_S)


def test_twice_and_in_wrong_order_is_as_good_as_once(facility: Facility, phone: WallPhone, witness: Witness) -> None:
    facility.broker.stop()
    abandon(phone)
    abandon(phone)
    facility.gateway.kill()
    facility.broker.start()
    uploads = unanswered(facility)
    assert len(uploads) == 2
    before = witness.leaves()
    answers = send(facility, [*reversed(uploads), *uploads, uploads[1], b"".join(uploads)])
    assert witness.leaves() == before + 2
    check_receipts(facility, uploads, answers)
    facility.gateway.start()
    check_delivered(phone, witness, 6)
    assert witness.leaves() == before + 2
    assert "whole" in witness.watch()


def unanswered(facility: Facility) -> list[bytes]:
    """What the gateway's outbox would send, in order."""
    with sqlite3.connect(facility.directory / "gateway" / "outbox.sqlite") as db:
        return [bytes(row[0]) for row in db.execute("SELECT upload FROM entry WHERE answer IS NULL ORDER BY seq")]


def send(facility: Facility, payloads: list[bytes]) -> list[dict[str, Any]]:
    """Publish as the gateway does, with its certificate; what central answers to all of it."""
    state = facility.directory / "gateway"
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="second-sight")
    client.tls_set(str(state / "ca.pem"), str(state / "tls.pem"), str(state / "tls.key"))
    topic = f"sealine/1/{facility.name}/{facility.gateway_name}"
    answers: list[dict[str, Any]] = []
    ready, came = threading.Event(), threading.Event()
    wanted = sum(codec_items(payload) for payload in payloads)

    def on_message(_client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        answers.extend(codec.load_sequence(message.payload, "answer", 100))
        if len([answer for answer in answers if answer["kind"] == "receipt"]) >= wanted:
            came.set()

    client.on_message = on_message
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", facility.mqtt_port)
    client.loop_start()
    try:
        client.subscribe(f"{topic}/answers", qos=1)
        assert ready.wait(5)
        for payload in payloads:
            client.publish(f"{topic}/records", payload, qos=1).wait_for_publish(5)
        assert came.wait(BACK_S), answers
    finally:
        client.disconnect()
        client.loop_stop()
    return answers


def codec_items(payload: bytes) -> int:
    """How many uploads are in a payload."""
    return len(codec.load_sequence(payload, "upload", 100))


def check_receipts(facility: Facility, uploads: list[bytes], answers: list[dict[str, Any]]) -> None:
    """Each answer is a receipt for one of these, and proves exactly its bytes."""
    log_key = Unit.load(facility.directory / "central").identity_key
    records = {blake2b256(record): record for record in (codec.decode("upload", item)["record"] for item in uploads)}
    for answer in answers:
        assert answer["kind"] == "receipt"
        receipt.verify(answer["statement"], records[answer["subject"]], log_key)
    assert {answer["subject"] for answer in answers} == set(records)
