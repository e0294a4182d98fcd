"""Bundles: refused when they should be, whole or not there after a power cut, never backwards."""

import os

import authority
import littlefs
from authority import DIRECTORY, NOW, POLICY, ROOT, Key, Terminal, header
from check import equal, raises, run
from nor import CUT_MODES, Nor
from store import BundleError, StoreError
from wire import codec

POLICY_FIELDS = {
    "facility": "test",
    "numbering": {"country": "1", "international": "011", "trunk": "1", "national_length": 10, "area": ""},
    "max_talk_s": 900,
    "ring_timeout_s": 45,
    "protected": [],
    "always": [],
}


def policy(seconds=900):
    return codec.encode("policy-body", dict(POLICY_FIELDS, max_talk_s=seconds))


def terminal():
    littlefs.start()
    made = Terminal(Nor(1))
    made.enrol()
    return made


def test_enrolment_installs_the_trust_bundle():
    unit = terminal()
    equal(unit.bundles.versions(), {"trust": 1})
    equal(unit.trust.custodians()[:2], (2, 3))
    equal(unit.trust.central(authority.CENTRAL.id), authority.CENTRAL.public)


def test_installed_bundles_are_there_after_a_boot():
    littlefs.start()
    vault = Nor(1)
    unit = Terminal(vault)
    unit.enrol()
    unit.install(header("policy", 3, policy(), POLICY), policy())
    unit.install_directory(5, ["12025550100", "12025550101"])
    again = Terminal(vault)
    equal(again.bundles.versions(), {"trust": 1, "policy": 3, "directory": 5})
    equal(again.bundles.read("policy")["max_talk_s"], 900)
    equal(again.bundles.installed("directory").key, authority.DIRECTORY_KEY)
    equal(again.trust.custodians()[0], 2)


def test_older_and_equal_versions_are_refused():
    unit = terminal()
    unit.install(header("policy", 3, policy(), POLICY), policy())
    for version in (1, 2, 3):
        raises(BundleError, "version", unit.bundles.begin, header("policy", version, policy(60), POLICY))
    equal(unit.bundles.read("policy")["max_talk_s"], 900)


def test_floor_holds_even_when_the_installed_one_is_gone():
    littlefs.start()
    vault = Nor(1)
    unit = Terminal(vault)
    unit.enrol()
    unit.install(header("policy", 3, policy(), POLICY), policy())
    os.remove(littlefs.MOUNT + "/bundles/policy.head")
    again = Terminal(vault)
    equal(again.bundles.installed("policy"), None)
    raises(BundleError, "version", again.bundles.begin, header("policy", 2, policy(), POLICY))
    again.install(header("policy", 3, policy(), POLICY), policy())


def test_wrong_signers_facilities_and_times_are_refused():
    unit = terminal()
    body = policy()
    stranger = Key(99)
    for bad in (
        header("policy", 1, body, stranger),
        header("policy", 1, body, DIRECTORY),
        header("policy", 1, body, ROOT),
        header("trust", 2, authority.trust_body(), POLICY),
        header("revocations", 1, b"", stranger),
        header("policy", 1, body, POLICY, facility="other"),
        header("policy", 1, body, POLICY, expires=NOW - 1, issued=NOW - 10),
        header("policy", 1, body, POLICY, issued=NOW + 500 * 86400, expires=NOW + 600 * 86400),
        header("policy", 0, body, POLICY),
        header("policy", 1, body, POLICY, length=20481),
        header("firmware", 1, body, POLICY),
        POLICY.sign("record", b"x" * 40),
        b"x" * 100,
    ):
        raises(StoreError, "", begin, unit, bad)
    equal(unit.bundles.versions(), {"trust": 1})


def begin(unit, bad):
    try:
        return unit.bundles.begin(bad)
    except ValueError:
        raise AssertionError("not an error of this package")


def test_wrong_bodies_leave_the_installed_one():
    unit = terminal()
    body = policy()
    unit.install(header("policy", 1, body, POLICY), body)
    good = header("policy", 2, body, POLICY)
    raises(BundleError, "hash", unit.install, good, body[:-1] + b"\x00")
    raises(BundleError, "shorter", unit.install, good, body[:-1])
    raises(BundleError, "longer", unit.install, good, body + b"\x00")
    other = codec.encode("policy-body", dict(POLICY_FIELDS, facility="other"))
    raises(BundleError, "facility", unit.install, header("policy", 2, other, POLICY), other)
    raises(StoreError, "", unit.install, header("policy", 2, b"\x00", POLICY), b"\x00")
    equal(unit.bundles.installed("policy").version, 1)
    unit.install(good, body)
    equal(unit.bundles.installed("policy").version, 2)


def test_trust_of_another_root_is_refused():
    unit = terminal()
    body = authority.trust_body(root_key=Key(99).public)
    raises(StoreError, "root", unit.install, header("trust", 2, body), body)
    equal(unit.trust.custodians()[0], 2)


def test_directory_must_be_sorted_and_its_key_the_right_one():
    unit = terminal()
    body = authority.directory_body(["12025550100", "12025550101"])
    swapped = body[8:] + body[:8]
    key = authority.directory_key(1, unit.identity)
    raises(BundleError, "sorted", unit.install, authority.directory_header(1, swapped), swapped, key, 5)
    twice = body[:8] + body[:8]
    raises(BundleError, "sorted", unit.install, authority.directory_header(1, twice), twice, key, 8)
    other = authority.directory_body(["12025550102", "12025550103"])
    raises(BundleError, "hash", unit.install, authority.directory_header(1, body), other, key, 5)
    equal(unit.bundles.installed("directory"), None)
    fine = authority.directory_header(1, body)
    raises(BundleError, "directory-key", unit.bundles.begin, fine, None)
    raises(BundleError, "directory-key", unit.bundles.begin, fine, authority.directory_key(2, unit.identity))
    wrong = authority.directory_key(1, unit.identity, b"w" * 32)
    raises(BundleError, "directory-key", unit.bundles.begin, fine, wrong)
    unit.install(fine, body, key, 5)


def test_tampered_body_and_head_are_not_there_after_a_boot():
    littlefs.start()
    vault = Nor(1)
    unit = Terminal(vault)
    unit.enrol()
    unit.install_directory(1, ["12025550100", "12025550101"])
    path = unit.bundles.installed("directory").path
    with open(path, "r+b") as file:
        first = file.read(1)[0]
        file.seek(0)
        file.write(bytes([first ^ 1]))
    again = Terminal(vault)
    equal(again.bundles.installed("directory"), None)
    equal(again.bundles.refused, ["directory"])


def revocations(count):
    """The longest encoding that a list of so many can have."""
    revoked = [{"key_id": index.to_bytes(16, "big"), "since": (1 << 64) - 1} for index in range(count)]
    return codec.encode("revocations-body", {"facility": "test", "revoked": revoked})


def test_the_longest_revocation_list_fits_and_one_more_is_refused():
    unit = terminal()
    body = revocations(700)
    unit.install(header("revocations", 1, body), body)
    equal(unit.bundles.installed("revocations").length, len(body))
    equal(unit.trust.revoked.get((699).to_bytes(16, "big")), (1 << 64) - 1)
    longer = body.replace(b"\x99" + (700).to_bytes(2, "big"), b"\x99" + (701).to_bytes(2, "big"), 1)
    longer += b"\x82\x50" + (700).to_bytes(16, "big") + b"\x1b" + b"\xff" * 8
    raises(StoreError, "revocations-body", unit.install, header("revocations", 2, longer), longer)
    equal(unit.bundles.versions()["revocations"], 1)


def test_an_unreadable_trust_bundle_takes_all_that_rests_on_it_along():
    littlefs.start()
    vault = Nor(1)
    unit = Terminal(vault)
    unit.enrol()
    unit.install(header("policy", 3, policy(), POLICY), policy())
    path = unit.bundles.installed("trust").path
    with open(path, "wb") as file:
        file.write(b"not what it was")
    again = Terminal(vault)
    equal(again.bundles.versions(), {})
    equal((again.trust.ref, again.trust.is_stale()), (None, True))
    # the same issue, delivered again, heals it
    again.bundles.install(authority.enrolment(again.identity)["trust"])
    equal(again.bundles.versions(), {"trust": 1})


def test_unreadable_floors_let_nothing_in():
    littlefs.start()
    vault = Nor(1)
    unit = Terminal(vault)
    unit.enrol()
    with open(littlefs.MOUNT + "/bundles/floors", "wb") as file:
        file.write(b"not what it was")
    again = Terminal(vault)
    equal(again.bundles.versions(), {})
    raises(BundleError, "version", again.bundles.install, authority.enrolment(again.identity)["trust"])


def test_issue_time_raises_the_floor():
    unit = terminal()
    body = policy()
    unit.install(header("policy", 1, body, POLICY, issued=NOW + 86400), body)
    equal(unit.clock.floor_ms(), (NOW + 86400) * 1000)


def test_power_cut_anywhere_in_an_install():
    """Trust, then policy 1 is installed; policy 2 comes. Whatever happens, one of the two is there, whole."""
    body = [policy(100), policy(200)]
    for mode in CUT_MODES:
        at = 1
        done = False
        while not done:
            disk = littlefs.start()
            vault = Nor(1)
            unit = Terminal(vault)
            unit.enrol()
            unit.install(header("policy", 1, body[0], POLICY), body[0])
            disk.nor.cut(at, mode)
            try:
                unit.install(header("policy", 2, body[1], POLICY), body[1], None, 50)
                done = not disk.dead
            except (StoreError, OSError):
                pass
            littlefs.start(disk)
            again = Terminal(vault)
            version = again.bundles.installed("policy").version
            equal(again.bundles.read("policy")["max_talk_s"], version * 100)
            equal(again.bundles.refused, [])
            if done:
                equal(version, 2)
            elif version == 1:
                again.install(header("policy", 2, body[1], POLICY), body[1])
            raises(BundleError, "version", again.bundles.begin, header("policy", 1, body[0], POLICY))
            at += 1
        print("power cuts,", mode + ":", at - 2)
        equal(at > 10, True)


if __name__ == "__main__":
    run(globals())
