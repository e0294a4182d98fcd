"""Noise_XX_25519_ChaChaPoly_BLAKE2b (Noise revision 34) and its transport with explicit counters (section 11.4)."""

import struct

import sodium
from micropython import const

from wire.errors import WireError

_NAME = b"Noise_XX_25519_ChaChaPoly_BLAKE2b"
_KEY = const(32)
_HASH = const(64)
_BLOCK = const(128)  # of BLAKE2b, for HMAC (RFC 2104)
TAG_BYTES = const(16)
COUNTER_BYTES = const(8)
REPLAY_WINDOW = const(128)
MAX_COUNTER = const(0x3FFFFFFF)  # the largest small integer of a 32-bit MicroPython; a day takes 2^25


class NoiseError(WireError):
    """A handshake or transport message that does not authenticate, or is of the wrong form."""


_INNER = int.from_bytes(b"\x36" * _BLOCK, "big")
_OUTER = int.from_bytes(b"\x5c" * _BLOCK, "big")


def _hmac(key: bytes, data: "bytes | bytearray") -> bytes:
    """HMAC-BLAKE2b; keys here have 64 bytes. The pads are xored as integers and hashed in one call, to be quick."""
    block = int.from_bytes(key + bytes(_BLOCK - len(key)), "big")
    inner = sodium.hash((block ^ _INNER).to_bytes(_BLOCK, "big") + data, _HASH)
    return sodium.hash((block ^ _OUTER).to_bytes(_BLOCK, "big") + inner, _HASH)


def _hkdf(chaining_key: bytes, material: bytes | bytearray) -> tuple[bytes, bytes]:
    secret = _hmac(chaining_key, material)
    first = _hmac(secret, b"\x01")
    return first, _hmac(secret, first + b"\x02")


class _Symmetric:
    """Noise SymmetricState (section 5.2) with the CipherState inside."""

    def __init__(self, prologue: bytes) -> None:
        self.hash = _NAME + bytes(_HASH - len(_NAME))
        self.chaining_key = self.hash
        self._key = None
        self._nonce = bytearray(12)
        self._counter = 0
        self.mix_hash(prologue)

    def mix_hash(self, data: bytes) -> None:
        self.hash = sodium.hash(self.hash + data, _HASH)

    def mix_key(self, material: bytearray) -> None:
        self.chaining_key, key = _hkdf(self.chaining_key, material)
        self._key = key[:_KEY]
        self._counter = 0

    def encrypt_and_hash(self, plain: bytes) -> bytes:
        if self._key is not None:
            plain = sodium.aead_encrypt(self._key, self._next_nonce(), self.hash, plain)
        self.mix_hash(plain)
        return plain

    def decrypt_and_hash(self, sealed: bytes) -> bytes:
        plain = sealed
        if self._key is not None:
            try:
                plain = sodium.aead_decrypt(self._key, self._next_nonce(), self.hash, sealed)
            except (sodium.Error, ValueError):
                raise NoiseError("does not authenticate", "handshake")
        self.mix_hash(sealed)
        return plain

    def _next_nonce(self) -> bytearray:
        struct.pack_into("<Q", self._nonce, 4, self._counter)
        self._counter += 1
        return self._nonce


# what each message carries and which keys are mixed, the initiator's first (section 7.5)
_PATTERN = (("e",), ("e", "ee", "s", "es"), ("s", "se"))


class Handshake:
    """One run of the pattern XX; after a NoiseError it must be thrown away."""

    def __init__(
        self, initiator: bool, static_key: "bytes | bytearray", prologue: bytes, ephemeral_key: bytes | None = None
    ) -> None:
        """`static_key`: the raw X25519 private key. `ephemeral_key` is for published vectors only."""
        self._initiator = initiator
        self._static = static_key
        self._ephemeral = bytearray(_KEY)
        if ephemeral_key is None:
            sodium.random_into(self._ephemeral)
        else:
            self._ephemeral[:] = ephemeral_key
        self._remote_ephemeral = b""
        self.remote_static = b""
        self._symmetric = _Symmetric(prologue)
        self._message = 0

    def hash(self) -> bytes:
        """The handshake hash: the channel binding of section 11.2."""
        return self._symmetric.hash

    def write(self, payload: bytes) -> bytes:
        """Return our next handshake message with `payload` in it."""
        out = b""
        for part in self._parts(True):
            if part == "e":
                public = sodium.scalarmult_base(self._ephemeral)
                self._symmetric.mix_hash(public)
                out += public
            elif part == "s":
                out += self._symmetric.encrypt_and_hash(sodium.scalarmult_base(self._static))
            else:
                self._mix(part)
        return out + self._symmetric.encrypt_and_hash(payload)

    def read(self, message: bytes) -> bytes:
        """Return the payload of the peer's next message. NoiseError if it is short or does not authenticate."""
        rest = message
        for part in self._parts(False):
            if part == "e":
                self._remote_ephemeral = _head(rest, _KEY)
                rest = rest[_KEY:]
                self._symmetric.mix_hash(self._remote_ephemeral)
            elif part == "s":
                self.remote_static = self._symmetric.decrypt_and_hash(_head(rest, _KEY + TAG_BYTES))
                rest = rest[_KEY + TAG_BYTES :]
            else:
                self._mix(part)
        return self._symmetric.decrypt_and_hash(rest)

    def split(self) -> "Transport":
        """Return the transport of the finished handshake, and forget the handshake's keys."""
        if self._message != len(_PATTERN):
            raise NoiseError("not finished", "handshake")
        first, second = _hkdf(self._symmetric.chaining_key, b"")
        self.wipe()
        if self._initiator:
            return Transport(first[:_KEY], second[:_KEY])
        return Transport(second[:_KEY], first[:_KEY])

    def wipe(self) -> None:
        """Destroy the ephemeral key: without it the session cannot be opened later."""
        sodium.memzero(self._ephemeral)

    def _parts(self, ours: bool) -> tuple[str, ...]:
        if self._message == len(_PATTERN) or ours != (self._initiator == (self._message % 2 == 0)):
            raise NoiseError("out of turn", "handshake")
        self._message += 1
        return _PATTERN[self._message - 1]

    def _mix(self, pair: str) -> None:
        mine, theirs = (pair[0], pair[1]) if self._initiator else (pair[1], pair[0])
        private = self._ephemeral if mine == "e" else self._static
        public = self._remote_ephemeral if theirs == "e" else self.remote_static
        try:
            shared = sodium.scalarmult(private, public)
        except sodium.Error:  # an all-zero result: a low-order point (RFC 7748 section 6.1)
            raise NoiseError("key of low order", "handshake")
        self._symmetric.mix_key(shared)
        sodium.memzero(shared)


def _head(data: bytes, count: int) -> bytes:
    if len(data) < count:
        raise NoiseError("message too short", "handshake")
    return data[:count]


class ReplayWindow:
    """Which of the newest REPLAY_WINDOW counters were seen. Moves only when told that one was authentic."""

    def __init__(self) -> None:
        self._highest = -1
        self._seen = bytearray(REPLAY_WINDOW)

    def is_fresh(self, counter: int) -> bool:
        """Return False for a counter that was accepted before or lies behind the window."""
        age = self._highest - counter
        return age < 0 or (age < REPLAY_WINDOW and not self._seen[counter % REPLAY_WINDOW])

    def accept(self, counter: int) -> None:
        """Mark an authenticated counter."""
        if counter > self._highest:
            passed = min(counter - self._highest, REPLAY_WINDOW)
            while passed > 1:  # those between were not seen
                passed -= 1
                self._seen[(counter - passed) % REPLAY_WINDOW] = 0
            self._highest = counter
        self._seen[counter % REPLAY_WINDOW] = 1


class Transport:
    """Both directions after the handshake, in place: nothing is allocated for a message."""

    def __init__(self, send_key: bytes, receive_key: bytes) -> None:
        self._send_key = bytearray(send_key)
        self._receive_key = bytearray(receive_key)
        self._nonce = bytearray(12)
        self._counter = 0
        self._window = ReplayWindow()

    def exhausted(self) -> bool:
        """True when no counter is left: only a new handshake helps."""
        return self._counter > MAX_COUNTER

    def seal(self, frame: bytearray, offset: int, plain: "bytearray | memoryview", sealed: memoryview) -> None:
        """Write the counter to frame[offset:offset + 8] and the ciphertext of `plain` to `sealed`, 16 bytes longer.

        `plain` and `sealed` may begin at the same place. Each call takes a fresh counter.
        """
        if self.exhausted():
            raise NoiseError("counters are used up", "transport")
        struct.pack_into(">Q", frame, offset, self._counter)
        struct.pack_into("<Q", self._nonce, 4, self._counter)
        self._counter += 1
        sodium.aead_encrypt_into(sealed, self._send_key, self._nonce, b"", plain)

    def open(self, frame: bytearray, offset: int, sealed: memoryview, plain: memoryview) -> None:
        """Undo `seal`. NoiseError, and no change of state, if it is forged, replayed or behind the window."""
        if frame[offset] | frame[offset + 1] | frame[offset + 2] | frame[offset + 3] or frame[offset + 4] > 0x3F:
            raise NoiseError("counter out of range", "transport")
        counter = struct.unpack_from(">I", frame, offset + 4)[0]
        if not self._window.is_fresh(counter):
            raise NoiseError("replayed, or behind the window", "transport")
        struct.pack_into("<Q", self._nonce, 4, counter)
        try:
            sodium.aead_decrypt_into(plain, self._receive_key, self._nonce, b"", sealed)
        except sodium.Error:
            raise NoiseError("does not authenticate", "transport")
        self._window.accept(counter)

    def wipe(self) -> None:
        """Destroy both keys."""
        sodium.memzero(self._send_key)
        sodium.memzero(self._receive_key)
