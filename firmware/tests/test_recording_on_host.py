"""What the terminal's recorder and journal make, read and opened by the host's code."""

from __future__ import annotations

import itertools
import os
import subprocess
from pathlib import Path

import pytest
from nacl.public import PrivateKey, SealedBox
from sealine_protocol import codec, cose, credential, hashes, recording, shamir
from sealine_protocol.errors import ProtocolError

HERE = Path(__file__).resolve().parent
BINARY = HERE.parents[1] / "build/firmware/unix/micropython"
PATH = ":".join((".frozen", str(HERE.parent / "app"), str(HERE / "micropython")))
CHUNKS = 15  # 14.5 s


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recording")
    done = subprocess.run(
        [str(BINARY), "-X", "heapsize=4M", str(HERE / "micropython/recorder/make_recording.py")],
        cwd=folder,
        env={**os.environ, "MICROPYPATH": PATH},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def record(made: Path) -> dict:
    signed = cose.parse((made / "record.cose").read_bytes())
    return codec.decode("record", cose.verify(signed, (made / "terminal.pub").read_bytes(), "record"))


def share(made: Path, place: int) -> tuple[int, bytes]:
    box = SealedBox(PrivateKey((made / f"custodian-{place}.key").read_bytes()))
    secret = codec.decode("share-secret", box.decrypt((made / f"envelope-{2 + place}").read_bytes()))
    return secret["index"], secret["share"]


def test_record_stands_on_the_credential(made: Path, record: dict) -> None:
    raw = (made / "credential.cose").read_bytes()
    holder = credential.verify_chain(
        [raw],
        (made / "root.pub").read_bytes(),
        role="terminal",
        facility="test",
        at=record["started"] // 1000,
        revoked={},
    )
    assert holder.identity_key == (made / "terminal.pub").read_bytes()
    assert (record["seq"], record["prev"]) == (0, hashes.blake2b256(raw))
    assert (record["privileged"], record["end_reason"], record["talk_ms"]) == ("none", "caller-hangup", 14_500)


def test_envelopes_are_those_of_the_record(made: Path, record: dict) -> None:
    sealed = [(made / f"envelope-{place}").read_bytes() for place in range(5)]
    assert [ref["hash"] for ref in record["envelopes"]] == [hashes.blake2b256(data) for data in sealed]
    assert [(ref["kind"], ref["index"]) for ref in record["envelopes"]] == [
        ("person", 0),
        ("number", 0),
        ("share", 1),
        ("share", 2),
        ("share", 3),
    ]
    office = SealedBox(PrivateKey((made / "billing.key").read_bytes()))
    assert codec.decode("person-secret", office.decrypt(sealed[0]))["person"] == "1017"
    assert codec.decode("number-secret", office.decrypt(sealed[1]))["number"] == "12025550123"


def test_digest_and_checkpoint(made: Path, record: dict) -> None:
    chunks = [(made / f"chunk-{index}").read_bytes() for index in range(CHUNKS)]
    facts = record["recording"]
    assert (facts["state"], facts["chunks"], facts["bytes"]) == ("complete", CHUNKS, sum(map(len, chunks)))
    assert facts["digest"] == recording.digest(map(recording.chunk_hash, chunks))
    signed = cose.parse((made / "checkpoint.cose").read_bytes())
    payload = cose.verify(signed, (made / "terminal.pub").read_bytes(), "checkpoint")
    point = codec.decode("checkpoint", payload)
    assert point["chunks"] == 10
    assert point["digest"] == recording.digest(map(recording.chunk_hash, chunks[:10]))


@pytest.mark.parametrize("holders", list(itertools.combinations(range(3), 2)))
def test_two_custodians_open_all_of_it(made: Path, record: dict, holders: tuple[int, int]) -> None:
    shares = [share(made, place) for place in holders]
    facts = record["recording"]
    for index, value in shares:
        assert facts["readers"][index - 1]["share_hash"] == hashes.share_hash(record["id"], index, value)
    key = shamir.combine([bytes([index]) + value for index, value in shares])
    assert hashes.key_commitment(record["id"], key) == facts["key_commitment"]
    near, far = b"", b""
    for index in range(CHUNKS):
        data = (made / f"chunk-{index}").read_bytes()
        plain = recording.open_chunk(key, record["id"], index, data, final=index == CHUNKS - 1)
        near += plain[: len(plain) // 2]
        far += plain[len(plain) // 2 :]
    assert near + far == (made / "plain").read_bytes()


def test_one_share_opens_nothing(made: Path, record: dict) -> None:
    with pytest.raises(ProtocolError):
        recording.open_chunk(share(made, 0)[1], record["id"], 0, (made / "chunk-0").read_bytes(), final=False)
