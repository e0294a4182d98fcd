"""The one-file verifier: proves or disproves a folder of Sealine evidence, offline, with no other code of Sealine.

    python verify.py DIR [--root root.pub]

It needs cbor2 and PyNaCl. Formats: protocol/sealine.cddl. From the root key down: trust bundle and credentials, records
and their chains, receipts of the log, envelopes, recordings; then, with the custodians' keys if DIR holds them, that a
quorum opens each recording and that fewer do not. Exit code: 0 all holds, 1 something does not, 2 it cannot be read.
"""

import argparse
import hashlib
import io
import itertools
import sys
import wave
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import cbor2
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as xchacha_open
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from nacl.signing import VerifyKey

TYPE: Final = "application/vnd.sealine."
TERMINAL, CENTRAL, CUSTODIAN, REQUESTER, ISSUER = 1, 3, 4, 5, 7
ISSUED_BY_ISSUER: Final = (1, 2, 5, 6)
ID, TERMINAL_NAME, FACILITY, SEQ, PREV, ENDED, TALK_MS, END_REASON = 2, 3, 4, 5, 6, 11, 12, 14
ENVELOPES, PRIVILEGED, TARIFF, CHARGE, RECORDING = 17, 18, 23, 24, 25
ENVELOPE_KINDS: Final = ("person", "number", "share")
SHARE: Final = 2
STATES: Final = ("complete", "cut", "stopped")
HANG_UPS: Final = (1, 2)
END_REASONS: Final = (
    "?", "caller-hangup", "called-hangup", "abandoned", "refused", "blocked", "silent", "unanswered", "busy",
    "number-invalid", "trunk-failed", "link-lost", "gateway-lost", "reset", "time-limit", "funds", "policy",
)  # fmt: skip
SAMPLES_A_CHUNK: Final = 8000
MAX_CHUNKS: Final = 6 * 3600  # of one recording, by the CDDL's `seconds`
MAX_NAMED: Final = 20  # missing chunks that are listed; all are counted


class EvidenceError(Exception):
    """Something does not hold; the text says what."""


# ---------------------------------------------------------------- hashes, CBOR, COSE


def blake2b(*parts: bytes, size: int = 32) -> bytes:
    """BLAKE2b of the parts."""
    return hashlib.blake2b(b"".join(parts), digest_size=size).digest()


def key_id(public_key: bytes) -> bytes:
    """BLAKE2b-128 of a public key."""
    return blake2b(public_key, size=16)


def need(condition: object, text: str) -> None:
    """Raises EvidenceError unless the condition holds."""
    if not condition:
        raise EvidenceError(text)


def decode(data: bytes) -> Any:
    """One deterministic CBOR item and nothing behind it."""
    stream = io.BytesIO(data)
    try:
        value = cbor2.CBORDecoder(stream).decode()
    except (cbor2.CBORDecodeError, ValueError, EOFError) as error:
        raise EvidenceError("is not CBOR") from error
    need(cbor2.dumps(value, canonical=True) == data, "is not deterministic CBOR, or something follows it")
    return value


@dataclass(frozen=True)
class Signed:
    """A COSE_Sign1, taken apart and not yet believed."""

    content: str
    kid: bytes
    payload: bytes | None
    unprotected: dict[int, Any]
    header: dict[int, Any]
    protected: bytes
    signature: bytes

    def verify(self, key: bytes, payload: bytes) -> None:
        """The Ed25519 signature over RFC 9052's Sig_structure."""
        need(self.kid == key_id(key), "is signed by another key")
        message = cbor2.dumps(["Signature1", self.protected, b"", payload])
        try:
            VerifyKey(key).verify(message, self.signature)
        except (CryptoError, ValueError) as error:
            raise EvidenceError("its signature does not hold") from error


def parse(data: bytes) -> Signed:
    """A tagged COSE_Sign1 with alg EdDSA, a key id, and nothing that is not expected."""
    need(data[:1] == b"\xd2", "is not a COSE_Sign1")
    body = decode(data[1:])
    need(isinstance(body, list) and len(body) == 4, "is not a COSE_Sign1")
    protected, unprotected, payload, signature = body
    need(isinstance(protected, bytes) and isinstance(unprotected, dict), "has no COSE headers")
    header = decode(protected)
    need(isinstance(header, dict) and header.get(1) == -8, "is not signed with EdDSA")
    content = str(header.get(3, "")).removeprefix(TYPE)
    return Signed(content, header.get(4, b""), payload, unprotected, header, protected, signature)


def open_signed(data: bytes, content: str, key: bytes) -> Any:
    """The decoded payload of an object of this content that this key signed."""
    signed = parse(data)
    need(signed.content == content, f"is not a {content}")
    need(signed.unprotected == {} and signed.payload is not None, "has another shape")
    signed.verify(key, signed.payload or b"")
    return decode(signed.payload or b"")


# ---------------------------------------------------------------- who may sign


@dataclass(frozen=True)
class Credential:
    """A CWT whose chain to the root holds."""

    sub: str
    facility: str
    role: int
    key: bytes
    link_key: bytes
    valid: range
    described: tuple[str, str]
    signed_hash: bytes


def read_credential(data: bytes, signer: bytes) -> Credential:
    """The claims of a credential signed by this key."""
    claims = open_signed(data, "credential", signer)
    return Credential(
        sub=claims[2],
        facility=claims[-70001],
        role=claims[-70002],
        key=claims[8][1][-2],
        link_key=claims[-70003],
        valid=range(claims[5], claims[4]),
        described=(claims.get(-70004, ""), claims.get(-70005, "")),
        signed_hash=blake2b(data),
    )


@dataclass
class Trust:
    """The root key, and everybody it vouches for, by key id."""

    root: bytes
    people: dict[bytes, Credential] = field(default_factory=dict)
    logs: dict[bytes, Credential] = field(default_factory=dict)
    custodians: dict[bytes, Credential] = field(default_factory=dict)
    revoked: dict[bytes, int] = field(default_factory=dict)

    def add(self, data: bytes) -> Credential:
        """A credential signed by the root, or by an issuer that is known already and may issue this role."""
        kid = parse(data).kid
        if kid == key_id(self.root):
            found = read_credential(data, self.root)
        else:
            issuer = self.people.get(kid)
            need(issuer and issuer.role == ISSUER, "is signed by nobody that the root vouches for")
            found = read_credential(data, issuer.key if issuer else b"")
            need(found.role in ISSUED_BY_ISSUER, "is of a role that no issuer may sign")
            need(issuer and issuer.facility == found.facility, "is issued by another facility")
        self.people[key_id(found.key)] = found
        return found

    def signer(self, kid: bytes, role: int, at_s: int) -> Credential:
        """Who holds this key, in this role, at this time."""
        found = self.people.get(kid)
        if found is None:
            raise EvidenceError("is signed by a key that has no credential here")
        need(found.role == role, "is signed by somebody in another role")
        need(at_s in found.valid, "is signed outside of the credential's validity")
        need(kid not in self.revoked or at_s < self.revoked[kid], "is signed with a key that was revoked by then")
        return found

    def log(self, kid: bytes) -> Credential:
        """The log that has this key."""
        found = self.logs.get(kid)
        if found is None:
            raise EvidenceError("is of a log that the trust bundle does not name")
        return found


def read_trust_bundle(trust: Trust, data: bytes) -> str:
    """Add who the root-signed trust bundle names; returns a word on it."""
    published = decode(data)
    header = open_signed(published[0], "bundle", trust.root)
    body_bytes = published[1]
    need(header[0] == 1 and header[6] == blake2b(body_bytes), "its body is not the one that the root signed")
    body = decode(body_bytes)
    need(body[1] == trust.root, "names another root")
    for raw in [*body[2], *body[4]]:
        trust.add(raw)
    logs = [trust.add(raw) for raw in body[3]]
    trust.logs = {key_id(log.key): log for log in logs if log.role == CENTRAL}
    holders = [trust.add(raw) for raw in body[5][2]]
    need(all(holder.role == CUSTODIAN for holder in holders), "names a custodian who is none")
    trust.custodians = {key_id(holder.key): holder for holder in holders}
    return f"version {header[2]}: {len(trust.logs)} log, {body[5][0]} of {body[5][1]} custodians open"


def read_revocations(trust: Trust, data: bytes) -> str:
    """Add the keys that the root, or an issuer, has revoked; returns a word on it."""
    published = decode(data)
    kid = parse(published[0]).kid
    issuer = trust.people.get(kid)
    need(kid == key_id(trust.root) or (issuer and issuer.role == ISSUER), "is signed by somebody who may not revoke")
    header = open_signed(published[0], "bundle", issuer.key if issuer else trust.root)
    need(header[0] == 2 and header[6] == blake2b(published[1]), "its body is not the one that was signed")
    trust.revoked = dict(decode(published[1])[1])
    return f"version {header[2]}: {len(trust.revoked)} keys revoked"


# ---------------------------------------------------------------- log


def root_of_path(leaf: bytes, index: int, size: int, path: Iterable[bytes]) -> bytes:
    """RFC 9162 section 2.1.3.2."""
    need(0 <= index < size, "its leaf is outside of the tree")
    node, last, value = index, size - 1, leaf
    for sibling in path:
        need(last, "its proof is too long")
        if node % 2 or node == last:
            value = hashlib.sha256(b"\x01" + sibling + value).digest()
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        else:
            value = hashlib.sha256(b"\x01" + value + sibling).digest()
        node, last = node // 2, last // 2
    need(last == 0, "its proof is too short")
    return value


def check_receipt(trust: Trust, data: bytes, logged: bytes, heads: dict[int, bytes]) -> tuple[int, int, int]:
    """RFC 9942: leaf, size and issue time (s), if a log of the trust bundle signed the root that the proof leads to.

    `heads`, tree size to root, gets the root, which must contradict none.
    """
    signed = parse(data)
    need(signed.payload is None and signed.header.get(395) == 1, "is not a receipt of an RFC 9162 tree")
    log = trust.log(signed.kid)
    issued = signed.header[15][6]
    # Who stole a log's key would write an earlier time: revoked is revoked.
    need(signed.kid not in trust.revoked, "is of a log whose key is revoked")
    need(issued in log.valid, "is of a log whose key was not valid then")
    size, index, path = decode(signed.unprotected[396][-1][0])
    root = root_of_path(hashlib.sha256(b"\x00" + logged).digest(), index, size, path)
    signed.verify(log.key, root)
    need(heads.setdefault(size, root) == root, "the log shows two faces: another root of the same size")
    return index, size, issued


def check_head(trust: Trust, path: Path, heads: dict[int, bytes]) -> str:
    """A signed tree head of a log of the trust bundle; it joins `heads`, size to root, and contradicts none."""
    data = path.read_bytes()
    fields = open_signed(data, "tree-head", trust.log(parse(data).kid).key)
    need(heads.setdefault(fields[0], fields[1]) == fields[1], "the log shows two faces: another root of the same size")
    return f"root {fields[1].hex()[:16]}"


# ---------------------------------------------------------------- records


@dataclass
class Record:
    """One record file, with what is found to hold of it."""

    name: str
    signed: bytes
    fields: dict[int, Any] = field(default_factory=dict)
    kid: bytes = b""

    @property
    def id(self) -> str:
        """Its record id in hex: the name of its folders."""
        return str(self.fields[ID].hex())

    @property
    def recording(self) -> list[Any] | None:
        """The fields of its recording in order."""
        found = self.fields[RECORDING]
        return None if found is None else [found[place] for place in range(11)]


def read_record(trust: Trust, record: Record) -> str:
    """Signature, credential and what can be recomputed from the record alone."""
    signed = parse(record.signed)
    fields = decode(signed.payload or b"")
    need(isinstance(fields, dict) and sorted(fields) == list(range(27)), "has other fields than a record")
    terminal = trust.signer(signed.kid, TERMINAL, fields[ENDED] // 1000)
    open_signed(record.signed, "record", terminal.key)
    need(fields[TERMINAL_NAME] == terminal.sub and fields[FACILITY] == terminal.facility, "names another terminal")
    record.fields, record.kid = fields, signed.kid
    check_charge(fields)
    recording = record.recording
    if fields[PRIVILEGED] != 0:
        need(recording is None, "was recorded although it must not be")
        need(all(kind != SHARE for kind, *_ in fields[ENVELOPES]), "is privileged, but a key was shared out")
    if recording is not None:
        need(0 <= recording[3] <= MAX_CHUNKS, "counts more chunks than six hours have")
        need(len(recording[8]) == recording[7] >= recording[6] >= 2, "its readers are not N, or K is under two")
        for class_, organisation, kid, _ in recording[8]:
            known = trust.custodians.get(kid)
            need(known and known.described == (class_, organisation), "names a reader whom the root does not vouch for")
        check_checkpoint(fields[ID], recording, terminal.key)
    return f"{END_REASONS[fields[END_REASON]]}, {('ordinary', 'PRIVILEGED', 'in doubt')[fields[PRIVILEGED]]}"


def check_checkpoint(record_id: bytes, recording: list[Any], key: bytes) -> None:
    """A recording that a reset cut counts what was signed before the reset; another one has no checkpoint."""
    is_cut, signed = STATES[recording[0]] == "cut", recording[10]
    need(is_cut or signed is None, "is not cut, but rests on a checkpoint")
    if signed is None:
        need(not is_cut or recording[3] == 0, "is cut, counts chunks, and has no checkpoint")
        return
    point = open_signed(signed, "checkpoint", key)
    need(
        [point[place] for place in range(1, 5)] == [record_id, recording[3], recording[4], recording[5]],
        "counts other chunks than its checkpoint",
    )


def check_charge(fields: dict[int, Any]) -> None:
    """The price recomputed: started minutes less the refunded one, times the rate."""
    tariff, charge = fields[TARIFF], fields[CHARGE]
    if tariff is None or tariff[5] == 0 or fields[TALK_MS] == 0:
        need(charge == {0: 0, 1: 0, 2: 0}, "charges what is free")
        return
    refunded = 0 if fields[END_REASON] in HANG_UPS else 1
    minutes = -(-fields[TALK_MS] // 60_000) - refunded
    need(charge == {0: minutes, 1: minutes * tariff[2], 2: refunded}, "its charge is not what its tariff gives")
    need(tariff[2] <= tariff[3], "its rate is above the cap")


def check_chain(trust: Trust, records: list[Record]) -> str:
    """No gap, no fork, every record on the one before it; the first on the credential."""
    expected = trust.people[records[0].kid].signed_hash
    for place, record in enumerate(sorted(records, key=lambda record: int(record.fields[SEQ]))):
        seq = record.fields[SEQ]
        need(seq >= place, f"two records have number {seq}: a fork")
        need(seq == place, f"record {place} is missing")
        need(record.fields[PREV] == expected, f"record {place} does not follow the one before it")
        expected = blake2b(record.signed)
    return f"unbroken, {len(records)} records"


def check_envelopes(record: Record, folder: Path) -> str:
    """Every envelope that is here is the one that the record fixes; what was deleted is counted."""
    fixed = {f"{ENVELOPE_KINDS[kind]}-{index}": digest for kind, index, digest in record.fields[ENVELOPES]}
    here = {path.name: path.read_bytes() for path in sorted((folder / record.id).glob("*"))}
    for name, data in here.items():
        need(fixed.get(name) == blake2b(data), f"{name} is not the one that the record fixes")
    gone = len(fixed) - len(here)
    return f"{len(here)} as fixed" + (f", {gone} deleted" if gone else "")


def read_chunks(record: Record, folder: Path) -> list[bytes]:
    """The sealed chunks in order, if they are those that the record fixes."""
    paths = sorted((folder / record.id).glob("*.chunk"), key=lambda path: int(path.stem))
    recording = record.recording
    if recording is None:
        need(not paths, "nothing was recorded, but there are chunks")
        return []
    missing = sorted(set(range(recording[3])) - {int(path.stem) for path in paths})
    more = f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
    need(not missing, f"chunks missing: {missing[:MAX_NAMED]}{more}")
    chunks = [path.read_bytes() for path in paths if int(path.stem) < recording[3]]
    need(digest_of(chunks) == recording[5], "the chunks are not those that the record fixes")
    need(sum(map(len, chunks)) == recording[4], "the chunks have another size than the record says")
    return chunks


def digest_of(chunks: Iterable[bytes]) -> bytes:
    """BLAKE2b-256 over the chunks' hashes."""
    return blake2b(*(blake2b(chunk) for chunk in chunks))


# ---------------------------------------------------------------- opening


def gf_multiply(a: int, b: int) -> int:
    """In GF(2^8) with 0x11b."""
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a, b = (a << 1) ^ (0x11B if a & 0x80 else 0), b >> 1
    return product


def gf_divide(a: int, b: int) -> int:
    """The quotient, found by trying."""
    return next(quotient for quotient in range(256) if gf_multiply(quotient, b) == a)


def combine(shares: dict[int, bytes]) -> bytes:
    """Lagrange's interpolation at 0, byte by byte."""
    secret = bytearray(32)
    for x, share in shares.items():
        factor = 1
        for other in shares:
            if other != x:
                factor = gf_divide(gf_multiply(factor, other), other ^ x)
        for place, value in enumerate(share):
            secret[place] ^= gf_multiply(factor, value)
    return bytes(secret)


def unseal_share(record: Record, index: int, folder: Path, keys: dict[bytes, PrivateKey]) -> bytes | None:
    """One custodian's share, checked against the record; None when that custodian's key is not here."""
    recording = record.recording or []
    key = keys.get(recording[8][index - 1][2])
    if key is None:
        return None
    try:
        secret = decode(SealedBox(key).decrypt((folder / record.id / f"share-{index}").read_bytes()))
    except (CryptoError, OSError) as error:
        raise EvidenceError(f"share {index} does not open with its custodian's key") from error
    expected = ["sealine share", record.fields[ID], record.kid, recording[6], recording[7], index]
    need(secret[:6] == expected, f"share {index} is made for something else")
    share: bytes = secret[6]
    digest = blake2b(b"sealine share", record.fields[ID], bytes([index]), share)
    need(digest == recording[8][index - 1][3], f"share {index} is wrong")
    return share


def open_chunk(key: bytes, record: Record, index: int, chunk: bytes, *, final: bool) -> bytes:
    """Plaintext of a chunk; raises EvidenceError naming it."""
    nonce = bytes(16) + index.to_bytes(8, "big")
    data = bytes(record.fields[ID]) + index.to_bytes(8, "big") + bytes([final])
    try:
        plain = bytes(xchacha_open(chunk, data, nonce, key))
    except CryptoError as error:
        raise EvidenceError(f"chunk {index} does not open") from error
    need(len(plain) % 2 == 0 and (final or len(plain) == 2 * SAMPLES_A_CHUNK), f"chunk {index} has a wrong size")
    return plain


def is_final(record: Record, index: int) -> bool:
    """Whether a chunk must say that it is the last."""
    recording = record.recording or []
    return bool(STATES[recording[0]] == "complete" and index == recording[3] - 1)


def fits(record: Record, key: bytes) -> bool:
    """Whether this is the key that the record commits to."""
    return bool(blake2b(b"sealine key", record.fields[ID], key) == (record.recording or [])[9])


def open_recording(record: Record, chunks: list[bytes], shares: dict[int, bytes]) -> tuple[list[bytes], str]:
    """Every quorum gives the key, anything less does not; the plain chunks."""
    quorum = (record.recording or [])[6]
    need(len(shares) >= quorum, "too few custodians' keys are here")
    fewer = [combine(dict(some)) for some in itertools.combinations(shares.items(), quorum - 1)]
    need(not any(fits(record, key) for key in fewer), "fewer than K shares give the key")
    for key in fewer:
        for index, chunk in enumerate(chunks):
            need(not opens(key, record, index, chunk), "a chunk opens without a quorum")
    keys = {combine(dict(some)) for some in itertools.combinations(shares.items(), quorum)}
    need(len(keys) == 1 and all(fits(record, key) for key in keys), "the shares do not give the committed key")
    key = keys.pop()
    plain = [open_chunk(key, record, i, chunk, final=is_final(record, i)) for i, chunk in enumerate(chunks)]
    return plain, f"{len(plain)} s open with any {quorum} of {len(shares)}, none with {quorum - 1}" + without_one(
        record, chunks, key
    )


def opens(key: bytes, record: Record, index: int, chunk: bytes) -> bool:
    """Whether a chunk opens with this key."""
    try:
        open_chunk(key, record, index, chunk, final=is_final(record, index))
    except EvidenceError:
        return False
    return True


def without_one(record: Record, chunks: list[bytes], key: bytes) -> str:
    """Take the middle chunk away: the others still open, it is noticed, and no other can take its place."""
    lost = len(chunks) // 2
    rest = [(index, chunk) for index, chunk in enumerate(chunks) if index != lost]
    need(all(opens(key, record, index, chunk) for index, chunk in rest), "a lost chunk costs more than its own second")
    need(digest_of(chunk for _, chunk in rest) != (record.recording or [])[5], "a lost chunk is not noticed")
    need(not any(opens(key, record, lost, chunk) for _, chunk in rest), "a chunk opens in another's place")
    return f"; without chunk {lost} the other {len(rest)} s still open" if rest else ""


def mulaw_samples(data: bytes) -> Iterator[int]:
    """G.711 mu-law to 16-bit samples."""
    for byte in data:
        code = ~byte & 0xFF
        value = (((code & 15) << 3) + 132 << (code >> 4 & 7)) - 132
        yield -value if code & 0x80 else value


def check_wav(path: Path, plain: list[bytes]) -> str:
    """The WAV of an opening is, sample by sample, what the chunks hold: left near, right far."""
    with wave.open(str(path), "rb") as file:
        need(file.getnchannels() == 2 and file.getframerate() == 8000, "the WAV is not 8 kHz stereo")
        frames = file.readframes(file.getnframes())
    near = b"".join(chunk[: len(chunk) // 2] for chunk in plain)
    far = b"".join(chunk[len(chunk) // 2 :] for chunk in plain)
    expected = b"".join(
        sample.to_bytes(2, "little", signed=True)
        for pair in zip(mulaw_samples(near), mulaw_samples(far), strict=True)
        for sample in pair
    )
    need(frames == expected, "the WAV is not what the chunks hold")
    return f"{path.name} is what the chunks hold"


# ---------------------------------------------------------------- the whole folder


@dataclass
class Report:
    """The findings, printed as they come."""

    failures: int = 0
    lines: list[tuple[str, str, str, bool]] = field(default_factory=list)

    def check(self, what: str, subject: str, action: Callable[[], str]) -> bool:
        """Run one check; its text, or the error's, becomes a row."""
        try:
            text, holds = action(), True
        except EvidenceError as error:
            text, holds = str(error), False
        except (OSError, EOFError, wave.Error) as error:
            text, holds = f"cannot be read: {type(error).__name__}", False
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            text, holds = "has not the shape that protocol/sealine.cddl gives it", False
        self.lines.append((what, subject, text, holds))
        self.failures += not holds
        return holds

    def table(self) -> str:
        """All rows in columns."""
        first = max(len(what) for what, *_ in self.lines)
        second = max(len(subject) for _, subject, *_ in self.lines)
        rows = [
            f"{'ok  ' if holds else 'FAIL'}  {what:{first}}  {subject:{second}}  {text}"
            for what, subject, text, holds in self.lines
        ]
        verdict = "everything holds" if not self.failures else f"{self.failures} of {len(rows)} checks FAIL"
        return "\n".join([*rows, "", f"{len(rows)} checks: {verdict}"])


def read_keys(folder: Path) -> dict[bytes, PrivateKey]:
    """The private keys of custodians, if the folder has them: identity key id to unsealing key."""
    keys = {}
    for path in sorted(folder.glob("*/link.key")):
        seed = (path.parent / "identity.key").read_bytes()
        public = bytes(_signing_public(seed))
        keys[key_id(public)] = PrivateKey(path.read_bytes())
    return keys


def _signing_public(seed: bytes) -> bytes:
    from nacl.signing import SigningKey  # noqa: PLC0415 - nothing here signs; only the public half is wanted

    return bytes(SigningKey(seed).verify_key)


def verify(folder: Path, root: bytes) -> Report:
    """Check the folder against the root key."""
    report, trust = Report(), Trust(root)
    bundle = folder / "trust" / "bundles" / "trust.bundle"
    if not report.check("trust bundle", bundle.name, lambda: read_trust_bundle(trust, bundle.read_bytes())):
        return report
    _check_credentials(report, trust, folder / "trust" / "credentials")
    revocations = bundle.with_name("revocations.bundle")
    if revocations.exists():
        report.check("revocations", revocations.name, lambda: read_revocations(trust, revocations.read_bytes()))
    records = _check_records(report, trust, folder)
    for kid in sorted({record.kid for record in records}):
        chain = [record for record in records if record.kid == kid]
        report.check("chain", chain[0].fields[TERMINAL_NAME], partial(check_chain, trust, chain))
    heads: dict[int, bytes] = {}
    for path in sorted((folder / "trust" / "heads").glob("*.cose"), key=lambda path: int(path.stem)):
        report.check("tree head", f"size {path.stem}", partial(check_head, trust, path, heads))
    for record in records:
        _check_parts(report, trust, folder, record, heads)
    keys = read_keys(folder / "custodians")
    for record in records:
        if record.recording is not None:
            _check_opening(report, folder, record, keys)
            _check_custody(report, trust, folder / "opened" / record.id, record, heads)
    return report


def _check_credentials(report: Report, trust: Trust, folder: Path) -> None:
    """Issuers first, since others may be signed by them."""
    paths = sorted(folder.glob("*.cose"), key=lambda path: not path.name.startswith("issuer"))
    for path in paths:
        report.check("credential", path.name.rsplit(".", 2)[0], partial(_credential_text, trust, path))


def _credential_text(trust: Trust, path: Path) -> str:
    found = trust.add(path.read_bytes())
    return f"the root vouches for {found.sub}" + (f" ({found.described[1]})" if found.described[1] else "")


def _check_records(report: Report, trust: Trust, folder: Path) -> list[Record]:
    records = []
    for path in sorted((folder / "records").glob("*.cose")):
        record = Record(path.stem, path.read_bytes())
        if report.check("record", _short(path.stem), partial(read_record, trust, record)):
            records.append(record)
    report.check("records", "all", lambda: _count(records))
    return records


def _count(records: list[Record]) -> str:
    need(records, "there is no record that verifies")
    return f"{len(records)} verify"


def _short(stem: str) -> str:
    """The beginning of the key id, and the number."""
    kid, _, seq = stem.partition("-")
    return f"{kid[:8]}-{int(seq) if seq.isdigit() else seq}"


def _check_parts(report: Report, trust: Trust, folder: Path, record: Record, heads: dict[int, bytes]) -> None:
    name = _short(record.name)

    def receipt() -> str:
        data = (folder / "receipts" / f"{record.name}.receipt").read_bytes()
        index, size, issued = check_receipt(trust, data, record.signed, heads)
        need(issued + 1 >= record.fields[ENDED] // 1000, "is older than the record's end")
        return f"leaf {index} of a log of {size}"

    def chunks() -> str:
        count = len(read_chunks(record, folder / "recordings"))
        return f"{count} sealed chunks as fixed" if record.recording else "nothing recorded, no chunk"

    report.check("receipt", name, receipt)
    report.check("envelopes", name, lambda: check_envelopes(record, folder / "envelopes"))
    report.check("recording", name, chunks)


def _check_opening(report: Report, folder: Path, record: Record, keys: dict[bytes, PrivateKey]) -> None:
    if not keys:
        return
    plain: list[bytes] = []

    def opening() -> str:
        chunks = read_chunks(record, folder / "recordings")
        found = {
            index: unseal_share(record, index, folder / "envelopes", keys)
            for index in range(1, (record.recording or [])[7] + 1)
        }
        opened, text = open_recording(record, chunks, {i: share for i, share in found.items() if share})
        plain.extend(opened)
        return text

    wav = folder / "opened" / f"{record.id}.wav"
    if report.check("opening", _short(record.name), opening) and wav.exists():
        report.check("opened WAV", _short(record.name), lambda: check_wav(wav, plain))


def _check_custody(report: Report, trust: Trust, folder: Path, record: Record, heads: dict[int, bytes]) -> None:
    """Request, grants and opening, if they are here: each signed by who may, each a leaf of the log.

    Who signed is judged at the receipt's time, and must be whom the record and the request name.
    """
    request, opening, wav = folder / "request.cose", folder / "opening.cose", folder.with_suffix(".wav")
    if not request.exists():
        return
    asked, record_hash = blake2b(request.read_bytes()), blake2b(record.signed)
    readers: list[Any] = (record.recording or [])[8]

    def check(path: Path, content: str, role: int, fits_case: Callable[[Any, bytes], bool]) -> str:
        data = path.read_bytes()
        index, _, taken = check_receipt(trust, path.with_suffix(".receipt").read_bytes(), data, heads)
        kid = parse(data).kid
        signer = trust.signer(kid, role, taken)
        need(fits_case(open_signed(data, content, signer.key), kid), "belongs to another recording, request or person")
        return f"{content} by {signer.sub}, leaf {index}"

    def is_request(fields: Any, kid: bytes) -> bool:
        return bool(fields[0] == record.fields[ID] and fields[1] == record_hash and fields[3] == kid)

    def is_grant(fields: Any, kid: bytes) -> bool:
        return bool(fields[0] == asked and 1 <= fields[1] <= len(readers) and readers[fields[1] - 1][2] == kid)

    def is_opening(fields: Any, kid: bytes) -> bool:
        return bool(
            fields[0] == asked and fields[1] == blake2b(wav.read_bytes()) and kid == parse(request.read_bytes()).kid
        )

    papers = [(request, "opening-request", REQUESTER, is_request)]
    papers += [(path, "opening-grant", CUSTODIAN, is_grant) for path in sorted((folder / "grants").glob("*.cose"))]
    papers += [(opening, "opening", REQUESTER, is_opening)] if opening.exists() else []
    for path, content, role, fits_case in papers:
        report.check("custody", _short(record.name), partial(check, path, content, role, fits_case))


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="verify", description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, help="evidence, as `sealine demo --out` or an auditor's export leaves it")
    parser.add_argument("--root", type=Path, help="the root key, had from somebody you trust; else DIR/trust/root.pub")
    given = parser.parse_args(arguments)
    try:
        root = (given.root or given.folder / "trust" / "root.pub").read_bytes()
    except OSError as error:
        sys.stderr.write(f"verify: no root key: {error}\n")
        return 2
    if len(root) != 32:
        sys.stderr.write("verify: a root key has 32 bytes\n")
        return 2
    report = verify(given.folder, root)
    sys.stdout.write(report.table() + "\n")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
