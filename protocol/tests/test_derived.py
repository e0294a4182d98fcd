"""Numbers, tokens, shares and chunks against the vectors, and what they must refuse."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sealine_protocol import hashes, recording, shamir
from sealine_protocol.errors import NumberError, RecordingError, ShareError
from sealine_protocol.number import MAX_E164, normalise

Load = Callable[[str], dict[str, Any]]


def test_number_vectors(vectors: Load) -> None:
    file = vectors("number")
    for vector in file["vectors"]:
        plan = file["plans"][vector["plan"]]
        if vector["canonical"] is None:
            with pytest.raises(NumberError):
                normalise(vector["dialled"], plan)
        else:
            assert normalise(vector["dialled"], plan) == vector["canonical"]


@given(st.sampled_from(["NANP", "NANP with local dialling", "United Kingdom", "no trunk prefix"]), st.data())
def test_a_canonical_number_dialled_again_is_itself(vectors: Load, plan_name: str, data: st.DataObject) -> None:
    plan = vectors("number")["plans"][plan_name]
    dialled = data.draw(st.text("0123456789+*# ", max_size=26) | st.from_regex(r"\+?[0-9]{5,16}", fullmatch=True))
    try:
        canonical = normalise(dialled, plan)
    except NumberError as error:
        assert not dialled or dialled not in str(error) or len(dialled) < 3  # noqa: PT017 - it need not raise
        return
    assert canonical.isdigit()
    assert len(canonical) <= MAX_E164
    assert normalise("+" + canonical, plan) == canonical


def test_derived_vectors(vectors: Load) -> None:
    file = vectors("derived")
    record, key = bytes.fromhex(file["record"]), bytes.fromhex(file["content_key"])
    terminal, facility = bytes.fromhex(file["token_key"]["terminal"]), bytes.fromhex(file["token_key"]["facility"])
    token_key = hashes.terminal_token_key(facility, terminal)
    assert token_key.hex() == file["token_key"]["key"]
    assert hashes.person_token(token_key, file["person"]["person"]).hex() == file["person"]["token"]
    assert hashes.number_token(token_key, file["number"]["number"]).hex() == file["number"]["token"]
    # written out once more with hashlib alone
    assert hashlib.blake2b(b"sealine key" + record + key, digest_size=32).hexdigest() == file["key_commitment"]
    share = bytes.fromhex(file["shares"]["shares"][1])
    assert (
        hashlib.blake2b(b"sealine share" + record + share[:1] + share[1:], digest_size=32).hexdigest()
        == file["shares"]["hashes"][1]
    )


def test_any_k_shares_give_the_secret_and_fewer_do_not(vectors: Load) -> None:
    file = vectors("derived")["shares"]
    secret = bytes.fromhex(vectors("derived")["content_key"])
    shares = [bytes.fromhex(share) for share in file["shares"]]
    for chosen in combinations(shares, file["k"]):
        assert shamir.combine(chosen) == secret
    for chosen in combinations(shares, file["k"] - 1):
        assert shamir.combine(chosen) != secret


@settings(max_examples=30)
@given(st.binary(min_size=32, max_size=32), st.integers(2, 16), st.data())
def test_what_is_split_is_combined(secret: bytes, n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(2, n))
    shares = shamir.split(secret, k, n)
    assert shamir.combine(data.draw(st.permutations(shares))[:k]) == secret


@pytest.mark.parametrize(("size", "k", "n"), [(32, 1, 3), (32, 4, 3), (32, 2, 17), (31, 2, 3), (33, 2, 3), (32, 0, 0)])
def test_split_refuses(size: int, k: int, n: int) -> None:
    with pytest.raises(ShareError):
        shamir.split(bytes(size), k, n)


def test_combine_refuses() -> None:
    one, two, three = shamir.split(bytes(32), 2, 3)
    for shares in (
        [],
        [one],
        [one, one],
        [one, two[:-1]],
        [one, b"\0" + two[1:]],
        [one, b"\x11" + two[1:]],
        [b"", one],
    ):
        with pytest.raises(ShareError):
            shamir.combine(shares)
    assert shamir.combine([one, three]) == bytes(32)


class TestChunks:
    """Each second is bound to its record, its place and whether it is the last."""

    key, record = b"k" * 32, b"r" * 16
    plain = bytes(range(250)) * 64

    def test_vectors(self, vectors: Load) -> None:
        file = vectors("derived")
        key, record = bytes.fromhex(file["content_key"]), bytes.fromhex(file["record"])
        for vector in file["chunks"]:
            plain = bytes((i * 7 + vector["index"]) & 0xFF for i in range(vector["size"]))
            sealed = recording.seal_chunk(key, record, vector["index"], plain, final=vector["final"])
            assert recording.chunk_hash(sealed).hex() == vector["hash"]
            assert recording.open_chunk(key, record, vector["index"], sealed, final=vector["final"]) == plain
        assert recording.digest(bytes.fromhex(chunk["hash"]) for chunk in file["chunks"]).hex() == file["digest"]

    def test_nothing_else_opens_it(self) -> None:
        sealed = recording.seal_chunk(self.key, self.record, 3, self.plain, final=False)
        assert recording.open_chunk(self.key, self.record, 3, sealed, final=False) == self.plain
        wrong: list[tuple[bytes, bytes, int, bytes, bool]] = [
            (b"j" * 32, self.record, 3, sealed, False),
            (self.key, b"s" * 16, 3, sealed, False),
            (self.key, self.record, 4, sealed, False),
            (self.key, self.record, 3, sealed, True),
            (self.key, self.record, 3, sealed[:-1], False),
            (self.key, self.record, 3, sealed[:-1] + bytes([sealed[-1] ^ 1]), False),
            (self.key, self.record, 3, b"", False),
        ]
        for key, record, index, data, final in wrong:
            with pytest.raises(RecordingError):
                recording.open_chunk(key, record, index, data, final=final)

    @pytest.mark.parametrize(
        ("size", "final"), [(15998, False), (16002, False), (0, False), (321, True), (16002, True)]
    )
    def test_a_sealed_chunk_of_another_size_is_refused(self, size: int, final: bool) -> None:
        sealed = recording.seal_chunk(self.key, self.record, 0, bytes(size), final=final)
        with pytest.raises(RecordingError, match="wrong size"):
            recording.open_chunk(self.key, self.record, 0, sealed, final=final)
