"""The link between terminal and gateway without socket and clock: frames, Noise_XX, and three channels on top.

Feed bytes, tick the clock, pull frames to transmit, take events. Nothing that a peer sends makes it raise.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from .cobs import MAX_BODY_BYTES, FrameDecoder, encode
from .noise import Handshake, NoiseError, Transport
from .reliable import (
    MAX_BULK_DOWN_BYTES,
    MAX_BULK_UP_BYTES,
    MAX_CONTROL_BYTES,
    Fragment,
    LinkError,
    LinkFullError,
    PeerError,
    Receiver,
    Sender,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Event", "Link", "LinkError", "LinkFullError", "PeerError", "Role"]

Role: TypeAlias = Literal["terminal", "gateway"]
Event: TypeAlias = (
    tuple[Literal["up"], object]
    | tuple[Literal["control", "bulk"], bytes]
    | tuple[Literal["voice"], int, bytes]
    | tuple[Literal["bulk-sent"], int]
    | tuple[Literal["down"], str]
)

PROLOGUE: Final = b"sealine/1\0"  # then the facility
MAX_HANDSHAKE_BYTES: Final = 4096  # a credential and two issuers are under 1 KB
HANDSHAKE_MS: Final = 5000  # 4 KB at 115 200 baud, and public-key work of some 100 ms on the terminal
KEEPALIVE_MS: Final = 500  # four chances within SILENCE_MS
SILENCE_MS: Final = 2000  # as long as a call survives a broken link
SESSION_MS: Final = {"terminal": 23 * 3600 * 1000, "gateway": 24 * 3600 * 1000}  # daily; the terminal goes first
VOICE_BYTES: Final = 160  # 20 ms of G.711
MAX_VOICE_QUEUED: Final = 2  # older than 40 ms is worth less than the next frame
MAX_CONTROL_QUEUED: Final = 16  # of some hundred bytes each, in the life of a call
MAX_BULK_QUEUED: Final = 2  # one on its way and the next
MAX_UNREAD: Final = 4  # messages that may wait for their reader, per channel

_TRANSPORT: Final = 4
_MORE: Final = 0x80  # more fragments of this handshake message follow
_VOICE, _CONTROL, _BULK, _ACK = range(4)
_LAST: Final = 0x01
_VOICE_HEAD: Final = struct.Struct(">BH")
_DATA_HEAD: Final = struct.Struct(">BHHB")  # channel, sequence, acknowledgement, flags
_ACK_FORM: Final = struct.Struct(">BHHBB")  # channel, acknowledgements and windows of control and bulk


class Link:
    """One connection, from handshake to its end; a new connection takes a new object."""

    def __init__(
        self,
        role: Role,
        facility: str,
        static_key: bytes,
        hello: bytes,
        check_peer: Callable[[bytes, bytes], object],
        now_ms: int,
    ) -> None:
        """Start a handshake.

        `static_key` is the raw X25519 private key, `hello` the encoded link-hello. `check_peer(hello, static)` gets
        the peer's and returns what "up" shall carry, or raises PeerError. `now_ms` counts from anywhere.
        """
        self._role: Role = role
        self._hello = hello
        self._check_peer = check_peer
        handshake = Handshake(
            initiator=role == "terminal", static_key=static_key, prologue=PROLOGUE + facility.encode()
        )
        self._handshake: Handshake | None = handshake
        self._handshake_step = 1 if role == "gateway" else 2  # the message that we wait for
        self._handshake_part = bytearray()
        self._handshake_out: deque[bytes] = deque()
        self._transport: Transport | None = None
        self._now_ms = self._started_ms = self._heard_ms = self._sent_ms = now_ms
        self._frames = FrameDecoder()
        self._events: list[Event] = []
        self._voice: deque[bytes] = deque()
        ups, downs = (MAX_BULK_UP_BYTES, MAX_BULK_DOWN_BYTES)
        bulk_out, bulk_in = (ups, downs) if role == "terminal" else (downs, ups)
        self._senders = {
            _CONTROL: Sender(max_message_bytes=MAX_CONTROL_BYTES, max_queued=MAX_CONTROL_QUEUED),
            _BULK: Sender(max_message_bytes=bulk_out, max_queued=MAX_BULK_QUEUED),
        }
        self._receivers = {
            _CONTROL: Receiver(max_message_bytes=MAX_CONTROL_BYTES, max_unread=MAX_UNREAD),
            _BULK: Receiver(max_message_bytes=bulk_in, max_unread=MAX_UNREAD),
        }
        self.down_reason: str | None = None
        self.voice_dropped = 0
        self.refused = 0  # frames that did not authenticate or made no sense
        if role == "terminal":
            self._write_handshake(handshake, 1, b"")

    @property
    def up(self) -> bool:
        """True while messages can be sent."""
        return self._transport is not None

    @property
    def greeted(self) -> bool:
        """True once the peer has sent a whole handshake message that makes sense."""
        return self._handshake_step > 2  # that which a link begins to wait for is 1 or 2

    @property
    def counters(self) -> dict[str, int]:
        """What was dropped or repeated so far, by name."""
        return {
            "frames_oversized": self._frames.oversized,
            "frames_broken": self._frames.broken,
            "frames_refused": self.refused,
            "voice_dropped": self.voice_dropped,
            "fragments_dropped": sum(receiver.dropped for receiver in self._receivers.values()),
            "fragments_retransmitted": sum(sender.retransmitted for sender in self._senders.values()),
        }

    def send_control(self, message: bytes) -> int:
        """Queue a control message. LinkFullError if too many wait, LinkError if down or of a wrong size."""
        return self._send(_CONTROL, message)

    def send_bulk(self, message: bytes) -> int:
        """Queue a bulk message and return its number, which "bulk-sent" will name. Errors as send_control."""
        return self._send(_BULK, message)

    def send_voice(self, sequence: int, frame: bytes) -> None:
        """Offer 20 ms of voice; the oldest waiting frame gives way. Without a link it is dropped."""
        if len(frame) != VOICE_BYTES:
            raise LinkError("link: a voice frame has 160 bytes")
        if not self.up:
            self.voice_dropped += 1
            return
        if len(self._voice) == MAX_VOICE_QUEUED:
            self._voice.popleft()
            self.voice_dropped += 1
        self._voice.append(_VOICE_HEAD.pack(_VOICE, sequence & 0xFFFF) + frame)

    def release(self, channel: Literal["control", "bulk"]) -> None:
        """Say that a message of this channel was taken; a peer may have MAX_UNREAD before it must wait."""
        self._receivers[_CONTROL if channel == "control" else _BULK].release()

    def feed(self, data: bytes) -> None:
        """Take received bytes, in pieces of any size."""
        for body in self._frames.feed(data):
            if self.down_reason is not None:
                return
            try:
                self._take_frame(body)
            except NoiseError:
                self.refused += 1
                if self._transport is None:
                    self._go_down("handshake")
            except PeerError:
                self._go_down("peer")

    def tick(self, now_ms: int) -> None:
        """Tell the time, at least every 100 ms."""
        self._now_ms = now_ms
        if self.down_reason is not None:
            return
        if self._transport is None:
            if now_ms - self._started_ms >= HANDSHAKE_MS:
                self._go_down("handshake")
            return
        if now_ms - self._heard_ms >= SILENCE_MS:
            self._go_down("silent")
        elif self._transport.exhausted or now_ms - self._started_ms >= SESSION_MS[self._role]:
            self._go_down("rekey")
        elif not self._tick_senders():
            self._go_down("stalled")

    def pull(self) -> bytes | None:
        """Return the next frame to transmit, or None: handshake, voice, control, acknowledgement, bulk."""
        if self._handshake_out:
            return encode(self._handshake_out.popleft())
        if self._transport is None or self._transport.exhausted:
            return None
        plain = self._next_plain()
        if plain is None:
            return None
        self._sent_ms = self._now_ms
        return encode(bytes([_TRANSPORT]) + self._transport.seal(plain))

    def events(self) -> list[Event]:
        """Return what happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """End the link; nothing is sent any more."""
        if self.down_reason is None:
            self._go_down("closed")

    def _tick_senders(self) -> bool:
        control, bulk = (sender.tick(self._now_ms) for sender in self._senders.values())
        return control and bulk

    def _send(self, channel: int, message: bytes) -> int:
        if not self.up:
            raise LinkError("link: down")
        return self._senders[channel].push(message)

    def _next_plain(self) -> bytes | None:
        if self._voice:
            return self._voice.popleft()
        control, bulk = self._receivers[_CONTROL], self._receivers[_BULK]
        if self._senders[_CONTROL].ready:
            return self._data(_CONTROL)
        if control.ack_due or bulk.ack_due or self._now_ms - self._sent_ms >= KEEPALIVE_MS:
            control.ack_due = bulk.ack_due = False
            return _ACK_FORM.pack(_ACK, control.expected, bulk.expected, control.window, bulk.window)
        if self._senders[_BULK].ready:
            return self._data(_BULK)
        return None

    def _data(self, channel: int) -> bytes:
        fragment = self._senders[channel].pull(self._now_ms)
        flags = _LAST if fragment.last else 0
        head = _DATA_HEAD.pack(channel, fragment.sequence, self._receivers[channel].expected, flags)
        return head + fragment.data

    def _take_frame(self, body: bytes) -> None:
        kind = body[0]
        if kind == _TRANSPORT and self._transport is not None:
            plain = self._transport.open(body[1:])
            self._heard_ms = self._now_ms
            self._take_plain(plain)
        elif kind & ~_MORE == self._handshake_step and self._handshake is not None:
            self._take_handshake(self._handshake, body)
        else:
            self.refused += 1

    def _take_plain(self, plain: bytes) -> None:
        channel = plain[0] if plain else None
        if channel == _VOICE and len(plain) == _VOICE_HEAD.size + VOICE_BYTES:
            self._events.append(("voice", _VOICE_HEAD.unpack_from(plain)[1], plain[_VOICE_HEAD.size :]))
        elif channel in (_CONTROL, _BULK) and len(plain) > _DATA_HEAD.size:
            self._take_data(plain)
        elif channel == _ACK and len(plain) == _ACK_FORM.size:
            _, control, bulk, control_window, bulk_window = _ACK_FORM.unpack(plain)
            for number, sequence, window in ((_CONTROL, control, control_window), (_BULK, bulk, bulk_window)):
                self._acknowledge(number, sequence)
                self._senders[number].set_window(window)
        else:
            raise PeerError("link: message of a wrong form")

    def _take_data(self, plain: bytes) -> None:
        channel, sequence, acknowledged, flags = _DATA_HEAD.unpack_from(plain)
        if flags & ~_LAST:
            raise PeerError("link: unknown flags")
        self._acknowledge(channel, acknowledged)
        message = self._receivers[channel].push(Fragment(sequence, bool(flags & _LAST), plain[_DATA_HEAD.size :]))
        if message is not None:
            self._events.append(("control" if channel == _CONTROL else "bulk", message))

    def _acknowledge(self, channel: int, sequence: int) -> None:
        for ident in self._senders[channel].acknowledge(sequence):
            if channel == _BULK:
                self._events.append(("bulk-sent", ident))

    def _take_handshake(self, handshake: Handshake, body: bytes) -> None:
        if len(body) - 1 > MAX_HANDSHAKE_BYTES - len(self._handshake_part):
            raise PeerError("link: handshake message too long")
        self._handshake_part += body[1:]
        if body[0] & _MORE:
            return
        payload = handshake.read(bytes(self._handshake_part))
        self._handshake_part.clear()
        step = self._handshake_step
        self._handshake_step += 2
        if step == 1:
            if payload:
                raise PeerError("link: early data")
            self._write_handshake(handshake, 2, self._hello)
            return
        peer = self._check_peer(payload, handshake.remote_static)
        if step == 2:
            self._write_handshake(handshake, 3, self._hello)
        self._transport = handshake.split()
        self._handshake = None
        self._heard_ms = self._sent_ms = self._now_ms
        self._events.append(("up", peer))

    def _write_handshake(self, handshake: Handshake, step: int, payload: bytes) -> None:
        message = handshake.write(payload)
        if len(message) > MAX_HANDSHAKE_BYTES:
            raise LinkError("link: our hello is too long")
        size = MAX_BODY_BYTES - 1
        for start in range(0, len(message), size):
            more = _MORE if start + size < len(message) else 0
            self._handshake_out.append(bytes([step | more]) + message[start : start + size])

    def _go_down(self, reason: str) -> None:
        self.down_reason = reason
        self._transport = self._handshake = None
        self._handshake_out.clear()
        self._handshake_part.clear()
        self._voice.clear()
        self._events.append(("down", reason))
