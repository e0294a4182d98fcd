"""A bad network between phone and gateway: held, cut, and frames dropped, doubled, swapped, touched."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from sealine_hil import speech
from sealine_hil.facility import Facility
from sealine_hil.phone import WallPhone
from sealine_hil.proxy import Direction, Fault, Proxy
from sealine_hil.town import PATIENT, PEOPLE, PIN, TALKS, dialled
from sealine_hil.witness import Held, Witness

pytestmark = pytest.mark.timeout(120)

NAMES = ("held-1s", "cut-1s", "held-10s", "noisy")
BAD_PERCENT = 2  # of all frames, for each kind of fault; the gateway lets go of a peer past 200 bad frames


def noise(seed: int) -> Fault:
    """Drop, double, replay, swap and flip some frames of both directions, reproducibly."""
    dice = random.Random(seed)
    waiting: dict[Direction, list[bytes]] = {"up": [], "down": []}
    old: dict[Direction, list[bytes]] = {"up": [], "down": []}

    def fault(way: Direction, frame: bytes) -> list[bytes]:
        out = waiting[way]
        waiting[way] = []
        old[way] = [*old[way][-50:], frame]
        throw = dice.randrange(100) // BAD_PERCENT
        if throw == 0:
            return out
        if throw == 1:
            return [frame, frame, *out]
        if throw == 2:
            return [dice.choice(old[way]), frame, *out]
        if throw == 3:
            waiting[way] = [frame]
            return out
        if throw == 4 and len(frame) > 8:
            place = dice.randrange(1, len(frame) - 1)
            return [frame[:place] + bytes([frame[place] ^ 0x40 or 1]) + frame[place + 1 :], *out]
        return [frame, *out]

    return fault


@pytest.fixture(scope="module")
def proxies(facility: Facility) -> Iterator[dict[str, Proxy]]:
    """A network of its own for each phone."""
    made = {name: Proxy(facility.link_port) for name in NAMES}
    yield made
    for proxy in made.values():
        proxy.close()


def talk(phone: WallPhone, number: str = TALKS) -> None:
    """A call up to the talking state."""
    phone.begin_call(PEOPLE[NAMES.index(phone.name)], PIN, dialled(number))
    phone.agree()
    phone.board.wait_display("Talking", 20)
    phone.board.speak(speech.clip("hts1a"))


def until_end(phone: WallPhone, timeout_s: float = 20) -> list[str]:
    """What the display says when the call is over and the handset back."""
    rows = phone.board.wait_display("Call ended", timeout_s)
    phone.board.hang_up()
    return rows


def a_second_held(phone: WallPhone, proxy: Proxy) -> list[str]:
    """The cable is out for a second; no connection breaks."""
    talk(phone)
    time.sleep(1)
    proxy.hold()
    time.sleep(1)
    proxy.heal()
    return until_end(phone)


def a_second_cut(phone: WallPhone, proxy: Proxy) -> list[str]:
    """Every connection is reset and none comes up for a second: the call goes on by its id on another one."""
    talk(phone)
    time.sleep(1)
    before = proxy.connections
    proxy.cut()
    time.sleep(1)
    proxy.heal()
    rows = until_end(phone)
    assert proxy.connections > before
    return rows


def ten_seconds_held(phone: WallPhone, proxy: Proxy) -> list[str]:
    """Longer than a call lives without a link."""
    talk(phone, PATIENT)
    time.sleep(2)
    proxy.hold()
    rows = until_end(phone, 8)
    time.sleep(8)
    assert "NOT IN SERVICE" in phone.board.display()[0]
    proxy.heal()
    return rows


def noisy(phone: WallPhone, proxy: Proxy) -> list[str]:
    """All of it at once, through a whole call."""
    proxy.fault = noise(int.from_bytes(b"sealine"))
    try:
        talk(phone)
        return until_end(phone)
    finally:
        proxy.fault = None


Rows = dict[str, Future[list[str]]]


@pytest.fixture(scope="module")
def ends(facility: Facility, image: Path, pool: ThreadPoolExecutor, proxies: dict[str, Proxy]) -> Rows:
    """Four calls at once, each on a network of its own."""
    phones = facility.rack(NAMES, image, gateway_ports=[proxy.port for proxy in proxies.values()])
    plays = (a_second_held, a_second_cut, ten_seconds_held, noisy)
    return {
        phone.name: pool.submit(play, phone, proxies[phone.name]) for phone, play in zip(phones, plays, strict=True)
    }


def delivered(facility: Facility, name: str) -> Held:
    """The one record of a phone, and its recording whole."""
    witness = Witness(facility)
    [held] = witness.wait_records(1, name, timeout_s=20)
    assert held.fields["recording"]["state"] == "complete"
    witness.wait_whole(held.fields, timeout_s=20)
    next(phone for phone in facility.phones if phone.name == name).wait_status("waiting", "0", 20)
    return held


@pytest.mark.parametrize("name", ["held-1s", "cut-1s", "noisy"])
def test_a_call_survives(facility: Facility, ends: Rows, name: str) -> None:
    assert "They hung up" in ends[name].result()[2]
    record = delivered(facility, name).fields
    assert record["end_reason"] == "called-hangup"
    assert record["recording"]["chunks"] >= record["talk_ms"] // 1000 >= 4


def test_a_link_away_for_ten_seconds_ends_the_call_and_keeps_the_record(facility: Facility, ends: Rows) -> None:
    assert "Connection lost" in ends["held-10s"].result()[2]
    record = delivered(facility, "held-10s").fields
    assert record["end_reason"] == "link-lost"
    assert record["charge"] == {"minutes": 0, "amount": 0, "refunded": 1}


def test_noise_is_refused_and_counted(facility: Facility, ends: Rows, proxies: dict[str, Proxy]) -> None:
    ends["noisy"].result()
    phone = next(phone for phone in facility.phones if phone.name == "noisy")
    assert phone.status()["malformed"] == "0"  # nothing that was touched came through the seal
    assert proxies["noisy"].frames["up"] > 300
