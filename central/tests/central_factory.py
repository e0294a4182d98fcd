"""What the tests of central share: a facility's keys and bundles, terminals that sign, a central without a network."""

import hashlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.signing import SigningKey
from sealine_central.answers import Answers
from sealine_central.facilities import FacilityBook
from sealine_central.ingest import Incoming, Ingest
from sealine_central.metrics import Metrics
from sealine_central.recordings import Recordings
from sealine_central.store import Store
from sealine_protocol import bundle, codec, cose, credential, recording, shamir
from sealine_protocol.hashes import (
    blake2b256,
    directory_key_check,
    key_commitment,
    key_id,
    number_token,
    person_token,
    share_hash,
)
from sealine_protocol.unit import Unit

FACILITY, GATEWAY = "north", "gw-1"
NOW_S = int(time.time())
PERSON, NUMBER, PIN = "471100815", "12025550123", "135790"


class Keys:
    """The two keys of a unit that has no directory."""

    def __init__(self) -> None:
        self.identity = SigningKey.generate()
        self.link = PrivateKey.generate()

    @property
    def key_id(self) -> bytes:
        return key_id(bytes(self.identity.verify_key))


@dataclass
class Site:
    """A facility's root, its custodians (2 of 3), and a terminal's neighbours."""

    directory: Path
    facility: str = FACILITY
    root: SigningKey = field(default_factory=SigningKey.generate)
    billing: PrivateKey = field(default_factory=PrivateKey.generate)
    log_key: SigningKey = field(default_factory=SigningKey.generate)
    custodians: list[Unit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.bundles = self.directory / "bundles"
        self.bundles.mkdir()
        (self.directory / "root.pub").write_bytes(bytes(self.root.verify_key))
        self.custodians = [Unit.create(self.directory / f"custodian-{i}", "custodian", bytes(8)) for i in range(3)]
        self.central_credential = self.issue("central", "central", self.log_key.verify_key, PrivateKey.generate())
        self.publish_trust()

    def issue(self, role: str, name: str, identity: Any, link: Any, **changes: Any) -> bytes:
        values = {"iat": NOW_S - 300, "exp": NOW_S + 86_400, "signer": self.root} | changes
        facility = values.pop("facility", self.facility)
        return credential.issue(
            name, facility, role, bytes(identity), bytes(getattr(link, "public_key", link)), **values
        )

    def publish_trust(
        self, version: int = 1, issuers: tuple[bytes, ...] = (), signers: tuple[bytes, ...] = ()
    ) -> bytes:
        credentials = [
            self.issue(
                "custodian", f"c-{i}", unit.identity_key, unit.link_key, class_="monitor", organisation=f"office {i}"
            )
            for i, unit in enumerate(self.custodians)
        ]
        body = codec.encode(
            "trust-body",
            {
                "facility": self.facility,
                "root_key": bytes(self.root.verify_key),
                "issuers": list(issuers),
                "centrals": [self.central_credential],
                "signers": list(signers),
                "custodians": {"k": 2, "n": 3, "credentials": credentials},
                "billing_key": bytes(self.billing.public_key),
            },
        )
        return self.publish("trust", version, body)

    def publish(self, kind: str, version: int, body: bytes, signer: SigningKey | None = None, **changes: Any) -> bytes:
        """Write a bundle to the bundles directory; returns its bytes."""
        keys = changes.pop("keys", [])
        directory = (
            {"entries": len(body) // 8, "max_age_s": 3600, "key_check": directory_key_check(bytes(32))}
            if kind == "directory"
            else None
        )
        values = {"facility": self.facility, "issued": NOW_S - 10, "expires": NOW_S + 3600} | changes
        header = bundle.make_header(
            kind, version=version, body=body, signer=signer or self.root, directory=directory, **values
        )
        data = codec.encode("published-bundle", {"header": header, "body": body, "keys": keys})
        (self.bundles / f"{kind}.bundle").write_bytes(data)
        return data

    def revoke(self, keys: dict[bytes, int], version: int = 1) -> None:
        rows = [{"key_id": kid, "since": keys[kid]} for kid in sorted(keys)]
        self.publish("revocations", version, codec.encode("revocations-body", {"facility": FACILITY, "revoked": rows}))

    def enrolment(self, unit: Unit, role: str, name: str) -> bytes:
        """As the authority writes it for a unit with a directory."""
        published = codec.decode("published-bundle", (self.bundles / "trust.bundle").read_bytes())
        return codec.encode(
            "enrolment",
            {
                "root_key": bytes(self.root.verify_key),
                "credential": self.issue(role, name, unit.identity_key, unit.link_key),
                "issuers": [],
                "trust": {"header": published["header"], "body": published["body"]},
                "time": NOW_S * 1000,
                "floors": {},
                "gateway": "",
            },
        )

    def requester(self, name: str = "prosecutor") -> Unit:
        unit = Unit.create(self.directory / name, "requester", bytes(8))
        unit.install(self.enrolment(unit, "requester", name))
        return unit


@dataclass
class Call:
    """One call as a terminal signs it: the upload's parts, and the sealed chunks of its recording."""

    fields: dict[str, Any]
    signed: bytes
    envelopes: list[bytes]
    chunks: list[bytes]
    chain: list[bytes]

    @property
    def hash(self) -> bytes:
        return blake2b256(self.signed)

    @property
    def id(self) -> bytes:
        return bytes(self.fields["id"])

    def upload(self, **changes: Any) -> bytes:
        fields = {"type": "record", "record": self.signed, "envelopes": self.envelopes, "credentials": self.chain}
        return codec.encode("upload", fields | changes)

    def chunk(self, index: int, data: bytes | None = None) -> bytes:
        fields = {"record": self.id, "index": index, "data": self.chunks[index] if data is None else data}
        return codec.encode("upload-chunk", fields)

    def all_chunks(self) -> bytes:
        return b"".join(self.chunk(index) for index in range(len(self.chunks)))


class Terminal:
    """Signs records on one chain."""

    def __init__(self, site: Site, name: str = "phone-1", **changes: Any) -> None:
        self.site, self.name, self.keys = site, name, Keys()
        role = changes.pop("role", "terminal")
        issuers = changes.pop("issuers", [])
        identity = self.keys.identity.verify_key
        self.chain = [site.issue(role, name, identity, self.keys.link, **changes), *issuers]
        self.seq, self.prev = 0, blake2b256(self.chain[0])
        self.token_key = os.urandom(32)

    def call(self, seconds: int = 0, **changes: Any) -> Call:
        """The next call of the chain, recorded for so many seconds; `changes` are of the record's fields."""
        record_id = changes.get("id", os.urandom(16))
        envelopes = {("person", 0): self._seal("person", record_id, PERSON)}
        envelopes["number", 0] = self._seal("number", record_id, NUMBER)
        facts, chunks = None, []
        if seconds:
            facts, chunks = self._record(record_id, seconds, envelopes, changes.pop("state", "complete"))
        at = (NOW_S - 60) * 1000
        fields = {
            "version": 1,
            "kind": "call",
            "id": record_id,
            "terminal": self.name,
            "facility": self.site.facility,
            "seq": self.seq,
            "prev": self.prev,
            "anchor": self.prev,
            "started": at,
            "answered": at + 2000,
            "accepted_at": at + 4000,
            "ended": at + 30_000,
            "talk_ms": 26_000,
            "clock": {"source": "beacon", "age": 1000},
            "end_reason": "caller-hangup",
            "person_token": person_token(self.token_key, PERSON),
            "number_token": number_token(self.token_key, NUMBER),
            "envelopes": [
                {"kind": kind, "index": index, "hash": blake2b256(data)} for (kind, index), data in envelopes.items()
            ],
            "privileged": "none",
            "directory": None,
            "policy": None,
            "trust": {"version": 1, "hash": bytes(32)},
            "notice": [],
            "tariff": None,
            "charge": {"minutes": 0, "amount": 0, "refunded": 0},
            "recording": facts,
            "firmware": {"version": "test", "hash": bytes(32)},
        }
        fields |= changes
        call = Call(fields, self.sign("record", fields), list(envelopes.values()), chunks, self.chain)
        if "seq" not in changes:
            self.seq, self.prev = self.seq + 1, call.hash
        return call

    def tally(self, head: dict[str, Any] | None, day: int = NOW_S // 86_400, **changes: Any) -> bytes:
        """An `upload-tally`."""
        health = dict.fromkeys(("resets", "journal", "quarantined", "frames_lost"), 0)
        fields = {
            "version": 1,
            "terminal": self.name,
            "facility": self.site.facility,
            "day": day,
            "head": head,
            "health": health,
            "protected": 2,
        }
        signed = self.sign("tally", fields | changes)
        return codec.encode("upload", {"type": "tally", "tally": signed, "credentials": self.chain})

    def beacon(self, nonce: bytes = bytes(16)) -> bytes:
        return codec.encode("upload", {"type": "beacon", "nonce": nonce, "terminal": self.keys.key_id})

    def sign(self, content: str, fields: dict[str, Any]) -> bytes:
        return cose.sign(content, codec.encode(content, fields), self.keys.identity)

    def _seal(self, kind: str, record_id: bytes, value: str) -> bytes:
        secret = {"label": f"sealine {kind}", "record": record_id, kind: value}
        return SealedBox(self.site.billing.public_key).encrypt(codec.encode(f"{kind}-secret", secret))

    def _record(
        self, record_id: bytes, seconds: int, envelopes: dict[Any, bytes], state: str
    ) -> tuple[dict[str, Any], list[bytes]]:
        key = os.urandom(32)
        readers = []
        for index, (unit, share) in enumerate(zip(self.site.custodians, shamir.split(key, 2, 3), strict=True), start=1):
            secret = {
                "label": "sealine share",
                "record": record_id,
                "terminal": self.keys.key_id,
                "k": 2,
                "n": 3,
                "index": index,
                "share": share[1:],
            }
            envelopes["share", index] = SealedBox(PublicKey(unit.link_key)).encrypt(
                codec.encode("share-secret", secret)
            )
            readers.append(
                {
                    "class": "monitor",
                    "organisation": f"office {index - 1}",
                    "key_id": unit.key_id,
                    "share_hash": share_hash(record_id, index, share[1:]),
                }
            )
        chunks = [
            recording.seal_chunk(key, record_id, i, samples(i), final=state == "complete" and i == seconds - 1)
            for i in range(seconds)
        ]
        facts = {
            "state": state,
            "codec": "pcmu",
            "legs": 2,
            "chunks": seconds,
            "bytes": sum(map(len, chunks)),
            "digest": recording.digest(map(recording.chunk_hash, chunks)),
            "k": 2,
            "n": 3,
            "readers": readers,
            "key_commitment": key_commitment(record_id, key),
            "checkpoint": None,
        }
        return facts, chunks


def samples(index: int) -> bytes:
    """A second of two legs that can be told apart from any other second."""
    return hashlib.shake_256(b"second %d" % index).digest(16_000)


class Desk:
    """Central without a network."""

    def __init__(self, site: Site, *others: Site, reserve_bytes: int = 0) -> None:
        self.site = site
        self.state = site.directory / "state"
        self.books = {
            each.facility: FacilityBook(each.facility, each.directory / "root.pub", each.bundles)
            for each in (site, *others)
        }
        for book in self.books.values():
            book.refresh()
        self.reserve_bytes = reserve_bytes
        self.open()

    def open(self) -> None:
        """As after a restart."""
        self.store = Store(self.state)
        self.answers = Answers(self.site.log_key)
        self.metrics = Metrics()
        self.recordings = Recordings(self.state, self.reserve_bytes)
        self.ingest = Ingest(self.store, self.recordings, self.books, self.answers, self.metrics)

    def send(
        self, *payloads: bytes, leaf: str = "records", facility: str = FACILITY, gateway: str = GATEWAY
    ) -> list[dict[str, Any]]:
        """Deliver messages as one batch; the answers."""
        batch = [Incoming(f"sealine/1/{facility}/{gateway}/{leaf}", payload) for payload in payloads]
        found: list[dict[str, Any]] = []
        for reply in self.ingest.process(batch):
            found += codec.load_sequence(reply.payload, "answer", 10_000)
        return found

    def word(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The verified statement of an answer."""
        signed = cose.parse(answer["statement"])
        fields: dict[str, Any] = codec.decode(
            signed.content, cose.verify(signed, bytes(self.site.log_key.verify_key), signed.content)
        )
        return fields

    def count(self, table: str) -> int:
        return int(self.store.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
