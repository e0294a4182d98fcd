"""What may be called, and at what price: stale policy, credential, tariff; a full journal; files that do not hold."""

import littlefs
from authority import DAY, NOW, POLICY, TARIFF, Terminal, header
from call import RefusedError
from call.directory import Directory
from call.plan import RESERVE_RECORDS, Planner
from check import equal, raises, run
from nor import Nor
from wire import codec

LAWYER = "12025550100"
MOTHER = "2025550123"
EMERGENCY = "911"
RULES = {
    "facility": "test",
    "numbering": {"country": "1", "international": "011", "trunk": "1", "national_length": 10, "area": ""},
    "max_talk_s": 600,
    "ring_timeout_s": 30,
    "protected": [{"code": "77", "number": "18005550177"}],
    "always": [{"code": EMERGENCY, "number": "19115550911"}],
}
RATES = {
    "facility": "test",
    "rate": 60_000,
    "cap": 60_000,
    "cap_source": "rule",
    "payer": "caller",
    "after_end": "refused",
}


class Journal:
    def __init__(self):
        self.free = 400

    def free_records(self):
        return self.free


class Unit:
    """A terminal with directory, policy and tariff, and its planner."""

    def __init__(self, policy_days=30, tariff_days=30, **rates):
        littlefs.start(sectors=128)
        self.unit = Terminal(Nor(1))
        self.unit.enrol()
        self.unit.install_directory(1, [LAWYER], max_age_s=1000 * DAY, expires=NOW + 1000 * DAY)
        self.install("policy", POLICY, RULES, policy_days)
        self.install("tariff", TARIFF, dict(RATES, **rates), tariff_days)
        self.unit.beacon({})
        self.journal = Journal()
        directory = Directory(self.unit.bundles, self.unit.trust, self.unit.clock)
        self.planner = Planner(self.unit.bundles, directory, self.journal, self.unit.clock, self.unit.identity)

    def install(self, kind, signer, fields, days):
        body = codec.encode(kind + "-body", fields)
        self.unit.install(header(kind, 1, body, signer, expires=NOW + days * DAY), body)

    def later(self, days, seconds=0):
        self.unit.ticks.ms += (days * DAY + seconds) * 1000

    def spoil(self, kind):
        with open(self.unit.bundles.installed(kind).path, "wb") as file:
            file.write(b"not what it was")

    def refuses(self, reason, number=MOTHER):
        raises(RefusedError, "", self.planner.call, number)
        try:
            self.planner.call(number)
        except RefusedError as refused:
            equal(refused.reason, reason)


def test_a_plan_names_what_decided_it():
    unit = Unit()
    plan = unit.planner.call(MOTHER)
    equal((plan.number, plan.privilege, plan.rate), ("1" + MOTHER, "none", 60_000))
    equal((plan.policy["version"], plan.directory["version"], plan.tariff["version"]), (1, 1, 1))
    equal((plan.max_talk_ms, plan.ring_timeout_ms), (600_000, 30_000))


def test_a_policy_serves_thirty_days_past_its_end_and_then_only_legal_emergency_and_protected_lines():
    unit = Unit(policy_days=10, tariff_days=100)
    unit.later(40, -1)
    equal(unit.planner.call(MOTHER).rate, 60_000)
    unit.later(0, 1)
    unit.refuses("policy")
    equal(unit.planner.call(LAWYER[1:]).privilege, "directory")
    equal(unit.planner.call(EMERGENCY).number, "19115550911")
    equal(unit.planner.protected_number("77"), "18005550177")


def test_an_expired_credential_leaves_the_same_lines():
    unit = Unit(policy_days=1000, tariff_days=1000)
    unit.later(400, -1)
    unit.planner.call(MOTHER)
    unit.later(0, 1)
    unit.refuses("policy")
    equal(unit.planner.call(LAWYER[1:]).privilege, "directory")
    equal(unit.planner.call(EMERGENCY).number, "19115550911")


def test_a_tariff_past_its_end_charges_nobody_or_refuses_as_it_says():
    unit = Unit(tariff_days=5, after_end="free")
    equal(unit.planner.call(MOTHER).rate, 60_000)
    unit.later(5)
    plan = unit.planner.call(MOTHER)
    equal((plan.rate, plan.tariff), (0, None))
    unit = Unit(tariff_days=5, after_end="refused")
    unit.later(5)
    unit.refuses("policy")


def test_a_rate_above_its_cap_is_never_charged():
    plan = Unit(cap=59_999).planner.call(MOTHER)
    equal((plan.rate, plan.tariff), (0, None))


def test_the_reserve_is_kept_for_calls_that_are_not_chargeable():
    unit = Unit()
    unit.journal.free = RESERVE_RECORDS
    unit.refuses("storage")
    unit = Unit(payer="nobody")
    unit.journal.free = RESERVE_RECORDS
    unit.planner.call(MOTHER)
    unit.journal.free = 0
    unit.refuses("storage")


def test_a_file_that_no_longer_holds_refuses_the_call_and_raises_nothing_else():
    unit = Unit()
    unit.spoil("tariff")
    unit.refuses("not-ready")
    unit.spoil("policy")
    unit.refuses("not-ready")
    equal(unit.planner.protected_number("77"), None)


run(globals())
