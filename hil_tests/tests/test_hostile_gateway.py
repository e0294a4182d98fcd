"""A gateway with a true credential that tries what it must not be able to do, against the real firmware."""

import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey
from sealine_hil import speech
from sealine_hil.facility import Facility
from sealine_hil.hostile import HostileGateway, Message
from sealine_hil.phone import WallPhone
from sealine_hil.proxy import Direction, Proxy
from sealine_hil.town import LAWYER, PATIENT, PEOPLE, PIN, dialled, plan_in
from sealine_protocol import codec, cose, mulaw
from sealine_protocol.cobs import FrameDecoder
from sealine_protocol.hashes import blake2b256

pytestmark = pytest.mark.timeout(60)

YEAR_MS = 365 * 86_400_000
NOTICE_S = 10.0
NO_CHARGE = {"minutes": 0, "amount": 0, "refunded": 0}


@pytest.fixture(scope="module")
def facility(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facility]:
    """A facility of which nothing runs: its keys and rules, in the hands of a hostile gateway."""
    directory = tmp_path_factory.mktemp("taken")
    with Facility(directory, plan_in(directory)) as facility:
        yield facility


@pytest.fixture
def gateway(facility: Facility) -> Iterator[HostileGateway]:
    """Hostile, but as long as nothing is asked of it it does what a good one does."""
    with HostileGateway(facility) as gateway:
        yield gateway


@pytest.fixture
def phone(
    facility: Facility, gateway: HostileGateway, image: Path, request: pytest.FixtureRequest
) -> Iterator[WallPhone]:
    """A phone of this gateway with all rules installed."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[-30:].strip("-")
    phone = facility.phone(name, image, lock=False, gateway_port=gateway.port)
    assert phone.credential is not None
    gateway.terminal = phone.credential.key_id
    gateway.wait("ready")
    for path in sorted((facility.directory / "bundles").glob("*.bundle")):
        gateway.offer_file(path)
    facility.wait_rules(phone)
    renew_beacon(gateway)
    yield phone
    phone.close()


def renew_beacon(gateway: HostileGateway) -> None:
    """A new connection, with the beacon that goes with it."""
    before = len(gateway.heard)
    gateway.drop_link()
    gateway.wait("beacon-ask", after=before)
    time.sleep(0.3)


def ring(phone: WallPhone, gateway: HostileGateway, number: str = PATIENT) -> bytes:
    """A call up to the ringing line; its id."""
    before = len(gateway.heard)
    phone.begin_call(PEOPLE[0], PIN, dialled(number))
    phone.agree()
    call: bytes = gateway.wait("dial", after=before)["call"]
    gateway.call = call
    return call


def connect(phone: WallPhone, gateway: HostileGateway, call: bytes) -> None:
    """Answer, let the notice be played, accept."""
    before = len(gateway.heard)
    gateway.say(type="progress", call=call, state="answered")
    gateway.wait("notice-done", NOTICE_S, after=before)
    gateway.say(type="progress", call=call, state="accepted")
    phone.board.wait_display("Talking")


def hang_up(phone: WallPhone, gateway: HostileGateway) -> dict[str, Any]:
    """End the call; the fields of the record that comes."""
    before = len(gateway.heard)
    phone.board.hang_up()
    return fields(gateway.wait("record", after=before))


def fields(message: Message) -> dict[str, Any]:
    """The fields of a delivered record."""
    record: dict[str, Any] = codec.decode("record", cose.parse(message["record"]).payload)
    return record


def test_no_acceptance_before_the_notice(phone: WallPhone, gateway: HostileGateway) -> None:
    before = len(gateway.heard)
    gateway.say(type="progress", call=bytes(16), state="accepted")  # of no call at all
    call = ring(phone, gateway)
    for state in ("accepted", "answered", "accepted"):
        gateway.say(type="progress", call=call, state=state)
    phone.board.speak(speech.clip("hts1a"))
    for seq in range(25):
        gateway.say_voice(seq, bytes(range(160)))
        time.sleep(0.02)
    assert "Answered" in phone.board.display()[1]
    gateway.wait("notice-done", NOTICE_S)
    time.sleep(1.5)
    assert "Waits" in phone.board.display()[2]
    assert gateway.count("chunk") == 0
    record = hang_up(phone, gateway)
    assert (record["accepted_at"], record["recording"], record["charge"]) == (None, None, NO_CHARGE)
    assert record["end_reason"] == "abandoned"
    assert gateway.count("chunk") == 0
    check_only_prompts([message["frame"] for message in gateway.heard[before:] if message["type"] == "voice"])


def check_only_prompts(frames: list[bytes]) -> None:
    """Nothing that was said into the handset before the acceptance left it."""
    said = mulaw.encode(speech.clip("hts1a"))
    spoken = {said[i : i + 160] for i in range(0, len(said) - 160, 160) if len(set(said[i : i + 160])) > 20}
    assert not spoken.intersection(frames)


def test_a_lawyer_is_not_recorded_whatever_is_said(
    facility: Facility, phone: WallPhone, gateway: HostileGateway
) -> None:
    older = facility.directory / "bundles" / "directory.bundle"
    first = older.read_bytes()
    facility.plan.privileged = ["2125550001"]
    without = facility.publish_directory()  # signed, newer, and without the lawyer: kept back for now
    facility.plan.privileged = [dialled(LAWYER)]
    facility.publish_directory()
    gateway.offer_file(older)
    facility.wait_rules(phone)
    refused = int(phone.status()["refused_bundles"])
    key = next(key for key in without.keys if key["terminal"] == gateway.terminal)
    gateway.offer("directory", without.header, without.body, without.version, key)  # older than the installed one
    phone.wait_status("refused_bundles", str(refused + 1))
    older.with_suffix(".first").write_bytes(first)
    gateway.offer_file(older.with_suffix(".first"))
    phone.wait_status("refused_bundles", str(refused + 2))
    call = ring(phone, gateway, LAWYER)
    assert phone.board.display()[0].startswith("PRIVATE")
    connect(phone, gateway, call)
    time.sleep(1.5)
    record = hang_up(phone, gateway)
    assert (record["privileged"], record["recording"]) == ("directory", None)
    assert gateway.count("chunk") == 0


def test_a_directory_that_was_tampered_with_is_not_believed(
    facility: Facility, phone: WallPhone, gateway: HostileGateway
) -> None:
    path = facility.directory / "bundles" / "directory.bundle"
    facility.plan.privileged = [f"21255{number:05}" for number in range(50_000, 50_500)]
    installed = facility.publish_directory()
    gateway.offer_file(path)
    facility.wait_rules(phone)
    facility.plan.privileged = [dialled(LAWYER)]
    facility.publish_directory()
    published = codec.decode("published-bundle", path.read_bytes())
    path.write_bytes(codec.encode("published-bundle", published | {"body": bytes(len(published["body"]))}))
    refused = int(phone.status()["refused_bundles"])
    gateway.offer_file(path)
    phone.wait_status("refused_bundles", str(refused + 1))
    assert f"directory:{installed.version}" in phone.status()["bundles"]
    # The same on flash, by somebody with a soldering iron: the directory is then none, and that is doubt.
    phone.qemu.kill9()
    image = phone.board.flash_image()
    piece = installed.body[:64]
    assert piece in image
    phone.board.load_flash(image.replace(piece, bytes(len(piece))))
    phone.start()
    phone.board.wait_display("SEALINE", 20)
    call = ring(phone, gateway)
    connect(phone, gateway, call)
    assert phone.board.display()[0].startswith("NOT RECORDED")
    time.sleep(1.2)
    record = hang_up(phone, gateway)
    assert (record["privileged"], record["directory"], record["recording"]) == ("doubt", None, None)
    assert gateway.count("chunk") == 0


def test_a_newer_directory_that_is_held_back_stops_recording(
    facility: Facility, phone: WallPhone, gateway: HostileGateway
) -> None:
    newest = dict(facility.versions) | {"directory": facility.versions["directory"] + 1}
    gateway.beacon = lambda nonce, terminal: gateway.signed_beacon(nonce, terminal, newest=newest)
    renew_beacon(gateway)
    phone.begin_call(PEOPLE[0], PIN, dialled(PATIENT))
    assert phone.board.display()[0].startswith("NOT RECORDED")


@pytest.mark.parametrize("shift_ms", [-YEAR_MS, 2 * YEAR_MS], ids=["past", "future"])
def test_a_false_clock_is_not_believed(phone: WallPhone, gateway: HostileGateway, shift_ms: int) -> None:
    """Neither by the gateway's word, nor by a beacon of another time that it kept, nor by one of another terminal."""
    gateway.time_shift_ms = shift_ms
    false = time.time_ns() // 1_000_000 + shift_ms
    gateway.beacon = lambda _nonce, terminal: gateway.signed_beacon(bytes(16), terminal, time=false)
    renew_beacon(gateway)
    gateway.beacon = lambda nonce, _terminal: gateway.signed_beacon(nonce, bytes(16), time=false)
    renew_beacon(gateway)
    phone.wait_status("refused_answers", "2")
    ring(phone, gateway)
    record = hang_up(phone, gateway)
    assert abs(record["started"] - time.time_ns() // 1_000_000) < 60_000


def test_a_record_goes_only_on_centrals_word_for_its_bytes(phone: WallPhone, gateway: HostileGateway) -> None:
    gateway.saves = False
    ring(phone, gateway)
    hang_up(phone, gateway)
    signed = gateway.wait("record")["record"]
    subject = blake2b256(signed)
    renew_beacon(gateway)
    assert gateway.count("record") == 2  # nobody said that it is saved: it is offered again
    gateway.saves = True
    renew_beacon(gateway)
    gateway.wait("record")
    before = int(phone.status()["refused_answers"])
    gateway.say(type="deliver", answer=gateway.receipt(signed, subject, key=SigningKey.generate()))
    gateway.say(type="deliver", answer=gateway.receipt(b"other bytes", subject))
    gateway.say(type="deliver", answer=gateway.receipt(signed, bytes(32)))
    phone.wait_status("refused_answers", str(before + 3))
    assert phone.status()["waiting"] == "1"
    phone.power_cycle()
    phone.board.wait_display("SEALINE", 20)
    assert phone.status()["waiting"] == "1"
    gateway.head = {"seq": 0, "hash": subject}
    renew_beacon(gateway)
    assert {message["record"] for message in gateway.heard if message["type"] == "record"} == {signed}
    gateway.say(type="deliver", answer=gateway.receipt(signed, subject))
    phone.wait_status("waiting", "0")


def test_a_call_is_one_record_however_often_it_ends(phone: WallPhone, gateway: HostileGateway) -> None:
    for _ in range(2):
        call = ring(phone, gateway)
        for _ in range(3):
            gateway.say(type="ended", call=call, reason="busy")
            gateway.say(type="welcome", time=time.time_ns() // 1_000_000, token_key=bytes(32), call=None)
        phone.board.wait_display("Call ended")
        phone.board.hang_up()
        gateway.call = None
        renew_beacon(gateway)
        phone.board.wait_display("SEALINE")
    records = {message["record"] for message in gateway.heard if message["type"] == "record"}
    assert sorted(fields({"record": record})["seq"] for record in records) == [0, 1]


def test_no_nonce_is_used_twice(gateway: HostileGateway, phone: WallPhone) -> None:
    """Not in a recording, though its chunks are never said to be saved; not on a link that loses fragments."""
    counters: dict[int, list[bytes]] = defaultdict(list)
    with Proxy(gateway.port) as proxy:
        decoder = FrameDecoder()

        def spy(way: Direction, frame: bytes) -> list[bytes]:
            if way == "up":
                for body in decoder.feed(frame):
                    if body[0] == 4:
                        counters[proxy.connections].append(body[1:9])
            return [] if len(frame) > 400 and len(counters[proxy.connections]) % 32 == 0 else [frame]

        phone.console().command("settings", f"10.0.2.2:{proxy.port}".encode())
        proxy.fault = spy
        renew_beacon(gateway)
        call = ring(phone, gateway)
        connect(phone, gateway, call)
        time.sleep(2.5)
        gateway.saves = False
        for _ in range(3):
            renew_beacon(gateway)
            time.sleep(1)
        proxy.fault = None
        hang_up(phone, gateway)
    assert len(counters) >= 3
    for seen in counters.values():
        assert len(set(seen)) == len(seen)
    chunks = defaultdict(set)
    for message in gateway.heard:
        if message["type"] == "chunk":
            chunks[message["record"], message["index"]].add(message["data"])
    assert gateway.count("chunk") > len(chunks) >= 2
    assert all(len(different) == 1 for different in chunks.values())
