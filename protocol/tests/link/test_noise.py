import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from noise.connection import Keypair, NoiseConnection
from sealine_protocol.noise import (
    COUNTER_BYTES,
    MAX_COUNTER,
    PROTOCOL_NAME,
    REPLAY_WINDOW,
    Handshake,
    NoiseError,
    ReplayWindow,
    Transport,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "noise.json").read_text())["vectors"]


def handshakes(prologues: tuple[bytes, bytes] = (b"p", b"p")) -> tuple[Handshake, Handshake]:
    initiator, responder = (
        Handshake(initiator=initiator, static_key=os.urandom(32), prologue=prologue)
        for initiator, prologue in zip((True, False), prologues, strict=True)
    )
    return initiator, responder


def transports() -> tuple[Transport, Transport]:
    one, two = os.urandom(32), os.urandom(32)
    return Transport(send_key=one, receive_key=two), Transport(send_key=two, receive_key=one)


@pytest.mark.parametrize("vector", VECTORS)
def test_published_vectors(vector: dict[str, Any]) -> None:
    assert vector["protocol_name"].encode() == PROTOCOL_NAME
    sender, receiver = (
        Handshake(
            initiator=side == "init",
            static_key=bytes.fromhex(vector[f"{side}_static"]),
            prologue=bytes.fromhex(vector["prologue"]),
            ephemeral_key=bytes.fromhex(vector[f"{side}_ephemeral"]),
        )
        for side in ("init", "resp")
    )
    for message in vector["messages"][:3]:
        sealed = sender.write(bytes.fromhex(message["payload"]))
        assert sealed.hex() == message["ciphertext"]
        assert receiver.read(sealed).hex() == message["payload"]
        sender, receiver = receiver, sender
    assert sender.hash.hex() == receiver.hash.hex() == vector["handshake_hash"]
    ends = [sender.split(), receiver.split()]  # the responder speaks next
    for message in vector["messages"][3:]:
        sealed = ends[0].seal(bytes.fromhex(message["payload"]))
        assert sealed[COUNTER_BYTES:].hex() == message["ciphertext"]
        assert ends[1].open(sealed).hex() == message["payload"]
        ends.reverse()


@pytest.mark.parametrize("ours_starts", [True, False])
def test_agrees_with_an_independent_library(ours_starts: bool) -> None:
    theirs = NoiseConnection.from_name(PROTOCOL_NAME)
    theirs.set_prologue(b"sealine/1\0alpha")
    theirs.set_keypair_from_private_bytes(Keypair.STATIC, os.urandom(32))
    if ours_starts:
        theirs.set_as_responder()
    else:
        theirs.set_as_initiator()
    theirs.start_handshake()
    ours = Handshake(initiator=ours_starts, static_key=os.urandom(32), prologue=b"sealine/1\0alpha")
    for step in range(3):
        payload = os.urandom(step * 300)
        if (step % 2 == 0) == ours_starts:
            assert theirs.read_message(ours.write(payload)) == payload
        else:
            assert ours.read(bytes(theirs.write_message(payload))) == payload
    assert ours.hash == theirs.get_handshake_hash()
    transport = ours.split()
    for _ in range(3):
        assert theirs.decrypt(transport.seal(b"to them")[COUNTER_BYTES:]) == b"to them"
    for counter in range(3):
        assert transport.open(counter.to_bytes(8, "big") + theirs.encrypt(b"to us")) == b"to us"


def test_a_wrong_prologue_fails_at_the_second_message() -> None:
    initiator, responder = handshakes((b"sealine/1\0alpha", b"sealine/1\0beta"))
    responder.read(initiator.write(b""))
    with pytest.raises(NoiseError):
        initiator.read(responder.write(b"hello"))


@pytest.mark.parametrize("step", [1, 2])
@given(data=st.data())
def test_a_mutated_or_cut_handshake_message_is_refused(step: int, data: st.DataObject) -> None:
    sides = handshakes()
    for index in range(step):
        sides[1 - index % 2].read(sides[index % 2].write(b""))
    message = bytearray(sides[step % 2].write(b"payload"))
    if data.draw(st.booleans()):
        message[data.draw(st.integers(0, len(message) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del message[data.draw(st.integers(0, len(message) - 1)) :]
    reader = sides[1 - step % 2]
    with pytest.raises(NoiseError):
        reader.read(bytes(message))


@pytest.mark.parametrize("key", [bytes(32), b"\x01" + bytes(31)])
def test_a_key_of_low_order_is_refused(key: bytes) -> None:
    _, responder = handshakes()
    responder.read(key)
    with pytest.raises(NoiseError):
        responder.write(b"")


def test_messages_out_of_turn_are_refused() -> None:
    initiator, responder = handshakes()
    with pytest.raises(NoiseError):
        responder.write(b"")
    with pytest.raises(NoiseError):
        initiator.read(bytes(48))
    with pytest.raises(NoiseError):
        initiator.split()


def test_transport_refuses_what_it_opened_before() -> None:
    sender, receiver = transports()
    sealed = [sender.seal(bytes([number])) for number in range(200)]
    assert receiver.open(sealed[5]) == b"\x05"
    assert receiver.open(sealed[2]) == b"\x02"
    assert receiver.open(sealed[199]) == b"\xc7"
    for number in (2, 5, 199, 199 - REPLAY_WINDOW):
        with pytest.raises(NoiseError):
            receiver.open(sealed[number])
    assert receiver.open(sealed[199 - REPLAY_WINDOW + 1])


@given(st.integers(0, 8 + 5 + 16 - 1), st.integers(0, 7))
def test_no_bit_of_a_transport_message_can_change(position: int, bit: int) -> None:
    sender, receiver = transports()
    sealed = sender.seal(b"voice")
    forged = bytearray(sealed)
    forged[position] ^= 1 << bit
    with pytest.raises(NoiseError):
        receiver.open(bytes(forged))
    with pytest.raises(NoiseError):
        receiver.open(sealed[:position])
    assert receiver.open(sealed) == b"voice"  # and the forgery has moved no window


def test_every_message_takes_a_fresh_counter_and_they_end() -> None:
    sender, _ = transports()
    heads = [int.from_bytes(sender.seal(b"same")[:8], "big") for _ in range(100)]
    assert all(later == earlier + 1 for earlier, later in pairwise(heads))
    sender._counter = MAX_COUNTER
    sender.seal(b"last")
    assert sender.exhausted
    with pytest.raises(NoiseError):
        sender.seal(b"one more")


@given(st.lists(st.integers(0, 400), max_size=300))
def test_replay_window_agrees_with_a_set(counters: list[int]) -> None:
    window = ReplayWindow()
    seen: set[int] = set()
    for counter in counters:
        expected = counter not in seen and counter > max(seen, default=-1) - REPLAY_WINDOW
        assert window.is_fresh(counter) is expected
        if expected:
            window.accept(counter)
            seen.add(counter)
