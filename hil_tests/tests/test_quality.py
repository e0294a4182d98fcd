"""The judge of speech: delays, mu-law, losses."""

import pytest
from sealine_hil import quality, speech
from sealine_hil.errors import HilError
from sealine_protocol import mulaw


@pytest.fixture(scope="module")
def spoken():
    return speech.clip("hts1a")


def test_mulaw_alone_is_nearly_perfect(spoken):
    result = quality.compare(spoken, mulaw.decode(mulaw.encode(spoken)))
    assert result.pesq > 4.3
    assert result.delay_ms == 0


@pytest.mark.parametrize("delay_ms", [20, 137, 1500])
def test_a_delay_is_found_and_costs_nothing(spoken, delay_ms):
    result = quality.compare(spoken, bytes(16 * delay_ms) + spoken)
    assert result.delay_ms == delay_ms
    assert result.pesq > 4.4


def test_a_beginning_that_is_missing(spoken):
    result = quality.compare(spoken, spoken[2 * 4000 :])
    assert result.delay_ms == -500
    assert result.seconds == pytest.approx(2.5)


def test_lost_frames_are_heard(spoken):
    frames = [spoken[at : at + 320] for at in range(0, len(spoken), 320)]
    holes = b"".join(bytes(320) if place % 10 == 0 else frame for place, frame in enumerate(frames))
    assert quality.compare(spoken, holes).pesq < 3.5


@pytest.mark.parametrize("heard", [b"", bytes(48000)])
def test_silence_is_an_error(spoken, heard):
    with pytest.raises(HilError, match="silent"):
        quality.compare(spoken, heard)


def test_a_syllable_is_not_enough(spoken):
    with pytest.raises(HilError, match="less than a second"):
        quality.compare(spoken, spoken[16000 : 16000 + 3200])
