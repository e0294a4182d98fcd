"""The authority: what it signs, what it refuses, and that nothing at rest opens without the passphrase."""

import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from sealine_protocol import codec, credential
from sealine_protocol.unit import Unit
from sealine_provisioning import bundles
from sealine_provisioning.authority import Authority, Custodianship, fresh_challenge
from sealine_provisioning.errors import AuthorityError, ProvisioningError

PASSPHRASE = b"correct horse battery staple"
PLAN = {"country": "1", "international": "011", "trunk": "1", "national_length": 10, "area": ""}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("safe"), "lakeside", PASSPHRASE)


def unit_of(authority: Authority, folder: Path, role: str, organisation: str | None = None) -> tuple[Unit, bytes]:
    unit = Unit.create(folder / (organisation or role), role, b"test-unit-1")
    challenge = fresh_challenge()
    person = Custodianship("monitor", organisation) if organisation else None
    signed = authority.issue(
        unit.request(challenge), subject=organisation or role, role=role, challenge=challenge, custodianship=person
    )
    return unit, signed


def test_opens_with_its_passphrase_only(authority: Authority) -> None:
    assert Authority.load(authority.directory, PASSPHRASE).root_public == authority.root_public
    with pytest.raises(AuthorityError, match="wrong passphrase"):
        Authority.load(authority.directory, b"guess")


def test_key_files_are_private_and_sealed(authority: Authority) -> None:
    for name in ("root.key", "ca.key"):
        path = authority.directory / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert bytes(authority.signer) not in (authority.directory / "root.key").read_bytes()
    assert b"ENCRYPTED" in (authority.directory / "ca.key").read_bytes()


def test_never_overwrites_a_root(authority: Authority) -> None:
    with pytest.raises(AuthorityError, match="already holds"):
        Authority.create(authority.directory, "lakeside", PASSPHRASE)


def test_credential_verifies_for_its_role_and_facility(authority: Authority, tmp_path: Path) -> None:
    unit, signed = unit_of(authority, tmp_path, "terminal")
    iat = credential.read(signed).iat
    found = credential.verify_chain(
        [signed], authority.root_public, role="terminal", facility="lakeside", at=iat, revoked={}
    )
    assert (found.identity_key, found.link_key) == (unit.identity_key, unit.link_key)


def test_refuses_a_replayed_request(authority: Authority, tmp_path: Path) -> None:
    unit = Unit.create(tmp_path / "unit", "terminal", b"test-unit-1")
    old = unit.request(fresh_challenge())
    with pytest.raises(AuthorityError, match="challenge"):
        authority.issue(old, subject="t", role="terminal", challenge=fresh_challenge())


def test_refuses_another_role(authority: Authority, tmp_path: Path) -> None:
    unit = Unit.create(tmp_path / "unit", "terminal", b"test-unit-1")
    challenge = fresh_challenge()
    with pytest.raises(AuthorityError, match="asks for role terminal, not central"):
        authority.issue(unit.request(challenge), subject="t", role="central", challenge=challenge)


def test_refuses_a_mutated_request(authority: Authority, tmp_path: Path) -> None:
    unit = Unit.create(tmp_path / "unit", "terminal", b"test-unit-1")
    challenge = fresh_challenge()
    request = bytearray(unit.request(challenge))
    request[-1] ^= 1
    with pytest.raises(AuthorityError, match="does not hold"):
        authority.issue(bytes(request), subject="t", role="terminal", challenge=challenge)


def test_custodian_needs_class_and_organisation(authority: Authority, tmp_path: Path) -> None:
    unit = Unit.create(tmp_path / "unit", "custodian", b"test-unit-1")
    challenge = fresh_challenge()
    with pytest.raises(AuthorityError, match="class and an organisation"):
        authority.issue(unit.request(challenge), subject="c", role="custodian", challenge=challenge)


def trust(authority: Authority, tmp_path: Path, organisations: list[str], k: int) -> bundles.Published:
    custodians = []
    for place, organisation in enumerate(organisations):
        custodians.append(unit_of(authority, tmp_path / str(place), "custodian", organisation)[1])
    _, central = unit_of(authority, tmp_path, "central")
    return bundles.trust(
        authority, version=1, centrals=[central], signers=[], custodians=custodians, k=k, billing_key=bytes(32)
    )


def test_trust_bundle_installs_on_a_unit(authority: Authority, tmp_path: Path) -> None:
    published = trust(authority, tmp_path, ["a", "b", "c"], 2)
    unit, signed = unit_of(authority, tmp_path, "gateway")
    enrolled = unit.install(authority.enrolment(signed, trust=published.small()))
    assert (enrolled.trust.k, enrolled.trust.n) == (2, 3)


@pytest.mark.parametrize(
    ("organisations", "k", "why"),
    [(["a", "b", "c"], 1, "1 of 3"), (["a"], 2, "2 of 1"), (["a", "a"], 2, "same organisation")],
)
def test_refuses_a_custodian_set_that_no_terminal_would_take(
    authority: Authority, tmp_path: Path, organisations: list[str], k: int, why: str
) -> None:
    with pytest.raises(ProvisioningError, match=why):
        trust(authority, tmp_path, organisations, k)


@pytest.mark.parametrize("same", ["identity_key", "link_key"])
def test_refuses_two_custodians_with_one_key(authority: Authority, tmp_path: Path, same: str) -> None:
    units = [Unit.create(tmp_path / name, "custodian", b"test-unit-1") for name in "ab"]
    keys = [{"identity_key": unit.identity_key, "link_key": unit.link_key} for unit in units]
    keys[1][same] = keys[0][same]
    now = int(time.time())
    terms: Any = {"iat": now, "exp": now + 1000, "signer": authority.signer}
    signed = [
        credential.issue(office, "lakeside", "custodian", **pair, **terms, class_="monitor", organisation=office)
        for office, pair in zip("ab", keys, strict=True)
    ]
    with pytest.raises(ProvisioningError, match=f"same {same}"):
        bundles.check_custodians(signed, 2)


def test_directory_hides_its_numbers_and_seals_its_key(authority: Authority, tmp_path: Path) -> None:
    signer, _ = unit_of(authority, tmp_path, "directory")
    terminal, signed = unit_of(authority, tmp_path, "terminal")
    published = bundles.directory(
        signer.identity, "lakeside", version=1, numbers=["2125550142", "12125550142"], plan=PLAN, terminals=[signed]
    )
    assert len(published.body) == 8, "two ways to write one number are one entry"
    assert [key["terminal"] for key in published.keys] == [terminal.key_id]
    assert b"2125550142" not in published.encode()
    assert codec.decode("published-bundle", published.encode())["body"] == published.body


def test_numbers_are_taken_as_people_write_them(tmp_path: Path) -> None:
    path = tmp_path / "numbers.txt"
    path.write_text("# counsel\n(212) 555-0142  # office\n\n1-212-555-0143\n")
    assert bundles.read_numbers(path) == ["2125550142", "12125550143"]


def test_refuses_a_rate_above_its_cap(authority: Authority, tmp_path: Path) -> None:
    signer, _ = unit_of(authority, tmp_path, "tariff")
    rates = {"rate": 2, "cap": 1, "cap_source": "none", "payer": "caller", "after_end": "free"}
    with pytest.raises(ProvisioningError, match="above the cap"):
        bundles.tariff(signer.identity, "lakeside", version=1, rates=rates)


def test_tls_certificate_has_the_authoritys_name_for_it(authority: Authority, tmp_path: Path) -> None:
    Unit.create(tmp_path / "gw", "gateway", b"test-unit-1", tls=True)
    pem = authority.certify_tls((tmp_path / "gw" / "tls.csr").read_bytes(), "lakeside/gw-1")
    (tmp_path / "gw.pem").write_bytes(pem)
    (tmp_path / "ca.pem").write_bytes(authority.ca_pem())
    name = x509.load_pem_x509_certificate(pem).subject.rfc4514_string()
    assert name == "CN=lakeside/gw-1"
    subprocess.run(["openssl", "verify", "-CAfile", tmp_path / "ca.pem", tmp_path / "gw.pem"], check=True)


@pytest.mark.parametrize("csr", [b"", b"not PEM"])
def test_refuses_what_is_no_tls_request(authority: Authority, csr: bytes) -> None:
    with pytest.raises(AuthorityError, match="cannot be read as PEM"):
        authority.certify_tls(csr, "lakeside/gw-1")
