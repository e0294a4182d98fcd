"""To find nothing proves nothing when the theft is not whole or the search is blind."""

import os

import pytest
from sealine_protocol import mulaw
from sealine_tools.demo import burglary, cast
from sealine_tools.demo.errors import DemoError


@pytest.fixture
def stolen(tmp_path):
    chunk = os.urandom(100)
    for place in burglary.PLACES:
        (tmp_path / place).mkdir()
    (tmp_path / "central" / "0.chunk").write_bytes(chunk)
    (tmp_path / "mqtt" / "1.bin").write_bytes(b"topic\n" + chunk + b"more")
    return tmp_path


def test_a_whole_theft(stolen):
    burglary.expect_whole(stolen)


@pytest.mark.parametrize("place", ["gateway", "broker", "logs"])
def test_a_place_is_missing(stolen, place):
    (stolen / place).rmdir()
    with pytest.raises(DemoError, match="not complete"):
        burglary.expect_whole(stolen)


def test_nothing_was_sealed(stolen):
    (stolen / "central" / "0.chunk").unlink()
    with pytest.raises(DemoError, match="not complete"):
        burglary.expect_whole(stolen)


def test_a_deaf_wiretap(stolen):
    (stolen / "mqtt" / "1.bin").write_bytes(b"topic\nanother payload")
    with pytest.raises(DemoError, match="did not hear"):
        burglary.expect_whole(stolen)


@pytest.fixture
def network(tmp_path):
    voice = os.urandom(4000)
    script = tmp_path / "parties.toml"
    script.write_text("\n".join(f"[party.{called.number}]" for called in cast.CALLED))
    (tmp_path / "spoken").mkdir()
    (tmp_path / "spoken" / "a.wav").write_bytes(voice)
    return tmp_path, script, voice


def test_the_control_finds_all(network):
    folder, script, voice = network
    text = burglary.control(folder / "control", script, folder / "spoken", cast.secrets(), {"a": voice})
    assert text.endswith("3 numbers and 1 voices")


def test_a_search_that_misses_a_voice_is_blind(network):
    folder, script, voice = network
    other = mulaw.decode(os.urandom(2000))
    with pytest.raises(DemoError, match="blind"):
        burglary.control(folder / "control", script, folder / "spoken", cast.secrets(), {"a": voice, "b": other})
