"""The search for secrets finds them when they are there: planted in every form, at any place."""

import base64
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealine_protocol import mulaw
from sealine_tools import theft

NUMBER = "12125550142"
SECRETS = {"Ana's number": NUMBER, "Ana's name": "Anabel Ferrer", "Ana's PIN": "1357902468"}


def speech(seconds=1.0):
    """Something as lively as speech."""
    time = np.arange(int(8000 * seconds)) / 8000
    wave = 6000 * np.sin(2 * np.pi * 210 * time) * np.sin(2 * np.pi * 3 * time) + 900 * np.sin(2 * np.pi * 1777 * time)
    return wave.astype("<i2").tobytes()


def loot(folder, data, secrets=SECRETS, voice=None):
    folder.mkdir(exist_ok=True)
    (folder / "file").write_bytes(data)
    return theft.search(folder, secrets, voice or {})


def test_random_bytes_hold_nothing(tmp_path):
    found = loot(tmp_path, os.urandom(1_000_000), voice={"near": speech()})
    assert found.finds == ()
    assert (found.files, found.size) == (1, 1_000_000)
    assert found.needles > 60
    assert found.audio_pieces > 10_000


@pytest.mark.parametrize("form", theft.text_forms(NUMBER))
def test_a_number_is_found_in_every_form(tmp_path, form):
    needle = theft.text_forms(NUMBER)[form]
    finds = loot(tmp_path, os.urandom(777) + needle + os.urandom(99)).finds
    assert form in {find.form for find in finds}
    assert {find.secret for find in finds} == {"Ana's number"}


@pytest.mark.parametrize(
    ("planted", "form"),
    [
        (b"dialled=+1 212-555-0142\n", "with dashes"),
        (b'{"to": "(212) 555-0142"}', "with brackets"),
        (b"\x2f\x12\x12\x55\x50\x14\x2f", "BCD"),
        (b"\x21\x21\x55\x05\x41\xf2", "BCD, swapped"),
        (b"\x01\x21\x25\x55\x01\x42", "BCD, shifted"),
        (b"\x1b" + (12125550142).to_bytes(8, "big"), "binary, big-endian"),
    ],
)
def test_forms_that_others_would_write(tmp_path, planted, form):
    assert form in {find.form for find in loot(tmp_path, planted).finds}


@pytest.mark.parametrize("shift", range(3))
def test_base64_at_any_place(tmp_path, shift):
    text = base64.b64encode(b"x" * (12 + shift) + b"Anabel Ferrer" + b"y" * 10)
    assert {find.secret for find in loot(tmp_path, text).finds} == {"Ana's name"}


def test_a_name_in_capitals_and_a_name_of_a_file(tmp_path):
    (tmp_path / "13579024680").write_bytes(b"")
    finds = loot(tmp_path, b"<NAME>ANABEL FERRER</NAME>").finds
    assert {find.secret for find in finds} == {"Ana's name", "Ana's PIN"}


def test_a_find_does_not_repeat_the_secret(tmp_path):
    finds = loot(tmp_path, NUMBER.encode()).finds
    assert finds
    assert all(NUMBER not in str(find) for find in finds)


@given(st.binary(max_size=300), st.binary(max_size=300), st.text("0123456789", min_size=6, max_size=15))
def test_any_digits_at_any_place(tmp_path_factory, before, after, digits):
    folder = tmp_path_factory.mktemp("loot")
    assert loot(folder, before + digits.encode() + after, {"it": digits}).finds


@pytest.mark.parametrize("form", theft.audio_forms(speech()))
@pytest.mark.parametrize("offset", [0, 1, 3, 4097])
def test_speech_is_found_in_every_form_at_any_place(tmp_path, form, offset):
    voice = {"near": speech()}
    cut = theft.audio_forms(voice["near"])[form][1111 : 1111 + 160]
    finds = loot(tmp_path, os.urandom(offset) + cut + os.urandom(64), voice=voice).finds
    assert form in {find.form for find in finds}
    assert {find.secret for find in finds} == {"speech (near)"}


def test_twenty_milliseconds_of_one_leg_are_enough(tmp_path):
    near, far = speech(), speech()[::-1]
    finds = loot(tmp_path, mulaw.encode(far)[800:960], voice={"near": near, "far": far}).finds
    assert "speech (far)" in {find.secret for find in finds}


@pytest.mark.parametrize("silence", [b"\xff" * 9000, b"\x00" * 9000, b"\x7f\xff" * 4000])
def test_silence_is_not_speech(tmp_path, silence):
    assert loot(tmp_path, silence, voice={"near": bytes(8000) + speech()}).finds == ()


def test_alaw_is_g711s():
    """Values of ITU-T G.711 table 1a and 1b: the ends of segments, both signs, even bits inverted."""
    samples = np.array([0, -1, 32256, -32256, 8, 1000, -1000], "<i2")
    assert theft.audio_forms(samples.tobytes())["A-law"].hex() == "d555aa2ad5fa7a"
