"""What a requester and a custodian do with their own keys, each on a machine of their own."""

import time
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PublicKey, SealedBox
from sealine_protocol import codec, cose, mulaw, recording, shamir
from sealine_protocol.errors import ProtocolError
from sealine_protocol.hashes import blake2b256, key_commitment
from sealine_protocol.unit import Unit

from sealine_central.custody.case import Case, CustodyError

SAMPLE_RATE_HZ = 8000


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def request(case: Case, requester: Unit, case_number: str, nonce: bytes) -> bytes:
    """Sign the request to open this recording for a case; writes and returns `request.cose`."""
    case.recording  # noqa: B018 - raises when there is nothing to open
    payload = codec.encode(
        "opening-request",
        {
            "record": case.record["id"],
            "record_hash": blake2b256(case.signed_record),
            "case": case_number,
            "requester": requester.key_id,
            "time": _now_ms(),
            "nonce": nonce,
        },
    )
    signed = cose.sign("opening-request", payload, requester.identity)
    (case.folder / "request.cose").write_bytes(signed)
    return signed


def grant(case: Case, custodian: Unit) -> bytes:
    """Unseal the custodian's own share, check it against the record, re-seal it to the requester, sign.

    The request must be a leaf of the log already. Writes `grants/<index>.cose` and `.sealed`; returns the former.
    """
    asked, requester = case.read_signed("request.cose", "opening-request", "requester")
    if asked["record"] != case.record["id"] or asked["record_hash"] != blake2b256(case.signed_record):
        raise CustodyError("request.cose: asks for another record")
    if asked["requester"] != requester.key_id:
        raise CustodyError("request.cose: not signed by the requester that it names")
    index = _own_index(case, custodian)
    share = _unseal_share(case.share_envelope(index), custodian, index)
    case.check_share(share)
    sealed = SealedBox(PublicKey(requester.link_key)).encrypt(codec.encode("share-secret", share))
    payload = codec.encode(
        "opening-grant",
        {
            "request": blake2b256((case.folder / "request.cose").read_bytes()),
            "index": index,
            "sealed_hash": blake2b256(sealed),
            "time": _now_ms(),
        },
    )
    signed = cose.sign("opening-grant", payload, custodian.identity)
    grants = case.folder / "grants"
    grants.mkdir(exist_ok=True)
    (grants / f"{index}.sealed").write_bytes(sealed)
    (grants / f"{index}.cose").write_bytes(signed)
    return signed


def _own_index(case: Case, custodian: Unit) -> int:
    for index, reader in enumerate(case.recording["readers"], start=1):
        if reader["key_id"] == custodian.key_id:
            return index
    raise CustodyError("this custodian is not among the readers of the recording")


def _unseal_share(sealed: bytes, unit: Unit, index: int) -> dict[str, Any]:
    try:
        return dict(codec.decode("share-secret", SealedBox(unit.link).decrypt(sealed)))
    except (CryptoError, ProtocolError) as error:
        raise CustodyError(f"share {index}: does not open with this key") from error


@dataclass(frozen=True)
class Opened:
    """The result of an opening: samples of both legs, silence where a chunk is missing."""

    wav: Path
    seconds: int
    missing: tuple[int, ...]
    signed_opening: bytes


def open_recording(case: Case, requester: Unit, progress: Callable[[int, int], None] = lambda _i, _n: None) -> Opened:
    """Rebuild the key from K logged grants, check shares and commitment, decrypt, write `opened.wav`, sign the opening.

    The WAV is 8 kHz, 16 bit, left = near leg (terminal), right = far leg. The content key lives in this process only.
    """
    key = _rebuild_key(case, requester)
    near, far, missing = bytearray(), bytearray(), []
    total = case.recording["chunks"]
    for index in range(total):
        final = index == total - 1 and case.recording["state"] != "cut"
        try:
            sealed = (case.folder / "chunks" / f"{index}.chunk").read_bytes()
            plain = recording.open_chunk(key, case.record["id"], index, sealed, final=final)
        except (FileNotFoundError, ProtocolError):
            missing.append(index)
            plain = b"\xff" * (0 if final else 2 * SAMPLE_RATE_HZ)
        half = len(plain) // 2
        near += plain[:half]
        far += plain[half:]
        progress(index + 1, total)
    if not missing:
        _check_digest(case)
    wav = case.folder / "opened.wav"
    write_wav(wav, bytes(near), bytes(far))
    payload = codec.encode(
        "opening",
        {
            "request": blake2b256((case.folder / "request.cose").read_bytes()),
            "audio": blake2b256(wav.read_bytes()),
            "seconds": total - len(missing),
            "missing": missing,
            "time": _now_ms(),
        },
    )
    signed = cose.sign("opening", payload, requester.identity)
    (case.folder / "opening.cose").write_bytes(signed)
    return Opened(wav, total - len(missing), tuple(missing), signed)


def _rebuild_key(case: Case, requester: Unit) -> bytes:
    request_hash = blake2b256((case.folder / "request.cose").read_bytes())
    shares: dict[int, bytes] = {}
    for path in sorted((case.folder / "grants").glob("*.cose")):
        granted, custodian = case.read_signed(f"grants/{path.name}", "opening-grant", "custodian")
        sealed = path.with_suffix(".sealed").read_bytes()
        if granted["request"] != request_hash or granted["sealed_hash"] != blake2b256(sealed):
            raise CustodyError(f"grants/{path.name}: grants another request or another share")
        share = _unseal_share(sealed, requester, granted["index"])
        case.check_share(share)
        if case.recording["readers"][share["index"] - 1]["key_id"] != custodian.key_id:
            raise CustodyError(f"grants/{path.name}: another custodian's share")
        shares[share["index"]] = bytes([share["index"]]) + share["share"]
    needed = case.recording["k"]
    if len(shares) < needed:
        raise CustodyError(f"{len(shares)} of {needed} custodians have granted; the recording stays closed")
    key = shamir.combine(list(shares.values())[:needed])
    if case.recording["key_commitment"] != key_commitment(case.record["id"], key):
        raise CustodyError("the shares do not give the key that the record commits to")
    return key


def _check_digest(case: Case) -> None:
    total = case.recording["chunks"]
    chunks = [(case.folder / "chunks" / f"{index}.chunk").read_bytes() for index in range(total)]
    if recording.digest(map(recording.chunk_hash, chunks)) != case.recording["digest"]:
        raise CustodyError("the chunks open, but their digest is not the one in the record")


def write_wav(path: Path, near: bytes, far: bytes) -> None:
    """Both mu-law legs as a stereo WAV of linear samples."""
    left, right = mulaw.decode(near), mulaw.decode(far)
    frames = bytearray(2 * len(left))
    for offset in range(2):
        frames[offset::4] = left[offset::2]
        frames[2 + offset :: 4] = right[offset::2]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(bytes(frames))
