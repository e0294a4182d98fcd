"""The daily tally: every day signed once, the protected calls counted, nothing lost between power cuts."""

import check
from sync.tally import Tally
from wire import codec
from wire.hashes import blake2b256

DAY_MS = 86_400_000


class Folder:
    def __init__(self):
        self.files = {}

    def read(self, name):
        return self.files.get(name)

    def write(self, name, data):
        self.files[name] = data

    def remove(self, name):
        del self.files[name]

    def names(self):
        return list(self.files)


class Clock:
    def __init__(self, day):
        self.day = day
        self.told_days = 0  # by how much the gateway's word is ahead

    def now_ms(self):
        return (self.day + self.told_days) * DAY_MS + 5

    def floor_ms(self):
        return self.day * DAY_MS + 5


class Identity:
    name = "phone-1"
    facility = "bay-county"

    def sign(self, content, payload):
        check.equal(content, "tally")
        return payload


class Journal:
    def head(self):
        return 4, b"h" * 32

    def counts(self):
        return 2, 1


def made(folder, day=20_000):
    clock = Clock(day)
    return Tally(folder, clock, Identity(), Journal()), clock


def test_a_day_that_is_over_is_signed_with_its_counts():
    folder = Folder()
    tally, clock = made(folder)
    tally.booted(reset=True)
    tally.step(idle=True)
    check.equal(tally.waiting(), None)
    tally.count_protected()
    tally.count_protected()
    clock.day += 1
    tally.step(idle=False)
    check.equal(tally.waiting(), None)
    tally.step(idle=True)
    fields = codec.decode("tally", tally.waiting())
    check.equal((fields["day"], fields["protected"], fields["head"]["seq"]), (20_000, 2, 4))
    check.equal(fields["health"], {"resets": 1, "journal": 2, "quarantined": 1, "frames_lost": 0})


def test_a_quiet_day_is_signed_too_and_the_count_starts_anew():
    folder = Folder()
    tally, clock = made(folder)
    tally.count_protected()
    for _ in range(3):
        tally.step(idle=True)
        clock.day += 1
    tally.step(idle=True)
    days = sorted(name for name in folder.names() if name.startswith("day-"))
    check.equal([codec.decode("tally", folder.read(day))["protected"] for day in days], [1, 0, 0])


def test_the_count_survives_a_restart():
    folder = Folder()
    tally, _clock = made(folder)
    tally.step(idle=True)
    tally.count_protected()
    tally.step(idle=True)
    tally, clock = made(folder)
    clock.day += 1
    tally.step(idle=True)
    check.equal(codec.decode("tally", tally.waiting())["protected"], 1)


def test_the_gateways_word_ends_no_day():
    folder = Folder()
    tally, clock = made(folder)
    tally.step(idle=True)
    clock.told_days = 399
    tally.step(idle=True)
    check.equal(tally.waiting(), None)
    for _ in range(3):
        clock.day += 1
        tally.step(idle=True)
    check.equal(len([name for name in folder.names() if name.startswith("day-")]), 3)


def test_only_the_gateways_word_about_these_bytes_lets_go_of_it():
    folder = Folder()
    tally, clock = made(folder)
    tally.step(idle=True)
    clock.day += 1
    tally.step(idle=True)
    check.equal(tally.saved(bytes(32)), False)
    check.equal(tally.saved(blake2b256(tally.waiting())), True)
    check.equal(tally.waiting(), None)


check.run(globals())
