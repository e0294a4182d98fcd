"""The whole terminal against a scripted gateway: what a person sees, and what a hostile gateway cannot do."""

import time
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(60)

from sealine_hil.board import Lamp  # noqa: E402


def answer(gateway: Any) -> bytes:
    """The called party picks up and the notice is played; the call's id."""
    call: bytes = gateway.wait("dial")["call"]
    gateway.call = call
    gateway.say(type="progress", call=call, state="ringing")
    gateway.say(type="progress", call=call, state="answered")
    gateway.wait("notice-done")
    return call


def test_a_recorded_call_from_the_handset_to_the_receipt(phone: Any, gateway: Any, world: Any) -> None:
    phone.dial("2025550123")
    phone.board.wait_display("RECORDED")
    phone.board.wait_display("$0.06 a minute")
    phone.board.press("#")
    call = answer(gateway)
    gateway.say(type="progress", call=call, state="accepted")
    phone.board.wait_display("Talking")
    assert phone.board.lamp() == Lamp.RED
    time.sleep(2.5)
    phone.board.hang_up()
    record = gateway.wait("record")
