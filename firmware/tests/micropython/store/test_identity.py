"""Keys that are born here and can be destroyed; enrolment; who is trusted for what."""

import authority
import littlefs
import sodium
from authority import BILLING, CENTRAL, CUSTODIANS, DAY, NOW, ROOT, Key, Terminal
from check import equal, raises, run
from nor import CUT_MODES, Nor, PowerCut
from store import IdentityError, StoreError, TrustError
from store.trust import Revocations
from store.vault import Vault
from wire import codec, cose
from wire.errors import WireError


def terminal(vault=None):
    littlefs.start()
    return Terminal(vault or Nor(1))


def with_custodians(*custodians, **changes):
    unit = terminal()
    unit.enrol(authority.trust_body(list(custodians), **changes))
    return unit.trust


def test_keys_are_born_once_and_stay():
    vault = Nor(1)
    unit = terminal(vault)
    equal(unit.identity.state(), "blank")
    raises(IdentityError, "no keys", unit.identity.sign, "tally", b"x")
    unit.identity.create()
    unit.identity.create()
    equal(unit.identity.state(), "born")
    again = Terminal(vault)
    equal(again.identity.public_key, unit.identity.public_key)
    equal(again.identity.link_public, unit.identity.link_public)
    equal(terminal().identity.public_key, b"")


def test_request_is_signed_by_the_key_it_asks_for():
    unit = terminal()
    unit.identity.create()
    firmware = {"version": "1", "hash": bytes(32)}
    signed = unit.identity.request(b"c" * 16, b"h" * 8, firmware)
    fields = codec.decode("signing-request", cose.verify(signed, "signing-request", unit.identity.public_key))
    equal(fields["challenge"], b"c" * 16)
    equal(fields["link_key"], unit.identity.link_public)
    equal(fields["role"], "terminal")


def test_enrolment_and_lock_survive_a_boot():
    vault = Nor(1)
    unit = terminal(vault)
    raises(IdentityError, "not enrolled", unit.identity.lock)
    unit.enrol()
    equal(unit.identity.state(), "enrolled")
    unit.identity.lock()
    again = Terminal(vault).identity
    equal(again.state(), "locked")
    equal((again.name, again.facility, again.root_key), ("phone-1", "test", ROOT.public))
    equal(again.genesis, unit.identity.genesis)


def test_enrolment_for_other_keys_or_by_a_stranger_is_refused():
    unit = terminal()
    unit.identity.create()
    other = authority.enrolment(unit.identity)
    other["credential"] = authority.credential(Key(98), "terminal")
    raises(IdentityError, "other keys", unit.identity.install, other)
    forged = authority.enrolment(unit.identity)
    forged["root_key"] = Key(99).public
    raises(WireError, "", unit.identity.install, forged)
    gateway = authority.enrolment(unit.identity)
    gateway["credential"] = authority.credential(Key(98), "gateway")
    raises(WireError, "role", unit.identity.install, gateway)
    equal(unit.identity.state(), "born")


def test_power_cut_anywhere_in_an_enrolment_leaves_all_of_it_or_none():
    for mode in CUT_MODES:
        at = 1
        done = False
        while not done:
            disk = littlefs.start()
            vault = Nor(1)
            unit = Terminal(vault)
            unit.identity.create()
            disk.nor.cut(at, mode)
            try:
                unit.enrol()
                done = not disk.dead
            except (StoreError, OSError):
                pass
            littlefs.start(disk)
            again = Terminal(vault)
            if again.identity.state() == "enrolled":
                equal(again.bundles.versions(), {"trust": 1})
                equal(again.clock.floor_ms(), NOW * 1000)
            else:
                equal(again.identity.state(), "born")
                again.enrol()
            at += 1
        equal(at > 15, True)


def test_factory_reset_leaves_no_key_in_flash_or_memory():
    vault = Nor(1)
    unit = terminal(vault)
    unit.enrol()
    unit.identity.lock()
    link = bytes(unit.identity.link_secret)
    equal(vault.data.find(link) > 0, True)
    unit.identity.factory_reset()
    equal(vault.data.find(link), -1)
    equal(bytes(unit.identity.link_secret), bytes(32))
    equal(unit.identity.state(), "blank")
    equal(Terminal(vault).identity.state(), "blank")
    raises(IdentityError, "no keys", unit.identity.sign, "tally", b"x")


def test_vault_under_power_cuts():
    for mode in CUT_MODES:
        for at in range(1, 4):
            flash = Nor(1)
            flash.cut(at, mode)
            try:
                Vault(flash, 0).write(bytearray(range(64)))
            except PowerCut:
                pass
            found = Vault(flash, 0).read()
            equal(found in (None, bytearray(range(64))), True)
            if found is None:
                Vault(flash, 0).write(bytearray(range(64)))
            raises(IdentityError, "already", Vault(flash, 0).write, bytearray(64))
        for at in (1, 2):
            flash = Nor(1)
            Vault(flash, 0).write(bytearray(range(64)))
            flash.cut(at, mode)
            raises(PowerCut, "", Vault(flash, 0).destroy)
            if at == 2:
                equal(flash.data.find(bytes(range(64))), -1)
            equal(Vault(flash, 0).read() in (None, bytearray(range(64))), True)


def test_unseal():
    unit = terminal()
    unit.identity.create()
    equal(bytes(unit.identity.unseal(sodium.seal(unit.identity.link_public, b"hello"))), b"hello")
    raises(IdentityError, "not sealed", unit.identity.unseal, sodium.seal(BILLING.link, b"hello"))


def test_custodian_sets_that_make_no_key():
    good = [authority.custodian(place) for place in range(3)]
    equal(with_custodians(*good).custodians()[2][2].organisation, "organisation-2")
    raises(TrustError, "k or n", with_custodians(*good, k=1).custodians)
    raises(TrustError, "k or n", with_custodians(*good, k=4).custodians)
    raises(TrustError, "k or n", with_custodians(*good, n=2).custodians)
    raises(TrustError, "k or n", with_custodians(k=2, n=0).custodians)
    raises(TrustError, "equal", with_custodians(good[0], good[1], good[1]).custodians)
    same = authority.custodian(2, organisation="organisation-1")
    raises(TrustError, "equal", with_custodians(good[0], good[1], same).custodians)
    shared = authority.custodian(2, link_key=CUSTODIANS[0].link)
    raises(TrustError, "equal", with_custodians(good[0], good[1], shared).custodians)
    late = authority.custodian(2, exp=NOW - 1)
    raises(TrustError, "", with_custodians(good[0], good[1], late).custodians)
    elsewhere = authority.custodian(2, facility="other")
    raises(TrustError, "", with_custodians(good[0], good[1], elsewhere).custodians)
    forged = authority.custodian(2, signer=Key(99))
    raises(TrustError, "", with_custodians(good[0], good[1], forged).custodians)
    other = authority.credential(CUSTODIANS[2], "requester", "custodian-2", organisation="organisation-2")
    raises(TrustError, "", with_custodians(good[0], good[1], other).custodians)
    nameless = authority.credential(CUSTODIANS[2], "custodian", "custodian-2", organisation="organisation-2")
    raises(TrustError, "class", with_custodians(good[0], good[1], nameless).custodians)


def test_custodian_that_expires_or_is_revoked_later_makes_no_key():
    unit = terminal()
    unit.enrol(authority.trust_body([authority.custodian(0), authority.custodian(1, exp=NOW + DAY)]))
    equal(unit.trust.custodians()[0], 2)
    unit.ticks.ms += DAY * 1000
    raises(TrustError, "expired", unit.trust.custodians)
    unit = terminal()
    unit.enrol()
    equal(unit.trust.custodians()[0], 2)
    body = revocations([(CUSTODIANS[1].id, NOW)])
    unit.install(authority.header("revocations", 1, body), body)
    raises(TrustError, "", unit.trust.custodians)


def test_revoked_central_is_not_believed():
    unit = terminal()
    unit.enrol()
    equal(unit.trust.central(CENTRAL.id), CENTRAL.public)
    raises(TrustError, "", unit.trust.central, authority.DIRECTORY.id)
    body = revocations([(CENTRAL.id, NOW)])
    unit.install(authority.header("revocations", 1, body), body)
    raises(TrustError, "", unit.trust.central, CENTRAL.id)


def revocations(entries):
    revoked = [{"key_id": key, "since": since} for key, since in sorted(entries)]
    return codec.encode("revocations-body", {"facility": "test", "revoked": revoked})


def test_revocations_are_read_in_place_and_as_strictly_as_the_codec_does():
    keys = [bytes([number]) * 16 for number in range(100)]
    body = revocations([(key, NOW + key[0]) for key in keys])
    listed = Revocations(body, "test")
    for key in keys:
        equal(listed.get(key), NOW + key[0])
    equal(listed.get(b"x" * 16), None)
    equal(Revocations(revocations([]), "test").get(keys[0]), None)
    raises(WireError, "facility", Revocations, body, "other")
    unsorted = codec.encode(
        "revocations-body",
        {"facility": "test", "revoked": [{"key_id": key, "since": 1} for key in (keys[1], keys[0])]},
    )
    raises(WireError, "order", Revocations, unsorted, "test")
    small = revocations([(keys[0], 1), (keys[1], 300)])
    for at in range(len(small)):
        for flip in range(8):
            bad = bytearray(small)
            bad[at] ^= 1 << flip
            equal(holds(Revocations, bad, "test") and not holds(codec.decode, "revocations-body", bad), False)
        equal(holds(Revocations, small[:at], "test"), False)
    equal(holds(Revocations, small + b"\x00", "test"), False)


def holds(function, *arguments):
    try:
        function(*arguments)
    except WireError:
        return False
    return True


def test_trust_is_stale_when_expired_or_when_a_beacon_names_a_newer_one():
    unit = terminal()
    unit.enrol()
    equal(unit.trust.is_stale(), False)
    unit.beacon({"trust": 2})
    equal(unit.trust.is_stale(), True)
    body = authority.trust_body()
    unit.install(authority.header("trust", 2, body), body)
    equal(unit.trust.is_stale(), False)
    unit.ticks.ms += 31 * DAY * 1000
    equal(unit.trust.is_stale(), True)


def test_without_a_bundle_nobody_is_trusted():
    unit = terminal()
    unit.identity.create()
    for ask in (unit.trust.custodians, unit.trust.billing_key):
        raises(StoreError, "no bundle", ask)
    raises(StoreError, "", unit.trust.central, CENTRAL.id)
    equal(unit.trust.is_stale(), True)


if __name__ == "__main__":
    run(globals())
