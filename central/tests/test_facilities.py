"""Bundles are published only when they hold and their signer may sign them; the newest is what beacons name."""

import os

import pytest
from central_factory import NOW_S, Keys
from sealine_central.facilities import FacilityBook
from sealine_protocol import codec
from sealine_protocol.errors import ProtocolError, SettingsError


@pytest.fixture
def book(site):
    return FacilityBook("north", site.directory / "root.pub", site.bundles)


def signer(site, role):
    keys = Keys()
    return keys.identity, site.issue(role, role, keys.identity.verify_key, keys.link)


def test_what_holds_is_new_once(site, book):
    site.revoke({bytes(16): 5})
    assert [item.kind for item in book.refresh()] == ["trust", "revocations"]
    assert book.refresh() == []
    assert (book.versions, book.revoked) == ({"trust": 1, "revocations": 1}, {bytes(16): 5})


def test_each_kind_needs_its_own_signer(site, book):
    policy_key, policy = signer(site, "policy")
    tariff_key, tariff = signer(site, "tariff")
    site.publish_trust(signers=(policy, tariff))
    site.publish("tariff", 1, b"body", policy_key)
    site.publish("policy", 1, b"body", policy_key)
    site.publish("directory", 1, b"", Keys().identity)
    book.refresh()
    assert book.versions == {"trust": 1, "policy": 1}
    site.publish("tariff", 1, b"body", tariff_key)
    book.refresh()
    assert book.versions == {"trust": 1, "policy": 1, "tariff": 1}


def test_a_newer_trust_bundle_lets_others_in_that_waited(site, book):
    key, policy = signer(site, "policy")
    site.publish("policy", 1, b"body", key)
    book.refresh()
    assert book.versions == {"trust": 1}
    site.publish_trust(2, signers=(policy,))
    assert [item.kind for item in book.refresh()] == ["trust", "policy"]


@pytest.mark.parametrize(
    "change",
    [{"facility": "south"}, {"signer": Keys().identity}, {"version": 1}],
    ids=["facility", "signer", "older"],
)
def test_what_does_not_hold_leaves_the_published_one(site, book, change):
    site.publish_trust(2)
    book.refresh()
    body = codec.decode("published-bundle", (site.bundles / "trust.bundle").read_bytes())["body"]
    site.publish("trust", body=body, **({"version": 3} | change))
    assert book.refresh() == []
    assert book.versions == {"trust": 2}


@pytest.mark.parametrize("data", [b"", b"\x00", os.urandom(100), bytes(2_000_000)])
def test_a_file_of_anything_is_not_published(site, book, data):
    (site.bundles / "trust.bundle").write_bytes(data)
    assert book.refresh() == []


def test_a_body_that_was_changed_is_not_published(site, book):
    path = site.bundles / "trust.bundle"
    fields = codec.decode("published-bundle", path.read_bytes())
    fields["body"] = fields["body"][:-1] + b"\x00"
    path.write_bytes(codec.encode("published-bundle", fields))
    assert book.refresh() == []


def test_a_file_that_cannot_be_read_is_no_end(site, book):
    (site.bundles / "trust.bundle").unlink()
    (site.bundles / "trust.bundle").mkdir()
    assert book.refresh() == []


def test_the_same_issue_with_keys_for_more_terminals_is_published_again(site, book):
    key, directory = signer(site, "directory")
    site.publish_trust(signers=(directory,))
    site.publish("directory", 1, b"", key)
    book.refresh()
    path = site.bundles / "directory.bundle"
    fields = codec.decode("published-bundle", path.read_bytes())
    fields["keys"] = [{"version": 1, "terminal": bytes(16), "sealed": bytes(80)}]
    path.write_bytes(codec.encode("published-bundle", fields))
    assert [item.kind for item in book.refresh()] == ["directory"]


def test_an_expired_bundle_is_still_the_newest_for_beacons(site, book):
    site.publish(
        "revocations",
        4,
        codec.encode("revocations-body", {"facility": "north", "revoked": []}),
        issued=NOW_S - 200,
        expires=NOW_S - 100,
    )
    book.refresh()
    assert book.versions["revocations"] == 4


def test_publish_takes_what_holds_and_nothing_else(site, book):
    book.refresh()
    old = (site.bundles / "trust.bundle").read_bytes()
    new = site.publish_trust(2)
    (site.bundles / "trust.bundle").write_bytes(old)
    assert book.publish(new).version == 2
    assert (site.bundles / "trust.bundle").read_bytes() == new
    with pytest.raises(ProtocolError, match="not newer"):
        book.publish(old)


@pytest.mark.parametrize("content", [None, b"short"])
def test_a_root_that_is_no_key_is_named(site, content):
    path = site.directory / "other.pub"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"facilities\.north\.root"):
        FacilityBook("north", path, site.bundles)
