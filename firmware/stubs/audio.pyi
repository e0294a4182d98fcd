# Made by firmware/stubs/generate.py from the `///` lines in the C sources: do not edit.
"""The audio engine: routes, rings and announcements of one call at 8 kHz, frames of 20 ms.

The codec runs it in interrupt context; these functions move whole mu-law frames (160 bytes)
in and out of its rings. None of those called once a frame allocates memory.
"""

from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview
MutableBuffer: TypeAlias = bytearray | memoryview

TX: int
"""Route: microphone to the far party."""
RX: int
"""Route: far party to the speaker."""
REC: int
"""Route: both legs to the recorder."""
NEAR: int
"""Leg: the speaker of this handset."""
FAR: int
"""Leg: the far party."""

def start() -> None:
    """Starts clean: rings empty and zeroed, counters 0, no route, no tone, default volume."""

def stop() -> None:
    """Silences both legs and wipes every ring."""

def route(routes: int, /) -> None:
    """Sets the routes: a sum of TX, RX and REC."""

def tx_read_into(frame: MutableBuffer, /) -> bool:
    """Takes the oldest frame meant for the far party; False where none waits."""

def rx_write(sequence: int, frame: Buffer, /) -> None:
    """Gives the jitter buffer a frame of the far party, with its 16-bit sequence number."""

def rec_read_into(buf: MutableBuffer, frame_index: int, frames_per_leg: int, /) -> bool:
    """Takes the oldest recorded pair: near (what went to the far party, prompts included) to
    frame `frame_index` of `buf`, far (what came from him, before prompts and volume) to frame
    `frames_per_leg + frame_index`. A leg not routed is silence. False where none waits."""

def prompt_write(codes: Buffer, /) -> int:
    """Queues mu-law samples of an announcement; returns how many were taken."""

def prompt_pending() -> int:
    """Samples queued and not yet played."""

def prompt_legs(legs: int, /) -> None:
    """Where announcements sound: a sum of NEAR and FAR (at the start: NEAR)."""

def prompt_clear() -> None:
    """Drops what is queued; what is written afterwards is played."""

def tone(first_hz: int, second_hz: int, on_ms: int, off_ms: int, legs: int, /) -> None:
    """Two sines at -13 dBm0 each (0 Hz: none) until tone_off(); off_ms 0 is without a pause."""

def tone_off() -> None: ...

def volume(step: int, /) -> None:
    """Speaker gain in steps of 3 dB: 0 (-9 dB) to 7 (+12 dB), 3 is 0 dB."""

def level() -> tuple[int, int]:
    """Falling peaks (0 to 32767) of the microphone and of the far party."""

def stats() -> tuple[int, ...]:
    """Counters since start(): (frames, tx_frames, tx_overrun, rx_received, rx_played,
    rx_concealed, rx_late, rx_duplicate, rx_skipped, rx_restarted, rx_overrun, rec_frames,
    rec_overrun, prompt_underrun). 'overrun' is what found its ring full and was dropped,
    'skipped' what was dropped to bring the delay down, 'restarted' how often the jitter buffer
    was filled anew, 'prompt_underrun' frames in which an announcement ended or ran dry."""

def ulaw_encode_into(out: MutableBuffer, linear: Buffer, /) -> None:
    """G.711 mu-law of 16-bit samples (native byte order, 16-bit aligned)."""

def ulaw_decode_into(out: MutableBuffer, codes: Buffer, /) -> None:
    """16-bit samples (native byte order, 16-bit aligned) of G.711 mu-law."""

def codec_step(mic: Buffer, speaker: MutableBuffer, /) -> None:
    """Unix build only: runs one codec frame on 160 16-bit samples each, as the board would."""
