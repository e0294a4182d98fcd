"""Who may call: persons and their PINs, checked with Argon2id, guesses slowed down per person and per terminal."""

import asyncio
import dataclasses
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import nacl.exceptions
import nacl.pwhash.argon2id as argon2
import nacl.utils
from sealine_protocol import log

from sealine_gateway.errors import StorageError, VaultError
from sealine_gateway.lockouts import Lockouts
from sealine_gateway.vault import Person, Vault

FREE_TRIES: Final = 3  # slips of the finger cost nothing
FIRST_WAIT_S: Final = 30
MAX_WAIT_S: Final = 900  # the way back: nobody can keep another person out for longer than this by guessing
TERMINAL_FREE_TRIES: Final = 10  # a phone is shared by many persons
FORGET_S: Final = 3600.0  # one failure is forgotten each time this has passed
TERMINAL_FORGET_S: Final = 600.0  # as well: the slips of many persons over a day do not add up
STRANGERS: Final = 1024  # counts that the persons who do not exist share, so that they take no more memory than this
MAX_TRACKED: Final = 4096  # beyond it, counts that have come down to nothing are dropped
MAX_CHECKS: Final = 2  # Argon2id takes 64 MB each while it runs
DEFAULT_LANGUAGE: Final = "en"
LANGUAGES: Final = ("en", "es")
# libsodium's INTERACTIVE limits: 64 MB, some 60 ms. What protects a short PIN is the lock-out and the vault.
_LIMITS: Final = {"opslimit": argon2.OPSLIMIT_INTERACTIVE, "memlimit": argon2.MEMLIMIT_INTERACTIVE}


@dataclass(frozen=True)
class PinResult:
    """Outcome of a check: `wait_s` is how long the next try has to wait."""

    ok: bool
    language: str
    wait_s: int


@dataclass
class _Guesses:
    failures: int = 0
    until: float = 0.0
    counted: float = 0.0  # up to when failures were forgotten


class _Slowdown:
    """Counts failures under a key; from `free` failures on, each doubles the wait up to MAX_WAIT_S."""

    def __init__(self, free: int, forget_s: float, clock: Callable[[], float]) -> None:
        self._free = free
        self._forget_s = forget_s
        self._clock = clock
        self._guesses: dict[object, _Guesses] = {}

    def wait_s(self, key: object) -> int:
        """Seconds until the next try is looked at; 0 for now."""
        guesses = self._guesses.get(key)
        return 0 if guesses is None else max(0, -int(-(guesses.until - self._clock()) // 1))

    def failed(self, key: object) -> tuple[float, float]:
        """Count a failure; the ends of the wait before and behind it, for `take_back`."""
        if key not in self._guesses and len(self._guesses) >= MAX_TRACKED:
            self._drop_idle()
        guesses = self._guesses.setdefault(key, _Guesses(counted=self._clock()))
        self._age(guesses)
        before = guesses.until
        guesses.failures += 1
        over = guesses.failures - self._free
        if over >= 0:
            guesses.until = self._clock() + min(MAX_WAIT_S, FIRST_WAIT_S << min(over, 10))
        return before, guesses.until

    def take_back(self, key: object, ends: tuple[float, float]) -> None:
        """A counted failure was none: it alone goes, and with it the wait that it began."""
        guesses = self._guesses.get(key)
        if guesses is None:
            return
        before, behind = ends
        guesses.failures = max(0, guesses.failures - 1)
        if guesses.until == behind:  # else another failure has begun one since
            guesses.until = before

    def forget(self, key: object) -> None:
        self._guesses.pop(key, None)

    def held(self) -> dict[object, int]:
        """Failures under the keys that have had to wait."""
        return {key: guesses.failures for key, guesses in self._guesses.items() if guesses.failures >= self._free}

    def restore(self, key: object, failures: int) -> None:
        """Failures of before; their wait begins again."""
        self._guesses[key] = _Guesses(failures=failures - 1, counted=self._clock())
        self.failed(key)

    def _age(self, guesses: _Guesses) -> None:
        passed = int((self._clock() - guesses.counted) // self._forget_s)
        guesses.failures = max(0, guesses.failures - passed)
        guesses.counted += passed * self._forget_s

    def _drop_idle(self) -> None:
        """Only what means nothing any more: a count never makes room for another one while it slows somebody down."""
        for key, guesses in list(self._guesses.items()):
            self._age(guesses)
            if not guesses.failures and guesses.until <= self._clock():
                del self._guesses[key]


class Roster:
    """The persons of the vault. Lock-outs of persons outlive a restart, which begins their wait again."""

    def __init__(self, vault: Vault, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds and never goes back."""
        self._lockouts = Lockouts(vault.directory, vault.content.token_key)
        self._vault = vault
        self._persons = _Slowdown(FREE_TRIES, FORGET_S, clock)
        self._terminals = _Slowdown(TERMINAL_FREE_TRIES, TERMINAL_FORGET_S, clock)
        self._strangers = nacl.utils.random(32)  # nobody outside can say which of them share a count
        for person, failures in self._lockouts.read().items():
            if person in vault.content.persons:
                self._persons.restore(person, failures)
        self._kept = self._held()
        self._keeping = asyncio.Lock()
        self._checks = asyncio.Semaphore(MAX_CHECKS)
        self._nobody = argon2.str(b"0000000000000000", **_LIMITS)  # an unknown person takes as long as a known one

    async def check(self, terminal: bytes, person: str, pin: str) -> PinResult:
        """Check a PIN. While a wait runs nothing is looked at, a right PIN included."""
        known = self._vault.content.persons.get(person)
        who = person if known else self._stranger(person)
        wait_s = max(self._persons.wait_s(who), self._terminals.wait_s(terminal))
        if wait_s:
            return PinResult(ok=False, language=DEFAULT_LANGUAGE, wait_s=wait_s)
        # Counted before the slow check, so that many checks at one time are many failures.
        self._persons.failed(who)
        counted = self._terminals.failed(terminal)
        async with self._checks:
            verified = await asyncio.to_thread(_verify, known.verifier if known else self._nobody, pin)
        if known is not None and verified:
            self._persons.forget(person)
            self._terminals.take_back(terminal, counted)  # whoever guesses at others may know one PIN: his own
        if known is not None:
            await self._keep()
        if known is None or not verified:
            wait_s = max(self._persons.wait_s(who), self._terminals.wait_s(terminal))
            return PinResult(ok=False, language=DEFAULT_LANGUAGE, wait_s=wait_s)
        return PinResult(ok=True, language=known.language, wait_s=0)

    async def _keep(self) -> None:
        """Write the lock-outs of persons when they have changed; a disk that is full stops no call."""
        async with self._keeping:
            held = self._held()
            if held == self._kept:
                return
            self._kept = held
            try:
                await asyncio.to_thread(self._lockouts.write, held)
            except StorageError as error:
                log.warning("lock-outs are not kept", error=error)

    def _held(self) -> dict[str, int]:
        return {person: failures for person, failures in self._persons.held().items() if isinstance(person, str)}

    def _stranger(self, person: str) -> int:
        """The count of a person who does not exist: guesses at one are slowed down as at everybody else."""
        digest = hashlib.blake2b(person.encode(), key=self._strangers, digest_size=8).digest()
        return int.from_bytes(digest, "big") % STRANGERS


def add_person(vault: Vault, person: str, pin: str, language: str) -> None:
    """Add or replace a person, durably. Raises VaultError naming what is wrong, StorageError."""
    if not 1 <= len(person) <= 32 or not person.isascii() or not person.isdigit():
        raise VaultError("person: 1 to 32 digits")
    if not 4 <= len(pin) <= 12 or not pin.isascii() or not pin.isdigit():
        raise VaultError("pin: 4 to 12 digits")
    if language not in LANGUAGES:
        raise VaultError(f"language: one of {', '.join(LANGUAGES)}")
    entry = Person(person=person, verifier=argon2.str(pin.encode(), **_LIMITS), language=language)
    content = vault.content
    vault.save(dataclasses.replace(content, persons={**content.persons, person: entry}))


def remove_person(vault: Vault, person: str) -> None:
    """Remove a person, durably. Raises VaultError if there is none, StorageError."""
    content = vault.content
    if person not in content.persons:
        raise VaultError("person: not in the roster")
    vault.save(
        dataclasses.replace(content, persons={key: item for key, item in content.persons.items() if key != person})
    )


def _verify(verifier: bytes, pin: str) -> bool:
    try:
        return bool(argon2.verify(verifier, pin.encode()))
    except nacl.exceptions.InvalidkeyError:
        return False
