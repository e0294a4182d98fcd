import os
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from sealine_protocol.cobs import FrameDecoder, encode
from sealine_protocol.link import (
    HANDSHAKE_MS,
    KEEPALIVE_MS,
    MAX_BULK_QUEUED,
    MAX_CONTROL_QUEUED,
    MAX_UNREAD,
    SESSION_MS,
    SILENCE_MS,
    Link,
    LinkError,
    LinkFullError,
    PeerError,
)
from sealine_protocol.noise import MAX_COUNTER, Handshake
from sealine_protocol.reliable import FRAGMENT_BYTES, MAX_BULK_DOWN_BYTES, MAX_BULK_UP_BYTES, MAX_CONTROL_BYTES


class Pair:
    """A terminal and a gateway on a wire that may lose, double, reorder and cut what passes, on a simulated clock."""

    def __init__(self, seed: int = 0, loss: float = 0, piece: int = 0, **facilities: str) -> None:
        self.random = random.Random(seed)
        self.loss = loss
        self.piece = piece
        self.now_ms = 0
        self.links: dict[str, Link] = {}
        self.seen: dict[str, list[Any]] = {"terminal": [], "gateway": []}
        self.release = True
        self.wire: list[bytes] = []  # all that ever passed
        keys = {role: os.urandom(32) for role in self.seen}
        publics = {
            role: X25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw() for role, key in keys.items()
        }
        for role, other in (("terminal", "gateway"), ("gateway", "terminal")):

            def check_peer(hello: bytes, static: bytes, other: str = other) -> object:
                if hello != other.encode() * 400 or static != publics[other]:
                    raise PeerError("link: not who it must be")
                return other

            hello = role.encode() * 400  # takes three frames
            facility = facilities.get(role, "alpha")
            self.links[role] = Link(role, facility, keys[role], hello, check_peer, 0)  # type: ignore[arg-type]

    @property
    def terminal(self) -> Link:
        return self.links["terminal"]

    @property
    def gateway(self) -> Link:
        return self.links["gateway"]

    def step(self, duration_ms: int = 20) -> None:
        self.now_ms += duration_ms
        for role, link in self.links.items():
            link.tick(self.now_ms)
            other = self.links["gateway" if role == "terminal" else "terminal"]
            frames = []
            while len(frames) < 50 and (frame := link.pull()) is not None:
                frames.append(frame)
            self.wire += frames
            self._deliver(frames, other, lossy=self.loss > 0 and link.up and other.up)
            self._collect()

    def run(self, until_ms: int) -> None:
        while self.now_ms < until_ms:
            self.step()

    def connect(self) -> None:
        self.run(self.now_ms + 200)
        assert self.seen == {"terminal": [("up", "gateway")], "gateway": [("up", "terminal")]}
        self.seen = {"terminal": [], "gateway": []}

    def _deliver(self, frames: list[bytes], to: Link, *, lossy: bool) -> None:
        if lossy:
            frames = [frame for frame in frames for _ in range(self._copies())]
            if self.random.random() < self.loss:
                self.random.shuffle(frames)
        data = b"".join(frames)
        piece = self.piece or max(1, len(data))
        for start in range(0, len(data), piece):
            to.feed(data[start : start + piece])

    def _copies(self) -> int:
        chance = self.random.random()
        return 0 if chance < self.loss else 2 if chance < 2 * self.loss else 1

    def _collect(self) -> None:
        for role, link in self.links.items():
            for event in link.events():
                self.seen[role].append(event)
                if self.release and event[0] in ("control", "bulk"):
                    link.release(event[0])  # type: ignore[arg-type]


def of(kind: str, events: list[Any]) -> list[Any]:
    return [event[1] for event in events if event[0] == kind]


@pytest.mark.parametrize("piece", [0, 1, 7])
def test_messages_of_the_largest_size_pass_both_ways(piece: int) -> None:
    pair = Pair(piece=piece)
    pair.connect()
    control, up, down = (os.urandom(size) for size in (MAX_CONTROL_BYTES, MAX_BULK_UP_BYTES, MAX_BULK_DOWN_BYTES))
    pair.terminal.send_control(control)
    pair.gateway.send_control(control)
    ident = pair.terminal.send_bulk(up)
    pair.gateway.send_bulk(down)
    pair.run(1000)
    assert of("control", pair.seen["gateway"]) == of("control", pair.seen["terminal"]) == [control]
    assert of("bulk", pair.seen["gateway"]) == [up]
    assert of("bulk", pair.seen["terminal"]) == [down]
    assert of("bulk-sent", pair.seen["terminal"]) == [ident]
    assert pair.terminal.counters["fragments_retransmitted"] == 0


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.01, 0.03, 0.06]),
    piece=st.sampled_from([0, 1, 3, 100]),
    sizes=st.lists(st.integers(1, MAX_BULK_UP_BYTES), min_size=1, max_size=4),
)
def test_a_lossy_wire_loses_doubles_and_reorders_no_message(
    seed: int, loss: float, piece: int, sizes: list[int]
) -> None:
    pair = Pair(seed, loss, piece)
    pair.connect()
    sent = [os.urandom(size) for size in sizes]
    waiting = list(sent)
    controls = [os.urandom(40) for _ in range(6)]
    for message in controls:
        pair.gateway.send_control(message)
        pair.terminal.send_control(message)
    while pair.now_ms < 120_000 and (
        len(of("bulk-sent", pair.seen["terminal"])) < len(sent)
        or min(len(of("control", seen)) for seen in pair.seen.values()) < len(controls)
    ):
        while waiting:
            try:
                pair.terminal.send_bulk(waiting[0])
            except LinkFullError:
                break
            waiting.pop(0)
        pair.step()
    assert of("bulk", pair.seen["gateway"]) == sent
    assert of("control", pair.seen["gateway"]) == of("control", pair.seen["terminal"]) == controls


def test_voice_is_dropped_and_never_queued() -> None:
    pair = Pair()
    pair.connect()
    for number in range(10):
        pair.terminal.send_voice(0xFFFC + number, bytes([number]) * 160)
    pair.step()
    assert [(event[1], event[2][0]) for event in pair.seen["gateway"]] == [(4, 8), (5, 9)]
    assert pair.terminal.voice_dropped == 8


def test_voice_and_control_go_before_bulk() -> None:
    pair = Pair()
    pair.connect()
    pair.terminal.send_bulk(bytes(MAX_BULK_UP_BYTES))
    pair.terminal.send_control(b"control")
    pair.terminal.send_voice(1, bytes(160))
    sizes = []
    while (frame := pair.terminal.pull()) is not None:
        sizes.append(len(frame))
    assert sizes[0] == 190
    assert sizes[1] < 60
    assert all(size > FRAGMENT_BYTES for size in sizes[2:])


def test_a_reader_that_does_not_read_holds_the_sender_back_and_loses_nothing() -> None:
    pair = Pair()
    pair.connect()
    pair.release = False
    sent: list[bytes] = []
    while pair.now_ms < 30_000:
        try:
            message = os.urandom(700)
            pair.terminal.send_bulk(message)
            sent.append(message)
        except LinkFullError:
            pass
        pair.step()
    assert len(of("bulk", pair.seen["gateway"])) == MAX_UNREAD
    assert len(sent) == MAX_UNREAD + MAX_BULK_QUEUED
    assert pair.terminal.up
    for _ in range(MAX_UNREAD):
        pair.gateway.release("bulk")
    pair.run(pair.now_ms + 2000)
    assert of("bulk", pair.seen["gateway"]) == sent


def test_a_sender_is_bounded() -> None:
    pair = Pair()
    with pytest.raises(LinkError):
        pair.terminal.send_control(b"before up")
    pair.connect()
    for _ in range(MAX_CONTROL_QUEUED):
        pair.terminal.send_control(b"x")
    with pytest.raises(LinkFullError):
        pair.terminal.send_control(b"x")
    for size in (0, MAX_BULK_DOWN_BYTES + 1):
        with pytest.raises(LinkError, match="has 1 to"):
            pair.gateway.send_bulk(bytes(size))
    with pytest.raises(LinkError):
        pair.gateway.send_voice(0, bytes(159))


def test_a_silent_peer_ends_the_link_and_keepalives_hold_it() -> None:
    pair = Pair()
    pair.connect()
    pair.run(60_000)
    assert pair.terminal.up
    assert pair.gateway.up
    assert len(pair.wire) < 2 * 62_000 / KEEPALIVE_MS
    start_ms = pair.now_ms
    while pair.terminal.down_reason is None:
        pair.now_ms += 20
        pair.terminal.tick(pair.now_ms)
        pair.terminal.pull()
    assert pair.terminal.down_reason == "silent"
    assert SILENCE_MS - KEEPALIVE_MS <= pair.now_ms - start_ms <= SILENCE_MS + 20
    assert pair.terminal.pull() is None


def test_replayed_mutated_and_cut_frames_change_nothing() -> None:
    pair = Pair()
    pair.connect()
    pair.terminal.send_control(b"once")
    pair.terminal.send_voice(7, bytes(160))
    pair.run(1000)
    assert of("control", pair.seen["gateway"]) == [b"once"]
    noise = random.Random(1)
    refused = pair.gateway.refused
    for frame in list(pair.wire):
        mutated = bytearray(frame)
        mutated[noise.randrange(len(frame) - 1)] ^= 1 << noise.randrange(8)
        for hostile in (frame, bytes(mutated), frame[: len(frame) // 2] + b"\0"):
            pair.gateway.feed(hostile)
    assert pair.gateway.events() == []
    assert pair.gateway.refused > refused + len(pair.wire)
    pair.terminal.send_control(b"twice")
    pair.run(pair.now_ms + 200)
    assert of("control", pair.seen["gateway"]) == [b"once", b"twice"]


def test_frames_of_another_session_are_refused() -> None:
    old, new = Pair(), Pair()
    old.connect()
    old.terminal.send_control(b"old")
    old.run(200)
    new.connect()
    for frame in old.wire:
        new.gateway.feed(frame)
    assert new.gateway.events() == []


def test_another_facility_in_the_prologue_fails() -> None:
    pair = Pair(terminal="alpha", gateway="beta")
    pair.run(HANDSHAKE_MS + 100)
    assert pair.seen == {"terminal": [("down", "handshake")], "gateway": [("down", "handshake")]}


@pytest.mark.parametrize("liar", ["terminal", "gateway"])
def test_a_wrong_credential_fails(liar: str) -> None:
    pair = Pair()
    pair.links[liar]._hello = b"somebody else"
    pair.run(HANDSHAKE_MS + 100)
    honest = "gateway" if liar == "terminal" else "terminal"
    assert pair.seen[honest] == [("down", "peer")]
    assert not pair.links[honest].up


def test_a_credential_with_another_link_key_fails() -> None:
    pair = Pair()
    thief = Handshake(initiator=True, static_key=os.urandom(32), prologue=b"sealine/1\0alpha")
    pair.gateway.feed(encode(b"\x01" + thief.write(b"")))
    answer = b""
    while (frame := pair.gateway.pull()) is not None:
        answer += frame
    thief.read(b"".join(body[1:] for body in FrameDecoder().feed(answer)))
    message = thief.write(b"terminal" * 400)
    for start in range(0, len(message), 1000):
        more = 0x80 if start + 1000 < len(message) else 0
        pair.gateway.feed(encode(bytes([3 | more]) + message[start : start + 1000]))
    assert pair.gateway.events() == [("down", "peer")]


def test_a_handshake_that_never_ends_is_bounded_in_memory_and_time() -> None:
    pair = Pair()
    for _ in range(3):
        pair.gateway.feed(encode(b"\x81" + bytes(1100)))
    assert len(pair.gateway._handshake_part) == 3300
    pair.gateway.tick(HANDSHAKE_MS)
    assert pair.gateway.events() == [("down", "handshake")]
    pair = Pair()
    for _ in range(4):
        pair.gateway.feed(encode(b"\x81" + bytes(1100)))
    assert pair.gateway.events() == [("down", "peer")]


def test_a_flood_of_handshakes_costs_one_answer() -> None:
    pair = Pair()
    first = b"\x01" + Handshake(initiator=True, static_key=os.urandom(32), prologue=b"").write(b"")
    for _ in range(1000):
        pair.gateway.feed(encode(first))
    assert len(pair.gateway._handshake_out) == 3
    assert pair.gateway.refused == 999


@settings(deadline=None)
@given(st.binary(max_size=3000), st.integers(0, 2))
def test_garbage_never_raises(garbage: bytes, when: int) -> None:
    pair = Pair()
    pair.run(when * 100)
    for link in pair.links.values():
        link.feed(garbage)
        for kind in range(6):
            link.feed(encode(bytes([kind]) + garbage[:1000]))


@settings(deadline=None)
@given(st.binary(max_size=600) | st.tuples(st.sampled_from([0, 1, 2, 3]), st.binary(max_size=600)).map(
    lambda pair: bytes([pair[0]]) + pair[1]
))  # fmt: skip
def test_an_authentic_peer_that_talks_nonsense_is_dropped_or_ignored(plain: bytes) -> None:
    pair = Pair()
    pair.connect()
    transport = pair.terminal._transport
    assert transport is not None
    pair.gateway.feed(encode(b"\x04" + transport.seal(plain)))
    kinds = {event[0] for event in pair.gateway.events()}
    assert kinds <= {"voice", "control", "bulk", "down"}
    if pair.gateway.down_reason:
        assert pair.gateway.down_reason == "peer"


def test_a_peer_cannot_send_a_message_over_the_limit() -> None:
    pair = Pair()
    pair.connect()
    transport = pair.terminal._transport
    assert transport is not None
    for sequence in range(MAX_CONTROL_BYTES // FRAGMENT_BYTES + 1):
        head = b"\x01" + sequence.to_bytes(2, "big") + b"\0\0\0"
        pair.gateway.feed(encode(b"\x04" + transport.seal(head + bytes(FRAGMENT_BYTES))))
    assert pair.gateway.events() == [("down", "peer")]


def test_a_peer_that_never_acknowledges_is_given_up() -> None:
    pair = Pair()
    pair.connect()
    transport = pair.gateway._transport
    assert transport is not None
    pair.terminal.send_control(b"anybody there?")
    while pair.terminal.down_reason is None and pair.now_ms < 30_000:
        pair.now_ms += 100
        pair.terminal.tick(pair.now_ms)
        pair.terminal.pull()
        pair.terminal.feed(encode(b"\x04" + transport.seal(b"\x03\0\0\0\0\x08\x08")))
    assert pair.terminal.down_reason == "stalled"
    assert pair.now_ms < 12_000


def test_a_new_handshake_is_asked_for_daily_and_when_counters_end() -> None:
    pair = Pair()
    pair.connect()
    pair.terminal._heard_ms = pair.terminal._started_ms = pair.now_ms - SESSION_MS["terminal"] + 1
    pair.terminal._heard_ms = pair.now_ms
    pair.terminal.tick(pair.now_ms)
    assert pair.terminal.up
    pair.terminal.tick(pair.now_ms + 1)
    assert pair.terminal.down_reason == "rekey"
    transport = pair.gateway._transport
    assert transport is not None
    transport._counter = MAX_COUNTER + 1
    pair.gateway.send_control(b"x")
    assert pair.gateway.pull() is None
    pair.gateway.tick(pair.now_ms)
    assert pair.gateway.down_reason == "rekey"


def test_close_says_so_once() -> None:
    pair = Pair()
    pair.connect()
    pair.gateway.close()
    pair.gateway.close()
    assert pair.gateway.events() == [("down", "closed")]
    pair.gateway.feed(b"anything\0")
    assert pair.gateway.events() == []
