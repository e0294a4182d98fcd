"""The trust bundle and the revocation list as a checked view: who is believed for what, at the clock's floor."""

from micropython import const
from wire import cbor, codec, cose, credential
from wire.errors import WireError
from wire.hashes import key_id

from store import TrustError
from store.clock import Clock
from store.identity import Identity

_MAX_REVOKED = const(700)  # CDDL revocations-body
_OWNED_KINDS = ("directory", "policy", "tariff", "firmware")


class Revocations:
    """Revoked keys, read in the body itself: hundreds of them would not fit the heap as objects."""

    def __init__(self, body: bytes, facility: str) -> None:
        """Check a body of rule `revocations-body` as strictly as the codec does, and its order; WireError."""
        self._reader = reader = cbor.Reader(body)
        if reader.head() != cbor.MAP or reader.arg != 2:
            raise WireError("wrong type", "revocations-body")
        if reader.integer() != 0 or reader.head() != cbor.TEXT or reader.take() != facility.encode():
            raise WireError("another facility", "revocations-body.facility")
        if reader.integer() != 1 or reader.head() != cbor.ARRAY or reader.arg > _MAX_REVOKED:
            raise WireError("wrong type", "revocations-body.revoked")
        self._count = reader.arg
        self._at = reader.at
        last = b""
        for _ in range(self._count):
            key, _ = self._entry()
            if bytes(key) <= last:
                raise WireError("wrong order or twice the same", "revocations-body.revoked")
            last = bytes(key)
        reader.done()

    def get(self, key: bytes, default: int | None = None) -> int | None:
        """Return the unix second since which a key id is revoked, `default` if it is not."""
        self._reader.at = self._at
        for _ in range(self._count):
            found, since = self._entry()
            if found == key:
                return since
        return default

    def _entry(self) -> tuple[memoryview, int]:
        reader = self._reader
        if reader.head() != cbor.ARRAY or reader.arg != 2 or reader.head() != cbor.BYTES or reader.arg != 16:
            raise WireError("wrong type", "revocations-body.revoked")
        key = reader.take()
        if reader.head() != cbor.UINT:
            raise WireError("wrong type", "revocations-body.revoked.since")
        return key, reader.arg


class Trust:
    """What the installed trust bundle and revocations say. Empty until `adopt`."""

    def __init__(self, identity: Identity, clock: Clock) -> None:
        """Judge with the identity's root and facility, at the clock's floor."""
        self._identity = identity
        self._clock = clock
        self._body: dict | None = None
        self._judged: dict[bytes, credential.Credential] = {}  # key id -> credential whose chain held once
        self.revoked: Revocations | dict = {}
        self.ref: dict | None = None  # bundle-ref of the installed trust bundle
        self.version = 0
        self.expires = 0

    def adopt(self, body: bytes, ref: dict, expires: int) -> None:
        """Take a trust body whose header and hash held; WireError or TrustError leave the old one."""
        self._body = self.read(body)
        self._judged = {}
        self.ref = ref
        self.version = ref["version"]
        self.expires = expires

    def read(self, body: bytes) -> dict:
        """Return a trust body's fields if they are of our root and facility."""
        fields = codec.decode("trust-body", body)
        if fields["facility"] != self._identity.facility or fields["root_key"] != self._identity.root_key:
            raise TrustError("trust-body: of another facility or root")
        return fields

    def revoke(self, body: bytes) -> None:
        """Take a revocations body whose header and hash held."""
        self.revoked = Revocations(body, self._identity.facility)

    # ------------------------------------------------------------ who is believed

    def judge(self, chain: list[bytes], role: str) -> credential.Credential:
        """Return the checked credential of a peer that showed its chain; raises what wire.credential raises."""
        identity = self._identity
        return credential.verify_chain(
            chain,
            identity.root_key,
            role=role,
            facility=identity.facility,
            at=self._now(),
            revoked=self.revoked,  # pyright: ignore[reportArgumentType]  # only its get() is used
        )

    def central(self, kid: bytes) -> bytes:
        """Return the public key of the central with this key id; TrustError if it is not believed now."""
        return self._holder(self._fields()["centrals"], "central", kid).identity_key

    def signer(self, kind: str, kid: bytes) -> bytes:
        """Return the public key that may sign bundles of this kind under this key id; TrustError if none may."""
        root = self._identity.root_key
        if kind in ("trust", "revocations") and kid == key_id(root):
            return root
        if kind == "revocations":
            return self._holder(self._fields()["issuers"], "issuer", kid).identity_key
        if kind in _OWNED_KINDS:
            return self._holder(self._fields()["signers"], kind, kid).identity_key
        raise TrustError("bundle: signed by a key that may not")

    def billing_key(self) -> bytes:
        """Return the X25519 key to which person and number are sealed."""
        return self._fields()["billing_key"]

    def custodians(self) -> tuple[int, int, list[credential.Credential]]:
        """Return k, n and the custodians' credentials; TrustError names why no content key may be made for them."""
        fields = self._fields()["custodians"]
        k, n = fields["k"], fields["n"]
        if k < 2 or n < k or n != len(fields["credentials"]):
            raise TrustError("custodians: k or n does not hold")
        holders = [self._checked(data, "custodian") for data in fields["credentials"]]
        for what in (
            [holder.key_id for holder in holders],
            [holder.link_key for holder in holders],
            [holder.organisation for holder in holders],
        ):
            if len(set(what)) != n:
                raise TrustError("custodians: two keys or organisations are equal")
        for holder in holders:
            if not holder.class_ or not holder.organisation:
                raise TrustError("custodians: class or organisation is missing")
        return k, n, holders

    def is_stale(self) -> bool:
        """Whether there is no trust bundle, or it has expired, or a beacon named what is newer."""
        if self._body is None or self._now() >= self.expires:
            return True
        return self._clock.newest("trust") > self.version

    # ------------------------------------------------------------ inside

    def _now(self) -> int:
        return self._clock.floor_ms() // 1000

    def _fields(self) -> dict:
        if self._body is None:
            raise TrustError("trust: no bundle is installed")
        return self._body

    def _holder(self, credentials: list[bytes], role: str, kid: bytes) -> credential.Credential:
        for data in credentials:
            claims = codec.decode("credential", cose.parse(data)[2])
            if claims["role"] == role and key_id(claims["cnf"]["cose_key"]["x"]) == kid:
                return self._checked(data, role)
        raise TrustError("trust: that key may not do this")

    def _checked(self, data: bytes, role: str) -> credential.Credential:
        """Check a credential that the root itself signed; the signature once, time and revocation at each use."""
        now = self._now()
        place = bytes(data[-64:])
        holder = self._judged.get(place)
        if holder is None:
            try:
                holder = self.judge([data], role)
            except WireError:
                raise TrustError("trust: a credential does not hold")
            self._judged[place] = holder
        since = self.revoked.get(holder.key_id)
        if holder.role != role or not holder.nbf <= now < holder.exp or (since is not None and since <= now):
            raise TrustError("trust: a credential is expired, revoked, or of another role")
        return holder
