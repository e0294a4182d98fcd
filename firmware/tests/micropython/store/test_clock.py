"""Time is a floor: signatures raise it, ticks carry it, nothing sets it back."""

import littlefs
from authority import Ticks
from check import equal, raises, run
from store import ClockError
from store.clock import MAX_STEP_MS, Clock
from store.files import Folder

T0 = 1_700_000_000_000


def clock(ticks=None):
    littlefs.start()
    made = Clock(Folder(littlefs.MOUNT), ticks or Ticks())
    made.enrolled(T0)
    return made


def beacon(made, time_ms, versions=None):
    made.beacon({"nonce": made.ask(), "time": time_ms, "newest": versions or {}}, b"b" * 32)


def test_ticks_carry_the_floor_on():
    ticks = Ticks()
    made = clock(ticks)
    ticks.ms += 5000
    equal(made.floor_ms(), T0 + 5000)
    made.verified(T0 + 1000)
    equal(made.floor_ms(), T0 + 5000)
    made.verified(T0 + 9000, b"a" * 32)
    equal(made.floor_ms(), T0 + 9000)
    equal(made.anchor, b"a" * 32)


def test_gateway_time_counts_only_above_the_floor_and_raises_nothing():
    ticks = Ticks()
    made = clock(ticks)
    made.gateway(T0 - 5000)
    equal(made.now_ms(), T0)
    equal(made.stamp()["source"], "floor")
    made.gateway(T0 + 5000)
    ticks.ms += 100
    equal(made.now_ms(), T0 + 5100)
    equal(made.floor_ms(), T0 + 100)
    equal(made.stamp(), {"source": "gateway", "age": 100})
    raises(ClockError, "400 days", made.gateway, T0 + MAX_STEP_MS + 1000)
    equal(made.now_ms(), T0 + 5100)


def test_step_over_400_days_is_refused_but_at_enrolment():
    made = clock()
    raises(ClockError, "400 days", made.verified, T0 + MAX_STEP_MS + 1)
    raises(ClockError, "400 days", beacon, made, T0 + MAX_STEP_MS + 1)
    equal(made.floor_ms(), T0)
    equal(made.beacon_age_ms(), None)
    made.enrolled(T0 + 2 * MAX_STEP_MS)
    equal(made.floor_ms(), T0 + 2 * MAX_STEP_MS)


def test_beacon_counts_once_for_its_nonce_and_from_the_question_on():
    ticks = Ticks()
    made = clock(ticks)
    nonce = made.ask()
    answer = {"nonce": nonce, "time": T0 + 10, "newest": {"directory": 4}}
    ticks.ms += 3000
    made.beacon(answer, b"b" * 32)
    equal(made.beacon_age_ms(), 3000)
    equal(made.newest("directory"), 4)
    equal(made.stamp(), {"source": "beacon", "age": 3000})
    equal(made.floor_ms(), T0 + 3000)
    raises(ClockError, "nonce", made.beacon, answer, b"b" * 32)
    made.ask()
    raises(ClockError, "nonce", made.beacon, answer, b"b" * 32)
    beacon(made, T0 + 20, {"directory": 3})
    equal(made.newest("directory"), 4)


def test_what_is_saved_survives_a_boot():
    ticks = Ticks()
    made = clock(ticks)
    beacon(made, T0 + 10, {"trust": 2, "firmware": 9})
    ticks.ms += 4000
    made.tick(idle=False)
    made.tick(idle=True)
    ticks.ms += 7000  # not saved, and so forgotten
    later = Ticks()
    later.ms = 50
    again = Clock(Folder(littlefs.MOUNT), later)
    equal(again.floor_ms(), T0 + 4010)
    equal(again.beacon_age_ms(), 4000)
    equal((again.newest("trust"), again.newest("firmware")), (2, 9))
    equal(again.anchor, b"b" * 32)
    later.ms += 100
    equal(again.beacon_age_ms(), 4100)


def test_saves_hourly_and_only_when_idle():
    ticks = Ticks()
    made = clock(ticks)
    ticks.ms += 3_600_000
    made.tick(idle=False)
    equal(Clock(Folder(littlefs.MOUNT), Ticks()).floor_ms(), T0)
    made.tick(idle=True)
    equal(Clock(Folder(littlefs.MOUNT), Ticks()).floor_ms(), T0 + 3_600_000)


if __name__ == "__main__":
    run(globals())
