# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The Sealine contributors
"""Frames, Noise, channels and the link's core, with the vectors that the host reads too."""

import json
import sys

import check
import sodium
from wire import cobs
from wire.channel import LinkError, LinkFullError, PeerError, Receiver, Sender
from wire.link import Link
from wire.noise import MAX_COUNTER, Handshake, NoiseError, ReplayWindow, Transport

_PROGRAM = sys.argv[0] if sys.argv[0].startswith("/") else "./" + sys.argv[0]
VECTORS = _PROGRAM.rsplit("/", 5)[0] + "/protocol/vectors/"


def vectors(name: str) -> dict:
    with open(VECTORS + name) as file:
        return json.load(file)


def stuffed(body: bytes) -> bytes:
    buffer = bytearray(cobs.MAX_FRAME_BYTES)
    buffer[1 : 1 + len(body)] = body
    return bytes(buffer[: cobs.stuff(buffer, len(body))])


def decode_all(decoder: cobs.Decoder, data: bytes) -> list[bytes]:
    bodies = []
    stream = bytearray(data)
    position = 0
    while position < len(stream):
        position = decoder.push(stream, position, len(stream))
        if decoder.body_bytes:
            bodies.append(bytes(decoder.frame[1 : 1 + decoder.body_bytes]))
    return bodies


def test_cobs_vectors_hold_both_ways() -> None:
    for vector in vectors("cobs.json")["vectors"]:
        body = bytes.fromhex(vector["body"])
        assert stuffed(body) == bytes.fromhex(vector["stuffed"]) + b"\0"
        assert decode_all(cobs.Decoder(), stuffed(body)) == [body]


def test_broken_frames_are_counted_and_the_next_one_arrives() -> None:
    for text in vectors("cobs.json")["broken"]:
        decoder = cobs.Decoder()
        assert decode_all(decoder, bytes.fromhex(text) + b"\0" + stuffed(b"next")) == [b"next"]
        assert decoder.broken == 1


def test_oversized_frames_are_drained_and_counted() -> None:
    decoder = cobs.Decoder()
    assert decode_all(decoder, b"\x01" * 5000) == []
    assert decode_all(decoder, b"\x01" * 5000 + b"\0" + stuffed(b"next")) == [b"next"]
    assert decoder.oversized == 1


def test_random_bodies_of_all_sizes_survive_byte_by_byte() -> None:
    decoder = cobs.Decoder()
    for size in list(range(1, 20)) + list(range(250, 260)) + list(range(505, 515)) + [1199, 1200]:
        for body in (sodium.random(size), b"\xff" * size, bytes(size)):
            found = []
            for byte in stuffed(body):
                found += decode_all(decoder, bytes([byte]))
            assert found == [body]


def test_noise_vector_holds() -> None:
    for vector in vectors("noise.json")["vectors"]:
        prologue = bytes.fromhex(vector["prologue"])
        sender = Handshake(
            True, bytes.fromhex(vector["init_static"]), prologue, bytes.fromhex(vector["init_ephemeral"])
        )
        receiver = Handshake(
            False, bytes.fromhex(vector["resp_static"]), prologue, bytes.fromhex(vector["resp_ephemeral"])
        )
        for message in vector["messages"][:3]:
            sealed = sender.write(bytes.fromhex(message["payload"]))
            assert sealed == bytes.fromhex(message["ciphertext"])
            assert receiver.read(sealed) == bytes.fromhex(message["payload"])
            sender, receiver = receiver, sender
        assert sender.hash() == receiver.hash() == bytes.fromhex(vector["handshake_hash"])
        ends = [sender.split(), receiver.split()]  # after three messages `sender` is the responder
        for message in vector["messages"][3:]:
            plain = bytes.fromhex(message["payload"])
            frame = bytearray(8 + len(plain) + 16)
            view = memoryview(frame)
            view[8 : 8 + len(plain)] = plain
            ends[0].seal(frame, 0, view[8 : 8 + len(plain)], view[8:])
            assert bytes(view[8:]) == bytes.fromhex(message["ciphertext"])
            ends[1].open(frame, 0, view[8:], view[8 : 8 + len(plain)])
            assert bytes(view[8 : 8 + len(plain)]) == plain
            ends.reverse()


def test_low_order_keys_are_refused() -> None:
    handshake = Handshake(False, bytes(range(32)), b"")
    handshake.read(bytes(32))
    check.raises(NoiseError, "", handshake.write, b"")


def pair_of_transports() -> tuple[Transport, Transport]:
    one, two = sodium.random(32), sodium.random(32)
    return Transport(one, two), Transport(two, one)


def sealed_by(transport: Transport, plain: bytes) -> bytearray:
    frame = bytearray(8 + len(plain) + 16)
    view = memoryview(frame)
    view[8 : 8 + len(plain)] = plain
    transport.seal(frame, 0, view[8 : 8 + len(plain)], view[8:])
    return frame


def opened_by(transport: Transport, frame: bytes) -> bytes:
    copy = bytearray(frame)
    view = memoryview(copy)
    transport.open(copy, 0, view[8:], view[8:-16])
    return bytes(view[8:-16])


def test_transport_refuses_replayed_mutated_and_far_counters() -> None:
    sender, receiver = pair_of_transports()
    frames = [sealed_by(sender, b"text " + str(number).encode()) for number in range(300)]
    assert opened_by(receiver, frames[5]) == b"text 5"
    check.raises(NoiseError, "", opened_by, receiver, frames[5])
    assert opened_by(receiver, frames[2]) == b"text 2"
    assert opened_by(receiver, frames[299]) == b"text 299"
    check.raises(NoiseError, "", opened_by, receiver, frames[171])
    assert opened_by(receiver, frames[172]) == b"text 172"
    for position in range(len(frames[200])):
        forged = bytearray(frames[200])
        forged[position] ^= 1
        check.raises(NoiseError, "", opened_by, receiver, forged)
    assert opened_by(receiver, frames[200]) == b"text 200"
    far = bytearray(frames[201])
    far[4] = 0x40
    check.raises(NoiseError, "", opened_by, receiver, far)


def test_a_forged_high_counter_moves_no_window() -> None:
    sender, receiver = pair_of_transports()
    frame = sealed_by(sender, b"first")
    forged = bytearray(frame)
    forged[6] = 0x7F
    check.raises(NoiseError, "", opened_by, receiver, forged)
    assert opened_by(receiver, frame) == b"first"


def test_counters_end() -> None:
    sender, _ = pair_of_transports()
    sender._counter = MAX_COUNTER
    sealed_by(sender, b"last")
    assert sender.exhausted()
    check.raises(NoiseError, "", sealed_by, sender, b"one more")


def test_replay_window_agrees_with_a_set() -> None:
    window = ReplayWindow()
    seen = set()
    highest = -1
    for _ in range(3000):
        noise = sodium.random(2)
        counter = max(0, highest - 140 + (noise[0] + noise[1]) % 290)
        expected = counter not in seen and counter > highest - 128
        assert window.is_fresh(counter) == expected
        if expected:
            window.accept(counter)
            seen.add(counter)
            highest = max(highest, counter)


def test_sender_joins_parts_and_bounds_its_queue() -> None:
    sender = Sender(2000, 2)
    check.raises(LinkError, "", sender.push, b"")
    check.raises(LinkError, "", sender.push, bytes(1001), bytes(1000))
    sender.push(b"a" * 700, bytearray(b"b" * 600), memoryview(b"c" * 100))
    sender.push(b"d")
    check.raises(LinkFullError, "", sender.push, b"e")
    out = memoryview(bytearray(512))
    text = b""
    while sender.ready():
        text += bytes(out[: sender.pull(out, 0)])
    assert text == b"a" * 700 + b"b" * 600 + b"c" * 100 + b"d"
    assert sender.acknowledge(9) == []
    assert sender.acknowledge(3) == [1]
    assert sender.acknowledge(4) == [2]


def test_sender_goes_back_and_gives_up() -> None:
    sender = Sender(2000, 2)
    sender.push(b"x" * 1000)
    out = memoryview(bytearray(512))
    now = 0
    rounds = 0
    while True:
        while sender.ready():
            sender.pull(out, now)
        now += 50
        if not sender.tick(now):
            break
        rounds += 1
        assert rounds < 1000
    assert 4000 < now < 10000
    check.equal(sender.retransmitted, 16)


def test_receiver_holds_back_and_refuses_what_is_too_long() -> None:
    receiver = Receiver(1000, 1)
    assert receiver.push(1, True, memoryview(b"early")) is None
    assert receiver.push(0, True, memoryview(b"text")) == b"text"
    assert receiver.window() == 0
    assert receiver.push(1, True, memoryview(b"more")) is None
    receiver.release()
    assert receiver.push(1, False, memoryview(bytes(512))) is None
    check.raises(PeerError, "", receiver.push, 2, False, memoryview(bytes(489)))
    check.raises(PeerError, "", receiver.push, 2, False, memoryview(bytes(513)))


def test_link_starts_with_a_handshake_and_gives_up_in_time() -> None:
    link = Link("alpha", bytes(range(32)), b"hello", None, 0)
    frame = bytes(link.pull())
    check.equal((len(frame), frame[1], link.pull()), (35, 1, None))
    link.send_voice(1, bytes(160))
    assert link.voice_dropped == 1
    check.raises(LinkError, "", link.send_control, b"too early")
    link.tick(4999)
    assert link.events() == []
    link.tick(5000)
    assert link.events() == [("down", "handshake")]


def test_garbage_does_no_harm_before_the_handshake() -> None:
    link = Link("alpha", bytes(range(32)), b"hello", None, 0)
    for _ in range(200):
        noise = bytearray(sodium.random(300))
        link.feed(noise, 300)
    answer = bytearray(stuffed(b"\x02" + sodium.random(200)))
    link.feed(bytearray(1), 1)
    link.feed(answer, len(answer))
    assert link.events() == [("down", "handshake")]
    assert link.pull() is None


def test_a_handshake_message_that_never_ends_is_bounded() -> None:
    link = Link("alpha", bytes(range(32)), b"hello", None, 0)
    part = bytearray(stuffed(b"\x82" + bytes(1000)))
    for _ in range(5):
        link.feed(part, len(part))
    assert link.events() == [("down", "peer")]


check.run(globals())
