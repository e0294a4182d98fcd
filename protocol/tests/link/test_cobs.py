import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealine_protocol.cobs import MAX_BODY_BYTES, MAX_STUFFED_BYTES, FrameDecoder, encode

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "cobs.json").read_text())
bodies = st.binary(min_size=1, max_size=MAX_BODY_BYTES) | st.integers(1, MAX_BODY_BYTES).map(
    lambda size: b"\xff" * size
)


@pytest.mark.parametrize("vector", VECTORS["vectors"])
def test_published_examples(vector: dict[str, str]) -> None:
    body = bytes.fromhex(vector["body"])
    assert encode(body) == bytes.fromhex(vector["stuffed"]) + b"\0"
    assert FrameDecoder().feed(encode(body)) == [body]


@pytest.mark.parametrize("stuffed", VECTORS["broken"])
def test_a_broken_frame_is_counted_and_the_next_one_arrives(stuffed: str) -> None:
    decoder = FrameDecoder()
    assert decoder.feed(bytes.fromhex(stuffed) + b"\0" + encode(b"next")) == [b"next"]
    assert decoder.broken == 1


@given(st.lists(bodies, max_size=5), st.integers(1, 700))
def test_frames_survive_any_cutting_of_the_stream(sent: list[bytes], piece: int) -> None:
    stream = b"".join(encode(body) for body in sent)
    decoder = FrameDecoder()
    received = []
    for start in range(0, len(stream), piece):
        received += decoder.feed(stream[start : start + piece])
    assert received == sent
    assert (decoder.broken, decoder.oversized) == (0, 0)


@given(bodies)
def test_a_frame_has_one_zero_and_a_known_bound(body: bytes) -> None:
    frame = encode(body)
    assert frame.index(0) == len(frame) - 1
    assert len(frame) <= MAX_STUFFED_BYTES + 1


@given(st.binary(max_size=4000), bodies)
def test_any_garbage_then_a_delimiter_leaves_the_decoder_in_step(garbage: bytes, body: bytes) -> None:
    decoder = FrameDecoder()
    decoder.feed(garbage)
    decoder.feed(b"\0")
    assert decoder.feed(encode(body)) == [body]


def test_an_oversized_frame_takes_no_memory_and_is_counted_once() -> None:
    decoder = FrameDecoder()
    for _ in range(100):
        assert decoder.feed(b"\x01" * 1000) == []
        assert len(decoder._pending) <= MAX_STUFFED_BYTES
    assert decoder.feed(b"\0" + encode(b"next")) == [b"next"]
    assert decoder.oversized == 1


@pytest.mark.parametrize("size", [0, MAX_BODY_BYTES + 1])
def test_bodies_of_a_forbidden_size_are_not_sent(size: int) -> None:
    with pytest.raises(ValueError, match="body"):
        encode(bytes(size))
    assert len(FrameDecoder().feed(encode(bytes(MAX_BODY_BYTES)))) == 1
