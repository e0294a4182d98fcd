"""What a page may say, and how fast."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealine_tools.phone.errors import MessageError
from sealine_tools.phone.messages import Hook, Key, parse, parse_voice
from sealine_tools.phone.pace import BURST, PER_SECOND, Pace


@pytest.mark.parametrize(
    "text",
    [
        "", "lift", "[]", "null", "7", '{"type":"lift"', '{"type":"steal"}', '{"type":"lift","key":"1"}', "{}",
        '{"type":"key"}', '{"type":"key","key":"A"}', '{"type":"key","key":"12"}', '{"type":"key","key":5}',
        '{"type":"key","key":""}', '{"type":"key","key":"1","more":"x"}', '{"type":["lift"]}', '{"type":{"a":1}}',
        "[" * 60, '{"type":"lift"}' + " " * 64, '{"type":"key","key":"\\u0000"}',
    ],
)  # fmt: skip
def test_an_unknown_event_is_refused(text):
    with pytest.raises(MessageError):
        parse(text)


def test_the_events_of_our_page():
    assert parse('{"type":"lift"}') == Hook(lifted=True)
    assert parse('{"type":"hang-up"}') == Hook(lifted=False)
    assert [parse(json.dumps({"type": "key", "key": key})) for key in "09*#"] == [Key(key) for key in "09*#"]


@given(st.one_of(st.text(max_size=80), st.recursive(st.none() | st.text(), st.lists).map(json.dumps)))
def test_no_text_breaks_the_parser(text):
    with contextlib.suppress(MessageError):
        assert isinstance(parse(text), Hook | Key)


@pytest.mark.parametrize("size", [0, 1, 319, 321, 1601, 1920, 100_000])
def test_voice_of_another_size_is_refused(size):
    with pytest.raises(MessageError):
        parse_voice(bytes(size))


@pytest.mark.parametrize("frames", [1, 5])
def test_voice_in_whole_frames(frames):
    assert parse_voice(b"v" * 320 * frames) == b"v" * 320 * frames


def test_a_flood_is_too_fast_and_a_voice_is_not():
    pace = Pace()
    for number in range(60 * 50):
        pace.count(number / 50)
    for _ in range(int(BURST)):
        pace.count(60.0)
    with pytest.raises(MessageError, match="too many"):
        pace.count(60.0)
    pace.count(60.0 + 2 / PER_SECOND)
