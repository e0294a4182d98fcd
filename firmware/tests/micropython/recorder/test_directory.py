"""The privilege decision: in doubt no recording."""

import os

import littlefs
from authority import DAY, NOW, Terminal
from call.directory import Directory
from check import equal, run
from nor import Nor

LISTED = "12025550100"
OTHER = "12025550199"
HOUR_MS = 3_600_000


def terminal(numbers=(LISTED,), beacon=None, **changes):
    littlefs.start(sectors=128)
    unit = Terminal(Nor(1))
    unit.enrol()
    unit.install_directory(3, numbers, **changes)
    unit.beacon({"directory": 3} if beacon is None else beacon)
    return unit, Directory(unit.bundles, unit.trust, unit.clock)


def test_match_none_and_the_version_that_decided():
    unit, directory = terminal()
    ref = unit.bundles.installed("directory").ref()
    equal(directory.decide(LISTED), ("directory", ref))
    equal(directory.decide(OTHER), ("none", ref))
    equal(ref["version"], 3)


def test_missing_directory_is_doubt():
    littlefs.start()
    unit = Terminal(Nor(1))
    unit.enrol()
    unit.beacon({})
    equal(Directory(unit.bundles, unit.trust, unit.clock).decide(OTHER), ("doubt", None))


def test_empty_directory_lists_nobody():
    _, directory = terminal(())
    equal(directory.decide(OTHER)[0], "none")


def test_stale_is_doubt_but_a_match_stays_a_match():
    unit, directory = terminal()
    unit.ticks.ms += 72 * HOUR_MS
    equal(directory.decide(OTHER)[0], "none")
    unit.ticks.ms += 1
    equal(directory.decide(OTHER)[0], "doubt")
    equal(directory.decide(LISTED)[0], "directory")
    unit.beacon({"directory": 3})
    equal(directory.decide(OTHER)[0], "none")


def test_no_beacon_yet_is_doubt():
    littlefs.start()
    unit = Terminal(Nor(1))
    unit.enrol()
    unit.install_directory(1, (LISTED,))
    equal(Directory(unit.bundles, unit.trust, unit.clock).decide(OTHER)[0], "doubt")


def test_newer_directory_that_was_not_delivered_is_doubt():
    unit, directory = terminal(beacon={"directory": 4})
    equal(directory.decide(OTHER)[0], "doubt")
    unit.install_directory(4, (OTHER,))
    equal(directory.decide(OTHER)[0], "directory")
    equal(directory.decide(LISTED)[0], "none")


def test_newer_revocations_or_trust_not_delivered_are_doubt():
    for kind in ("revocations", "trust"):
        equal(terminal(beacon={"directory": 3, kind: 2})[1].decide(OTHER)[0], "doubt")


def test_expired_directory_and_expired_trust_are_doubt():
    unit, directory = terminal(expires=NOW + DAY)
    unit.ticks.ms += DAY * 1000
    equal(directory.decide(OTHER)[0], "doubt")
    unit, directory = terminal(expires=NOW + 300 * DAY, max_age_s=300 * DAY)
    unit.ticks.ms += 31 * DAY * 1000
    equal(directory.decide(OTHER)[0], "doubt")


def test_lost_or_shortened_body_is_doubt():
    unit, directory = terminal([LISTED, "12025550101", "12025550102"])
    with open(unit.bundles.installed("directory").path, "wb") as file:
        file.write(b"12345")
    equal(directory.decide(OTHER)[0], "doubt")
    os.remove(unit.bundles.installed("directory").path)
    equal(directory.decide(OTHER)[0], "doubt")


def test_every_listed_number_is_found_and_no_other():
    for count in (1, 2, 3, 7, 64):
        numbers = [str(12025550000 + place) for place in range(count)]
        _, directory = terminal(numbers)
        for number in numbers:
            equal(directory.decide(number)[0], "directory")
        for place in range(100, 160):
            equal(directory.decide(str(12025550000 + place))[0], "none")


if __name__ == "__main__":
    run(globals())
