"""A host unit's directory, and the trust bundle that it is given."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from nacl.signing import SigningKey
from sealine_protocol import bundle, credential
from sealine_protocol.codec import decode, encode
from sealine_protocol.errors import BundleError, CredentialError, ProtocolError, UnitError
from sealine_protocol.hashes import key_id
from sealine_protocol.trust import Trust, read_revocations, read_trust
from sealine_protocol.unit import Unit

NOW = 1_800_000_000
YEAR = 365 * 86400
ROOT = SigningKey(b"\x01" * 32)
ROOT_KEY = bytes(ROOT.verify_key)
LOG = SigningKey(b"\x02" * 32)
OFFICE = SigningKey(b"\x03" * 32)
PLANNER = SigningKey(b"\x04" * 32)


def issue(sub: str, role: str, key: SigningKey, signer: SigningKey = ROOT, **changes: Any) -> bytes:
    values: dict[str, Any] = {"iat": NOW - 100, "exp": NOW + YEAR} | changes
    facility = values.pop("facility", "north")
    link = values.pop("link_key", b"l" * 32)
    return credential.issue(sub, facility, role, bytes(key.verify_key), link, signer=signer, **values)


def trust_body(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "facility": "north",
        "root_key": ROOT_KEY,
        "issuers": [issue("office", "issuer", OFFICE)],
        "centrals": [issue("log", "central", LOG)],
        "signers": [issue("planner", "policy", PLANNER)],
        "custodians": {"k": 2, "n": 0, "credentials": []},
        "billing_key": b"b" * 32,
    }
    return encode("trust-body", fields | changes)


def trust_bundle(body: bytes, signer: SigningKey = ROOT) -> dict[str, bytes]:
    header = bundle.make_header("trust", "north", 1, NOW - 10, NOW + YEAR, body, signer)
    return {"header": header, "body": body}


def read(body: bytes, **changes: Any) -> Trust:
    made = trust_bundle(body)
    return read_trust(made["header"], made["body"], ROOT_KEY, facility="north", now=NOW, **changes)


def enrolment(unit: Unit, **changes: Any) -> bytes:
    own = credential.issue(
        "gate-1", "north", "gateway", unit.identity_key, unit.link_key, iat=NOW - 100, exp=NOW + YEAR, signer=ROOT
    )
    fields: dict[str, Any] = {
        "root_key": ROOT_KEY,
        "credential": own,
        "issuers": [],
        "trust": trust_bundle(trust_body()),
        "time": NOW * 1000,
        "floors": {"trust": 1},
        "gateway": "",
    }
    return encode("enrolment", fields | changes)


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    return Unit.create(tmp_path / "gateway", "gateway", b"hardware-1", tls=True)


def test_a_unit_is_the_same_when_loaded_again(unit: Unit) -> None:
    again = Unit.load(unit.directory)
    assert (again.identity_key, again.link_key, again.role) == (unit.identity_key, unit.link_key, "gateway")
    assert again.hardware_id == b"hardware-1"


def test_all_its_files_are_its_own(unit: Unit) -> None:
    assert stat.S_IMODE(unit.directory.stat().st_mode) == 0o700
    for path in unit.directory.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    assert x509.load_pem_x509_csr((unit.directory / "tls.csr").read_bytes()).is_signature_valid


def test_keys_are_never_made_twice(unit: Unit) -> None:
    before = unit.identity_key
    with pytest.raises(UnitError):
        Unit.create(unit.directory, "gateway", b"hardware-1")
    assert Unit.load(unit.directory).identity_key == before


def test_a_key_that_others_can_read_is_refused(unit: Unit) -> None:
    (unit.directory / "identity.key").chmod(0o640)
    with pytest.raises(UnitError, match="read by others"):
        Unit.load(unit.directory)


@pytest.mark.parametrize("name", ["identity.key", "link.key", "request.cose"])
def test_a_directory_that_is_not_whole_is_refused(unit: Unit, name: str) -> None:
    (unit.directory / name).unlink()
    with pytest.raises(UnitError, match=name):
        Unit.load(unit.directory)


def test_keys_of_another_unit_are_refused(unit: Unit) -> None:
    (unit.directory / "link.key").write_bytes(bytes(range(32)))
    with pytest.raises(UnitError, match="other keys"):
        Unit.load(unit.directory)


def test_no_key_shows_in_its_text(unit: Unit) -> None:
    assert repr(unit) == "Unit(gateway)"


def test_a_request_answers_the_challenge(unit: Unit) -> None:
    assert credential.check_request(unit.request(b"c" * 16), b"c" * 16)["role"] == "gateway"
    assert Unit.load(unit.directory).identity_key == unit.identity_key


def test_enrolment_is_kept_and_read_again(unit: Unit) -> None:
    with pytest.raises(UnitError, match="not enrolled"):
        unit.enrolled()
    unit.install(enrolment(unit))
    enrolled = Unit.load(unit.directory).enrolled()
    assert (enrolled.credential.sub, enrolled.trust.facility) == ("gate-1", "north")


def test_an_enrolment_that_does_not_hold_changes_nothing(unit: Unit, tmp_path: Path) -> None:
    other = Unit.create(tmp_path / "other", "gateway", b"hardware-2")
    stranger = SigningKey(b"\x09" * 32)
    wrong = [
        enrolment(other),
        enrolment(unit, root_key=bytes(stranger.verify_key)),
        enrolment(unit, trust=trust_bundle(trust_body(), stranger)),
        enrolment(unit, trust=trust_bundle(trust_body(facility="south"))),
        enrolment(unit, time=(NOW + 2 * YEAR) * 1000),
        enrolment(unit)[:-1],
    ]
    for data in wrong:
        with pytest.raises(ProtocolError):
            unit.install(data)
    with pytest.raises(UnitError, match="not enrolled"):
        unit.enrolled()


def test_a_trust_bundle_says_who_may_sign_what() -> None:
    trust = read(trust_body())
    root, office, planner = (key_id(bytes(key.verify_key)) for key in (ROOT, OFFICE, PLANNER))
    assert set(trust.bundle_signers("trust", NOW)) == {root}
    assert set(trust.bundle_signers("revocations", NOW)) == {root, office}
    assert set(trust.bundle_signers("policy", NOW)) == {planner}
    assert trust.bundle_signers("directory", NOW) == {}
    assert trust.bundle_signers("policy", NOW + 2 * YEAR) == {}
    assert trust.log_key(key_id(bytes(LOG.verify_key)), NOW) == bytes(LOG.verify_key)
    with pytest.raises(CredentialError):
        trust.log_key(planner, NOW)


def test_a_revoked_signer_or_log_is_none() -> None:
    trust = replace(read(trust_body()), revoked={key_id(bytes(key.verify_key)): NOW for key in (PLANNER, LOG)})
    assert trust.bundle_signers("policy", NOW) == {}
    with pytest.raises(CredentialError, match="revoked"):
        trust.log_key(key_id(bytes(LOG.verify_key)), NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"facility": "south"},
        {"root_key": bytes(32)},
        {"centrals": [issue("log", "gateway", LOG)]},
        {"centrals": [issue("log", "central", LOG, OFFICE)]},
        {"centrals": [issue("log", "central", LOG, facility="south")]},
        {"issuers": [issue("office", "issuer", OFFICE, OFFICE)]},
        {"signers": [issue("planner", "terminal", PLANNER)]},
        {"custodians": {"k": 2, "n": 1, "credentials": [issue("judge", "requester", PLANNER)]}},
        {"centrals": [bytes(100)]},
    ],
)
def test_a_trust_bundle_with_one_wrong_part_is_refused_whole(changes: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        read(trust_body(**changes))


def test_a_trust_bundle_never_goes_back() -> None:
    with pytest.raises(BundleError, match="not newer"):
        read(trust_body(), installed_version=1)


def test_revocations_are_sorted_and_of_this_facility() -> None:
    entries = [{"key_id": bytes([n]) * 16, "since": n} for n in (1, 2)]
    body = encode("revocations-body", {"facility": "north", "revoked": entries})
    assert read_revocations(body, "north") == {b"\x01" * 16: 1, b"\x02" * 16: 2}
    with pytest.raises(BundleError):
        read_revocations(body, "south")
    for revoked in (entries[::-1], [entries[0], entries[0]]):
        unsorted = encode("revocations-body", {"facility": "north", "revoked": revoked})
        assert decode("revocations-body", unsorted)
        with pytest.raises(BundleError, match="sorted"):
            read_revocations(unsorted, "north")
