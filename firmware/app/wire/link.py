"""The link from terminal to gateway without socket and clock: frames, Noise_XX, and three channels on top.

The same shape as the host's link.py, which gives the reasons for the limits. Voice is handled in preallocated
buffers: nothing is allocated for a frame but a few small integers. Nothing that a peer sends makes it raise.
"""

import struct
from time import ticks_diff

from micropython import const

from wire.channel import (
    FRAGMENT_BYTES,
    MAX_BULK_DOWN_BYTES,
    MAX_BULK_UP_BYTES,
    MAX_CONTROL_BYTES,
    LinkError,
    PeerError,
    Receiver,
    Sender,
)
from wire.cobs import BODY, MAX_BODY_BYTES, MAX_FRAME_BYTES, Decoder, stuff
from wire.noise import COUNTER_BYTES, TAG_BYTES, Handshake, NoiseError, Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PROLOGUE = b"sealine/1\0"  # then the facility
MAX_HANDSHAKE_BYTES = const(4096)
HANDSHAKE_MS = const(5000)
KEEPALIVE_MS = const(500)
SILENCE_MS = const(2000)
SESSION_MS = const(23 * 3600 * 1000)  # an hour before the gateway would end it
VOICE_BYTES = const(160)
# A stall of 50 ms leaves three frames in the audio ring; its reader takes two a turn and the writer runs in between, so
# in normal operation none is dropped here, and in congestion voice is never older than two frames.
MAX_VOICE_QUEUED = const(2)
MAX_CONTROL_QUEUED = const(16)
MAX_BULK_QUEUED = const(2)
MAX_UNREAD = const(4)

_TRANSPORT = const(4)
_MORE = const(0x80)
_VOICE = const(0)
_CONTROL = const(1)
_BULK = const(2)
_ACK = const(3)
_LAST = const(0x01)
_COUNTER = const(2)  # offsets in a frame: code byte, type, counter, text
_TEXT = const(10)
_VOICE_HEAD = const(3)
_DATA_HEAD = const(6)
_ACK_FORM = ">BHHBB"
_ACK_TEXT = const(7)
_VOICE_TEXT = const(163)
_VOICE_FRAME = const(190)  # code byte, type, counter, text, tag, delimiter: always one group run short of a second code


class Link:
    """The terminal's end of one connection, from handshake to its end; a new connection takes a new object."""

    def __init__(
        self,
        facility: str,
        static_key: "bytes | bytearray",
        hello: bytes,
        check_peer: "Callable[[bytes, bytes], object]",
        now: int,
        on_voice: "Callable[[int, memoryview], None] | None" = None,
    ) -> None:
        """Start a handshake.

        `static_key` is the raw X25519 private key, `hello` the encoded link-hello. `check_peer(hello, static)` gets
        the gateway's and returns what "up" shall carry, or raises PeerError. `now` is time.ticks_ms().
        `on_voice(sequence, frame)` takes each voice frame at once; the memoryview is good during the call only.
        """
        self._hello = hello
        self._check_peer = check_peer
        self._on_voice = on_voice
        handshake = Handshake(True, static_key, PROLOGUE + facility.encode())
        self._handshake: "Handshake | None" = handshake
        self._handshake_part = b""
        self._handshake_out = []
        self._transport: "Transport | None" = None
        self._now = self._started = self._heard = self._sent = now
        self._decoder = Decoder()
        self._received = memoryview(self._decoder.frame)
        self._received_voice = self._received[_TEXT + _VOICE_HEAD : _TEXT + _VOICE_TEXT]
        self._received_voice_text = self._received[_TEXT : _TEXT + _VOICE_TEXT]
        self._received_voice_sealed = self._received[_TEXT : _TEXT + _VOICE_TEXT + TAG_BYTES]
        self._frame = bytearray(MAX_FRAME_BYTES)
        self._view = memoryview(self._frame)
        self._voice_frame = self._view[:_VOICE_FRAME]
        self._voice_sealed = self._view[_TEXT : _TEXT + _VOICE_TEXT + TAG_BYTES]
        self._fragment = self._view[_TEXT + _DATA_HEAD : _TEXT + _DATA_HEAD + FRAGMENT_BYTES]
        self._voice = [bytearray(_VOICE_TEXT) for _ in range(MAX_VOICE_QUEUED)]
        self._voice_first = 0
        self._voice_count = 0
        self._events = []
        self._control_out = Sender(MAX_CONTROL_BYTES, MAX_CONTROL_QUEUED)
        self._bulk_out = Sender(MAX_BULK_UP_BYTES, MAX_BULK_QUEUED)
        self._control_in = Receiver(MAX_CONTROL_BYTES, MAX_UNREAD)
        self._bulk_in = Receiver(MAX_BULK_DOWN_BYTES, MAX_UNREAD)
        self.up = False
        self.down_reason: "str | None" = None
        self.voice_dropped = 0
        self.refused = 0  # frames that did not authenticate or made no sense
        self._write_handshake(handshake, 1, b"")

    def counters(self) -> "dict[str, int]":
        """What was dropped or repeated so far, by name."""
        return {
            "frames_oversized": self._decoder.oversized,
            "frames_broken": self._decoder.broken,
            "frames_refused": self.refused,
            "voice_dropped": self.voice_dropped,
            "fragments_dropped": self._control_in.dropped + self._bulk_in.dropped,
            "fragments_retransmitted": self._control_out.retransmitted + self._bulk_out.retransmitted,
        }

    def send_control(self, message: bytes) -> int:
        """Queue a control message. LinkFullError if too many wait, LinkError if down or of a wrong size."""
        if not self.up:
            raise LinkError("down", "link")
        return self._control_out.push(message)

    def send_bulk(self, *parts: "bytes | bytearray | memoryview") -> int:
        """Queue a bulk message and return its number, which "bulk-sent" will name. Errors as send_control.

        The parts are joined as they are sent and must not change before that.
        """
        if not self.up:
            raise LinkError("down", "link")
        return self._bulk_out.push(*parts)

    def send_voice(self, sequence: int, frame: "bytearray | memoryview") -> None:
        """Offer 20 ms of voice; the oldest waiting frame gives way. Without a link it is dropped."""
        if len(frame) != VOICE_BYTES:
            raise LinkError("voice frame of a wrong size", "link")
        if not self.up:
            self.voice_dropped += 1
            return
        if self._voice_count == MAX_VOICE_QUEUED:
            self._voice_first = (self._voice_first + 1) % MAX_VOICE_QUEUED
            self._voice_count -= 1
            self.voice_dropped += 1
        slot = self._voice[(self._voice_first + self._voice_count) % MAX_VOICE_QUEUED]
        slot[1] = sequence >> 8 & 0xFF
        slot[2] = sequence & 0xFF
        slot[_VOICE_HEAD:] = frame
        self._voice_count += 1

    def release(self, channel: str) -> None:
        """Say that a message of "control" or "bulk" was taken; the peer may have MAX_UNREAD before it must wait."""
        (self._control_in if channel == "control" else self._bulk_in).release()

    def feed(self, data: bytearray, count: int) -> None:
        """Take the first `count` bytes of `data`, in pieces of any size."""
        position = 0
        while position < count and self.down_reason is None:
            position = self._decoder.push(data, position, count)
            if self._decoder.body_bytes == 0:
                continue
            try:
                self._take_frame(self._decoder.body_bytes)
            except NoiseError:
                self.refused += 1
                if not self.up:
                    self._go_down("handshake")
            except PeerError:
                self._go_down("peer")

    def tick(self, now: int) -> None:
        """Tell the time, at least every 100 ms."""
        self._now = now
        if self.down_reason is not None:
            return
        transport = self._transport
        if transport is None:
            if ticks_diff(now, self._started) >= HANDSHAKE_MS:
                self._go_down("handshake")
            return
        control_moves = self._control_out.tick(now)
        bulk_moves = self._bulk_out.tick(now)
        if ticks_diff(now, self._heard) >= SILENCE_MS:
            self._go_down("silent")
        elif transport.exhausted() or ticks_diff(now, self._started) >= SESSION_MS:
            self._go_down("rekey")
        elif not (control_moves and bulk_moves):
            self._go_down("stalled")

    def pull(self) -> memoryview | None:
        """Return the next frame to transmit, or None: handshake, voice, control, acknowledgement, bulk.

        The memoryview is good until the next call.
        """
        if self._handshake_out:
            body = self._handshake_out.pop(0)
            self._frame[BODY : BODY + len(body)] = body
            return self._view[: stuff(self._frame, len(body))]
        transport = self._transport
        if transport is None or transport.exhausted():
            return None
        if self._voice_count:
            return self._pull_voice(transport)
        size = self._next_text()
        if size == 0:
            return None
        self._seal(transport, self._view[_TEXT : _TEXT + size], self._view[_TEXT : _TEXT + size + TAG_BYTES])
        return self._view[: stuff(self._frame, 1 + COUNTER_BYTES + size + TAG_BYTES)]

    def events(self) -> "list[tuple]":
        """Return what happened since the last call, in order; as on the host, voice excepted."""
        events = self._events
        if events:
            self._events = []
        return events

    def close(self) -> None:
        """End the link and destroy its keys; nothing is sent any more."""
        if self.down_reason is None:
            self._go_down("closed")

    def _pull_voice(self, transport: Transport) -> memoryview:
        text = self._voice[self._voice_first]
        self._voice_first = (self._voice_first + 1) % MAX_VOICE_QUEUED
        self._voice_count -= 1
        self._seal(transport, text, self._voice_sealed)
        stuff(self._frame, 1 + COUNTER_BYTES + _VOICE_TEXT + TAG_BYTES)
        return self._voice_frame

    def _seal(self, transport: Transport, text: "bytearray | memoryview", sealed: memoryview) -> None:
        self._frame[BODY] = _TRANSPORT
        transport.seal(self._frame, _COUNTER, text, sealed)
        self._sent = self._now

    def _next_text(self) -> int:
        """Write what is to be sent next at _TEXT; return its length."""
        control, bulk = self._control_in, self._bulk_in
        if self._control_out.ready():
            return self._data(_CONTROL, self._control_out, control)
        if control.ack_due or bulk.ack_due or ticks_diff(self._now, self._sent) >= KEEPALIVE_MS:
            control.ack_due = bulk.ack_due = False
            struct.pack_into(
                _ACK_FORM, self._frame, _TEXT, _ACK, control.expected, bulk.expected, control.window(), bulk.window()
            )
            return _ACK_TEXT
        if self._bulk_out.ready():
            return self._data(_BULK, self._bulk_out, bulk)
        return 0

    def _data(self, channel: int, sender: Sender, receiver: Receiver) -> int:
        count = sender.pull(self._fragment, self._now)
        flags = _LAST if sender.last else 0
        struct.pack_into(">BHHB", self._frame, _TEXT, channel, sender.sequence, receiver.expected, flags)
        return _DATA_HEAD + count

    def _take_frame(self, body_bytes: int) -> None:
        kind = self._decoder.frame[BODY]
        transport, handshake = self._transport, self._handshake
        if kind == _TRANSPORT and transport is not None:
            size = body_bytes - 1 - COUNTER_BYTES - TAG_BYTES
            if size < 0:
                raise NoiseError("message too short", "transport")
            if size == _VOICE_TEXT:
                sealed, text = self._received_voice_sealed, self._received_voice_text
            else:
                sealed = self._received[_TEXT : _TEXT + size + TAG_BYTES]
                text = self._received[_TEXT : _TEXT + size]
            transport.open(self._decoder.frame, _COUNTER, sealed, text)
            self._heard = self._now
            self._take_text(size)
        elif kind & ~_MORE == 2 and handshake is not None:
            self._take_handshake(handshake, kind, bytes(self._received[BODY + 1 : BODY + body_bytes]))
        else:
            self.refused += 1

    def _take_text(self, size: int) -> None:
        frame = self._decoder.frame
        channel = frame[_TEXT] if size else -1
        if channel == _VOICE and size == _VOICE_TEXT:
            if self._on_voice is not None:
                self._on_voice(frame[_TEXT + 1] << 8 | frame[_TEXT + 2], self._received_voice)
        elif channel == _CONTROL and size > _DATA_HEAD:
            self._take_data(self._control_out, self._control_in, "control", size)
        elif channel == _BULK and size > _DATA_HEAD:
            self._take_data(self._bulk_out, self._bulk_in, "bulk", size)
        elif channel == _ACK and size == _ACK_TEXT:
            _, control, bulk, control_window, bulk_window = struct.unpack_from(_ACK_FORM, frame, _TEXT)
            self._control_out.acknowledge(control)
            self._control_out.set_window(control_window)
            self._acknowledge_bulk(bulk)
            self._bulk_out.set_window(bulk_window)
        else:
            raise PeerError("message of a wrong form", "link")

    def _take_data(self, sender: Sender, receiver: Receiver, name: str, size: int) -> None:
        sequence, acknowledged, flags = struct.unpack_from(">HHB", self._decoder.frame, _TEXT + 1)
        if flags & ~_LAST:
            raise PeerError("unknown flags", "link")
        if sender is self._bulk_out:
            self._acknowledge_bulk(acknowledged)
        else:
            sender.acknowledge(acknowledged)
        data = self._received[_TEXT + _DATA_HEAD : _TEXT + size]
        message = receiver.push(sequence, flags == _LAST, data)
        if message is not None:
            self._events.append((name, message))

    def _acknowledge_bulk(self, sequence: int) -> None:
        for ident in self._bulk_out.acknowledge(sequence):
            self._events.append(("bulk-sent", ident))

    def _take_handshake(self, handshake: Handshake, kind: int, part: bytes) -> None:
        if len(part) > MAX_HANDSHAKE_BYTES - len(self._handshake_part):
            raise PeerError("handshake message too long", "link")
        self._handshake_part += part
        if kind & _MORE:
            return
        hello = handshake.read(self._handshake_part)
        self._handshake_part = b""
        peer = self._check_peer(hello, handshake.remote_static)
        self._write_handshake(handshake, 3, self._hello)
        self._transport = handshake.split()
        self._handshake = None
        self._heard = self._sent = self._now
        self.up = True
        self._events.append(("up", peer))

    def _write_handshake(self, handshake: Handshake, step: int, payload: bytes) -> None:
        message = handshake.write(payload)
        if len(message) > MAX_HANDSHAKE_BYTES:
            raise LinkError("our hello is too long", "link")
        size = MAX_BODY_BYTES - 1
        for start in range(0, len(message), size):
            more = _MORE if start + size < len(message) else 0
            self._handshake_out.append(bytes([step | more]) + message[start : start + size])

    def _go_down(self, reason: str) -> None:
        self.up = False
        self.down_reason = reason
        if self._transport is not None:
            self._transport.wipe()
        if self._handshake is not None:
            self._handshake.wipe()
        self._handshake = self._transport = None
        self._handshake_out.clear()
        self._handshake_part = b""
        self._voice_count = 0
        self._control_out.drop()
        self._bulk_out.drop()
        self._events.append(("down", reason))
