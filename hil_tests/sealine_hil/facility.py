"""A whole facility on loopback: authority, central, broker, gateway, custodians, signed rules, wall phones.

Everything is made by the product's own programs and libraries; only the telephone network (the loopback trunk's
scripted parties) and the boards are stand-ins. Used by hil_tests and by `sealine demo`.
"""

import json
import os
import secrets
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nacl.public import PrivateKey
from sealine_gateway import broker, roster
from sealine_gateway.vault import Vault
from sealine_protocol import durable
from sealine_protocol.unit import Unit, create_tls
from sealine_provisioning import bundles
from sealine_provisioning.authority import Authority, Custodianship, fresh_challenge
from sealine_provisioning.bundles import Published

from sealine_hil.errors import HilError
from sealine_hil.mosquitto import Mosquitto, free_port
from sealine_hil.phone import WallPhone
from sealine_hil.program import Program

CUSTODIANS = (
    ("investigator", "Lakeside Investigations"),
    ("monitor", "Office of the Independent Monitor"),
    ("court", "Lake County Court"),
)
POLICY = {
    "numbering": {"country": "1", "international": "011", "trunk": "1", "national_length": 10, "area": ""},
    "max_talk_s": 900,
    "ring_timeout_s": 20,
    "protected": [{"code": "777", "number": "18005550177"}],
    "always": [{"code": "911", "number": "12125550911"}],
}
TARIFF = {
    "rate": 60_000,
    "cap": 60_000,
    "cap_source": "47 CFR 64.6010, audio, prisons, interim cap of 2024",
    "payer": "caller",
    "after_end": "refused",
}


@dataclass(frozen=True)
class Person:
    """Somebody in the roster."""

    person: str
    pin: str
    language: str = "en"


@dataclass
class Party:
    """A scripted called party, as gateway/sealine_gateway/loopback.py reads it; times in milliseconds."""

    behaviour: str = "answer"
    ring_ms: int = 300
    accept_ms: int = 300
    hang_up_ms: int = 0
    play: Path | None = None
    record: Path | None = None


@dataclass
class Plan:
    """What a facility is made of."""

    people: list[Person] = field(default_factory=list)
    parties: dict[str, Party] = field(default_factory=dict)
    privileged: list[str] = field(default_factory=list)
    max_age_s: int = bundles.DEFAULT_MAX_AGE_S
    policy: dict[str, Any] = field(default_factory=lambda: dict(POLICY))


class Facility:
    """Made in an empty directory; `start` runs broker, central and gateway, `close` ends all it started."""

    def __init__(self, directory: Path, plan: Plan, *, name: str = "lakeside", gateway: str = "gw-1") -> None:
        self.directory = directory
        self.name = name
        self.gateway_name = gateway
        self.plan = plan
        self.mqtt_port, self.link_port = free_port(), free_port()
        self.phones: list[WallPhone] = []
        self.versions: dict[str, int] = {}
        directory.mkdir(parents=True, exist_ok=True)
        self.authority = Authority.create(directory / "safe", name, secrets.token_hex(16).encode())
        self._make_people()
        self.trust = self._make_trust()
        self._make_central()
        self._make_gateway()
        self._make_broker()
        self.publish_rules()
        self.broker = Mosquitto(directory / "broker", self.mqtt_port)
        log = directory / "logs"
        self.central = Program(
            "sealine-central",
            ["run", "--config", str(self.central_config)],
            log / "central.log",
            ready="broker connected",
        )
        self.gateway = Program(
            "sealine-gateway",
            ["run", "--config", str(self.gateway_config), "--secret-file", str(directory / "office" / "secret")],
            log / "gateway.log",
            port=self.link_port,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Running.

    def start(self) -> None:
        """Broker, central, gateway, each ready before the next."""
        self.broker.start()
        self.central.start()
        self.gateway.start()

    def close(self) -> None:
        """End all that was started, whatever state it is in."""
        for phone in self.phones:
            phone.close()
        for process in (self.gateway, self.central, self.broker):
            process.kill()

    def phone(
        self,
        name: str,
        image: Path,
        *,
        icount: bool = False,
        enrol: bool = True,
        lock: bool = True,
        gateway_port: int | None = None,
    ) -> WallPhone:
        """A running wall phone; enrolled, with the directory key that is sealed to it. Its gateway may be another."""
        phone = WallPhone(name, self.directory / "phones" / name, image, icount=icount)
        self.phones.append(phone)
        phone.start()
        if enrol:
            phone.enrol(self.authority, self.trust, gateway_port or self.link_port, lock=lock)
            self.publish_directory()
        return phone

    def rack(self, names: Sequence[str], image: Path, *, gateway_ports: Sequence[int] = ()) -> list[WallPhone]:
        """Running wall phones, enrolled and not locked, that all have the newest rules."""
        phones = [self.phone(name, image, enrol=False) for name in names]
        for phone, port in zip(phones, gateway_ports or [self.link_port] * len(phones), strict=True):
            phone.enrol(self.authority, self.trust, port, lock=False)
        self.publish_directory()
        for phone in phones:
            self.wait_rules(phone)
        return phones

    def wait_rules(self, phone: WallPhone, *, timeout_s: float = 20.0) -> None:
        """Wait until an unlocked phone has the newest issue of each bundle and is in service."""
        phone.wait_status(
            "bundles", ",".join(f"{kind}:{self.versions[kind]}" for kind in sorted(self.versions)), timeout_s
        )
        phone.board.wait_display("SEALINE")

    # Rules.

    def publish(self, published: Published) -> None:
        """Hand a bundle to central, which publishes it."""
        path = self.directory / "bundles" / f"{published.kind}.bundle"
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_suffix(".new")
        temporary.write_bytes(published.encode())
        temporary.replace(path)
        self.versions[published.kind] = published.version

    def next_version(self, kind: str) -> int:
        """The version after the newest of this kind."""
        return self.versions.get(kind, 0) + 1

    def publish_rules(self) -> None:
        """Trust, no revocations, policy, tariff."""
        self.publish(self.trust)
        self.publish(bundles.revocations(self.authority, version=self.next_version("revocations"), revoked={}))
        self.publish(
            bundles.policy(
                self.signer("policy").identity, self.name, version=self.next_version("policy"), rules=self.plan.policy
            )
        )
        self.publish(
            bundles.tariff(self.signer("tariff").identity, self.name, version=self.next_version("tariff"), rates=TARIFF)
        )

    def publish_directory(self, *, days: float = 30) -> Published:
        """A new issue of the privilege directory, its key sealed to every enrolled terminal."""
        published = bundles.directory(
            self.signer("directory").identity,
            self.name,
            version=self.next_version("directory"),
            numbers=self.plan.privileged,
            plan=POLICY["numbering"],  # type: ignore[arg-type]
            terminals=self.authority.issued("terminal"),
            max_age_s=self.plan.max_age_s,
            days=days,
        )
        self.publish(published)
        return published

    def signer(self, role: str) -> Unit:
        """The owner of a kind of bundle."""
        return Unit.load(self.directory / "signers" / role)

    def custodian(self, class_: str) -> Unit:
        """A custodian by class."""
        return Unit.load(self.directory / "custodians" / class_)

    def requester(self) -> Unit:
        """Who asks for recordings."""
        return Unit.load(self.directory / "requester")

    # Making.

    def _issue(self, directory: Path, role: str, subject: str, *, tls: bool = False, organisation: str = "") -> None:
        unit = Unit.create(directory, role, os.urandom(16), tls=tls)
        challenge = fresh_challenge()
        person = Custodianship(subject, organisation) if organisation else None
        signed = self.authority.issue(
            unit.request(challenge), subject=subject, role=role, challenge=challenge, custodianship=person
        )
        (directory / "credential.cose").write_bytes(signed)
        if tls:
            name = "central" if role == "central" else broker.common_name(self.name, subject)
            (directory / "tls.pem").write_bytes(self.authority.certify_tls((directory / "tls.csr").read_bytes(), name))
            (directory / "ca.pem").write_bytes(self.authority.ca_pem())

    def _make_people(self) -> None:
        for class_, organisation in CUSTODIANS:
            self._issue(self.directory / "custodians" / class_, "custodian", class_, organisation=organisation)
        self._issue(self.directory / "requester", "requester", "prosecutor")
        for role in ("directory", "policy", "tariff"):
            self._issue(self.directory / "signers" / role, role, f"{role}-owner")
        office = self.directory / "office"
        office.mkdir()
        durable.write(office / "billing.key", bytes(PrivateKey.generate()))
        durable.write(office / "secret", secrets.token_hex(32).encode())

    def _make_trust(self) -> Published:
        self._issue(self.directory / "central", "central", "central", tls=True)
        return bundles.trust(
            self.authority,
            version=1,
            centrals=self.authority.issued("central"),
            signers=[signed for role in ("directory", "policy", "tariff") for signed in self.authority.issued(role)],
            custodians=self.authority.issued("custodian"),
            k=2,
            billing_key=bytes(PrivateKey((self.directory / "office" / "billing.key").read_bytes()).public_key),
        )

    def _make_central(self) -> None:
        self.central_config = self.directory / "central.toml"
        self.central_config.write_text(
            _toml(
                {
                    "state_dir": "central",
                    "reserve_mb": 16,
                    "mqtt": {"host": "127.0.0.1", "port": self.mqtt_port},
                    f"facilities.{self.name}": {"root": "safe/root.pub", "bundles": "bundles"},
                }
            )
        )

    def _make_gateway(self) -> None:
        state = self.directory / "gateway"
        self._issue(state, "gateway", self.gateway_name, tls=True)
        Unit.load(state).install(
            self.authority.enrolment((state / "credential.cose").read_bytes(), trust=self.trust.small())
        )
        vault = Vault.create(state, (self.directory / "office" / "secret").read_bytes())
        for person in self.plan.people:
            roster.add_person(vault, person.person, person.pin, person.language)
        self.gateway_config = self.directory / "gateway.toml"
        self.gateway_config.write_text(
            _toml(
                {
                    "facility": self.name,
                    "name": self.gateway_name,
                    "state_dir": "gateway",
                    "listen": f"127.0.0.1:{self.link_port}",
                    "reserve_mb": 16,
                    "mqtt": {"host": "127.0.0.1", "port": self.mqtt_port},
                    "trunk": {"kind": "loopback", "script": "parties.toml"},
                }
            )
        )
        self.write_parties()

    def write_parties(self) -> None:
        """The telephone network's script; a running gateway reads it at its next start."""
        tables: dict[str, Any] = {}
        for number, party in self.plan.parties.items():
            values = {key: value for key, value in vars(party).items() if value is not None}
            for key in ("play", "record"):
                if key in values:
                    values[key] = str(values[key].resolve())
            tables[f"party.{number}"] = values
        (self.directory / "parties.toml").write_text(_toml(tables))

    def admit(self, name: str, access: str) -> Path:
        """A client of the broker's next start: a directory with its certificate, and its own lines in the ACL."""
        directory = self.directory / "clients" / name
        directory.mkdir(parents=True)
        create_tls(directory)
        (directory / "tls.pem").write_bytes(self.authority.certify_tls((directory / "tls.csr").read_bytes(), name))
        (directory / "ca.pem").write_bytes(self.authority.ca_pem())
        with (self.directory / "broker" / "acl").open("a", encoding="utf-8") as file:
            file.write(access)
        return directory

    def _make_broker(self) -> None:
        directory = self.directory / "broker"
        broker.write(directory, ("127.0.0.1", self.mqtt_port), [(self.name, self.gateway_name)])
        pem = self.authority.certify_tls((directory / "broker.csr").read_bytes(), "broker", hosts=("127.0.0.1",))
        (directory / "broker.pem").write_bytes(pem)
        (directory / "ca.pem").write_bytes(self.authority.ca_pem())


def _toml(tables: dict[str, Any]) -> str:
    """TOML of strings, numbers and one level of tables; JSON's strings are TOML's."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in tables.items() if not isinstance(value, dict)]
    for name, table in tables.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    text = "\n".join(lines) + "\n"
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise HilError(f"not TOML: {error}") from error
    return text
