"""A throw-away authority for tests: root, issuers, units, trust bundles, directories."""

import sodium
from wire import codec, cose
from wire.hashes import blake2b256, directory_entry, directory_key_check, key_id

FACILITY = "test"
NOW = 1_700_000_000  # unix s
DAY = 86_400


class Key:
    """An Ed25519 key and an X25519 key made from one byte."""

    def __init__(self, seed):
        self.public, self.secret = sodium.sign_keypair(bytes([seed]) * 32)
        self.link_secret = bytes([seed ^ 0x80]) * 32
        self.link = sodium.scalarmult_base(self.link_secret)
        self.id = key_id(self.public)

    def sign(self, content, payload):
        return cose.sign(content, payload, self.secret, self.id)


ROOT = Key(1)
CENTRAL = Key(2)
DIRECTORY = Key(3)
POLICY = Key(4)
TARIFF = Key(5)
CUSTODIANS = [Key(10), Key(11), Key(12)]
BILLING = Key(20)
DIRECTORY_KEY = b"k" * 32


def credential(key, role, sub=None, signer=ROOT, expires=NOW + 400 * DAY, **extra):
    claims = {
        "sub": sub or role,
        "exp": extra.pop("exp", expires),
        "nbf": NOW - DAY,
        "iat": NOW - DAY,
        "cnf": {"cose_key": {"kty": 1, "crv": 6, "x": key.public}},
        "facility": extra.pop("facility", FACILITY),
        "role": role,
        "link_key": extra.pop("link_key", key.link),
    }
    claims.update(extra)
    return signer.sign("credential", codec.encode("credential", claims))


def custodian(place, **extra):
    claims = {"class": "class-%d" % place, "organisation": "organisation-%d" % place}
    claims.update(extra)
    return credential(CUSTODIANS[place], "custodian", "custodian-%d" % place, **claims)


def trust_body(custodians=None, k=2, n=None, **changes):
    custodians = [custodian(place) for place in range(3)] if custodians is None else custodians
    body = {
        "facility": FACILITY,
        "root_key": ROOT.public,
        "issuers": [],
        "centrals": [credential(CENTRAL, "central")],
        "signers": [credential(DIRECTORY, "directory"), credential(POLICY, "policy"), credential(TARIFF, "tariff")],
        "custodians": {"k": k, "n": len(custodians) if n is None else n, "credentials": custodians},
        "billing_key": BILLING.link,
    }
    body.update(changes)
    return codec.encode("trust-body", body)


def header(kind, version, body, signer=ROOT, **changes):
    fields = {
        "kind": kind,
        "facility": FACILITY,
        "version": version,
        "issued": NOW,
        "expires": NOW + 30 * DAY,
        "length": len(body),
        "hash": blake2b256(body),
    }
    fields.update(changes)
    return signer.sign("bundle", codec.encode("bundle-header", fields))


def directory_body(numbers):
    return b"".join(sorted({directory_entry(DIRECTORY_KEY, number) for number in numbers}))


def directory_header(version, body, max_age_s=72 * 3600, signer=DIRECTORY, **changes):
    entries = {
        "entries": len(body) // 8,
        "max_age_s": max_age_s,
        "key_check": directory_key_check(DIRECTORY_KEY),
    }
    return header("directory", version, body, signer, directory=entries, **changes)


def directory_key(version, terminal, key=DIRECTORY_KEY):
    return {"version": version, "terminal": terminal.key_id, "sealed": sodium.seal(terminal.link_public, key)}


def enrolment(terminal, root=ROOT, trust=None, **changes):
    """What a terminal (store.identity.Identity) is given."""

    class Unit:
        public = terminal.public_key
        link = terminal.link_public

    body = trust or trust_body()
    fields = {
        "root_key": root.public,
        "credential": credential(Unit, "terminal", "phone-1", signer=root),
        "issuers": [],
        "trust": {"header": header("trust", 1, body), "body": body},
        "time": NOW * 1000,
        "floors": {"trust": 1},
        "gateway": "127.0.0.1:4000",
    }
    fields.update(changes)
    return fields


class Ticks:
    """A monotonic counter that the test turns."""

    def __init__(self):
        self.ms = 1000

    def __call__(self):
        return self.ms


class Terminal:
    """The store of a terminal on a littlefs and a vault: as the boot sets it up."""

    def __init__(self, vault_flash, ticks=None, path=None):
        from littlefs import MOUNT
        from store.bundle import Bundles
        from store.clock import Clock
        from store.files import Folder
        from store.identity import Identity
        from store.trust import Trust
        from store.vault import Vault

        self.ticks = ticks or Ticks()
        path = path or MOUNT
        folder = Folder(path)
        self.identity = Identity(folder, Vault(vault_flash, 0))
        self.clock = Clock(folder, self.ticks)
        self.trust = Trust(self.identity, self.clock)
        self.bundles = Bundles(Folder(path + "/bundles"), self.identity, self.clock, self.trust)
        self.bundles.mount()

    def enrol(self, trust=None):
        self.identity.create()
        fields = enrolment(self.identity, trust=trust)
        self.identity.adopt(fields)
        self.clock.enrolled(fields["time"])
        self.bundles.enrolled(fields["floors"])
        self.bundles.install(fields["trust"])
        self.identity.install(fields)

    def install(self, header, body, key=None, part=4096):
        writer = self.bundles.begin(header, key)
        for at in range(0, len(body), part):
            writer.write(body[at : at + part])
        return writer.commit()

    def install_directory(self, version, numbers, **changes):
        body = directory_body(numbers)
        return self.install(directory_header(version, body, **changes), body, directory_key(version, self.identity))

    def beacon(self, versions, time_s=NOW):
        nonce = self.clock.ask()
        self.clock.beacon({"nonce": nonce, "time": time_s * 1000, "newest": versions}, b"b" * 32)
