"""Who this terminal is: keys that are born here and never leave, and the enrolment that names them.

States: blank (no keys), born (keys, not enrolled), enrolled, locked (the console has no REPL any more).
"""

import sodium
from wire import codec, cose, credential
from wire.errors import WireError
from wire.hashes import blake2b256, key_id

from store import IdentityError
from store.files import Folder
from store.vault import Vault

_ENROLMENT = "enrolment"
_LOCK = "locked"


class Identity:
    """Identity and link key of the terminal; public facts are attributes once the state says they exist."""

    def __init__(self, folder: Folder, vault: Vault) -> None:
        """Load what is there. A damaged enrolment counts as none."""
        self._folder = folder
        self._vault = vault
        self._sign_secret = bytearray(64)
        self.link_secret = bytearray(32)
        self.public_key = b""
        self.link_public = b""
        self.key_id = b""
        self._forget_enrolment()
        keys = vault.read()
        if keys is not None:
            self._take(keys)
            self._load_enrolment()

    # ------------------------------------------------------------ life

    def state(self) -> str:
        """Return blank, born, enrolled or locked."""
        if not self.public_key:
            return "blank"
        if not self.chain:
            return "born"
        return "locked" if self._folder.read(_LOCK) is not None else "enrolled"

    def create(self) -> None:
        """Make the keys on this device; nothing happens if they exist."""
        if self.public_key:
            return
        keys = bytearray(64)
        sodium.random_into(keys)
        try:
            self._vault.write(keys)
        finally:
            self._take(keys)

    def request(self, challenge: bytes, hardware_id: bytes, firmware: dict) -> bytes:
        """Return the signed signing request for these keys."""
        payload = codec.encode(
            "signing-request",
            {
                "challenge": challenge,
                "identity_key": self.public_key,
                "link_key": self.link_public,
                "role": "terminal",
                "hardware_id": hardware_id,
                "firmware": firmware,
            },
        )
        return self.sign("signing-request", payload)

    def adopt(self, enrolment: dict) -> None:
        """Check the credential against its own root and be that unit until the next start; `install` makes it last."""
        chain = [enrolment["credential"]] + enrolment["issuers"]
        claims = codec.decode("credential", cose.parse(chain[0])[2])
        own = credential.verify_chain(
            chain, enrolment["root_key"], role="terminal", facility=claims["facility"], at=claims["nbf"], revoked={}
        )
        if own.identity_key != self.public_key or own.link_key != self.link_public:
            raise IdentityError("enrolment.credential: for other keys")
        self.chain = chain
        self.root_key = enrolment["root_key"]
        self.name = own.sub
        self.facility = own.facility
        self.expires = own.exp
        self.genesis = blake2b256(chain[0])
        self.gateway = enrolment["gateway"]

    def install(self, enrolment: dict) -> None:
        """Become the unit that the enrolment names: one atomic step, after trust bundle, floors and time are kept."""
        self.adopt(enrolment)
        self._folder.write(_ENROLMENT, codec.encode("enrolment", enrolment))

    def lock(self) -> None:
        """Close the console for good; only a factory reset opens it."""
        if not self.chain:
            raise IdentityError("identity: not enrolled")
        self._folder.write(_LOCK, b"1")

    def factory_reset(self) -> None:
        """Destroy the keys first, in flash and in memory, then the enrolment and the lock."""
        self._vault.destroy()
        sodium.memzero(self._sign_secret)
        sodium.memzero(self.link_secret)
        self.public_key = self.link_public = self.key_id = b""
        self._folder.remove(_ENROLMENT)
        self._folder.remove(_LOCK)
        self._forget_enrolment()

    # ------------------------------------------------------------ use

    def signature(self, content: str, payload: bytes) -> bytes:
        """Return the 64-byte signature of a COSE_Sign1 with this content and payload."""
        if not self.public_key:
            raise IdentityError("identity: no keys")
        return sodium.sign(self._sign_secret, cose.tbs(content, self.key_id, payload))

    def sign(self, content: str, payload: bytes) -> bytes:
        """Return the signed object."""
        return cose.assemble(content, self.key_id, payload, self.signature(content, payload))

    def unseal(self, sealed: bytes) -> bytearray:
        """Open what was sealed (crypto_box_seal) to the link key."""
        try:
            return sodium.seal_open(self.link_public, self.link_secret, sealed)
        except sodium.Error:
            raise IdentityError("identity: not sealed to this terminal")

    # ------------------------------------------------------------ inside

    def _take(self, keys: bytearray) -> None:
        public, secret = sodium.sign_keypair(memoryview(keys)[:32])
        self._sign_secret[:] = secret
        self.link_secret[:] = memoryview(keys)[32:]
        self.public_key = bytes(public)
        self.link_public = bytes(sodium.scalarmult_base(self.link_secret))
        self.key_id = key_id(self.public_key)
        sodium.memzero(keys)
        if isinstance(secret, bytearray):
            sodium.memzero(secret)

    def _load_enrolment(self) -> None:
        raw = self._folder.read(_ENROLMENT)
        if raw is None:
            return
        try:
            self.adopt(codec.decode("enrolment", raw))
        except (WireError, IdentityError):
            self._forget_enrolment()

    def _forget_enrolment(self) -> None:
        self.chain: list[bytes] = []
        self.root_key = self.genesis = b""
        self.name = self.facility = self.gateway = ""
        self.expires = 0
