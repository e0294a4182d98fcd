"""What is heard: tones, notices and, once the engine bridges the call, speech between the audio rings and the link.

Before `bridge` no route is set: nothing of the microphone leaves the terminal and nothing of the far party is played.
"""

from micropython import const

from call import prompts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from call.details import Call


FRAME_BYTES = const(160)
# As many as the link queues (wire.link.MAX_VOICE_QUEUED): after a collection three may wait, and none need be lost.
_FRAMES_A_TURN = const(2)

# In audio.stats(): tx_overrun, rx_concealed, rx_skipped, rx_overrun, rec_overrun.
_LOST = (2, 5, 8, 10, 12)

# name -> (first Hz, second Hz, on ms, off ms, how long in ms or 0 for ever); North American tones
TONES = {
    "ring": (440, 480, 2000, 4000, 0),
    "end": (480, 620, 500, 500, 10_000),
    "warning": (1400, 0, 200, 0, 400),
    "stopped": (620, 0, 200, 200, 1200),
}


class Voice:
    """The audio module and the link's voice channel; `pump(now_ms)` wants to run every 5 ms or so during a call."""

    def __init__(self, audio: "Any", send_voice: "Callable[[int, bytearray], None]") -> None:
        """`audio` is the C module; `send_voice(seq, frame)` hands 160 mu-law bytes to the link, which copies them."""
        self._audio = audio
        self._send_voice = send_voice
        self._frame = bytearray(FRAME_BYTES)
        self._running = False
        self._seq = 0
        self._prompt: "Any" = None
        self._prompt_at = 0
        self._tone_ms = 0
        self._tone_end: int | None = None
        self.bridged = False
        self.read_recorded = audio.rec_read_into
        self._lost = 0

    def ring(self) -> None:
        """Start a call's audio clean, with the ring-back tone in the handset."""
        self.quiet()
        self._audio.start()
        self._running = True
        self._seq = 0
        self.tone("ring")

    def notice(self, call: "Call") -> bytes | None:
        """Begin to speak the notice into both legs; returns its hash, or None for a protected line, which has none."""
        self._audio.tone_off()
        self._tone_end = None
        self._audio.prompt_clear()
        if call.privilege == "protected":
            return None
        samples = prompts.notice(call.language, call.privilege == "none")
        self._audio.prompt_legs(self._audio.NEAR | self._audio.FAR)
        self._prompt = memoryview(samples)
        self._prompt_at = 0
        self._feed()
        return prompts.prompt_hash(samples)

    def notice_played(self) -> bool:
        """True when all of the notice has gone through the codec."""
        return self._prompt is None and self._audio.prompt_pending() == 0

    def bridge(self, recorded: bool) -> None:
        """Join the two legs, and the recorder if the call is recorded. Only the engine calls this, after acceptance."""
        audio = self._audio
        self.bridged = True
        audio.route(audio.TX | audio.RX | (audio.REC if recorded else 0))

    def end(self) -> None:
        """Part the legs; what the recorder's ring holds stays for the last chunk until `quiet`."""
        self.bridged = False
        if self._running:
            self._audio.route(0)
            self._audio.tone_off()
            self._audio.prompt_clear()
        self._prompt = None
        self._tone_end = None

    def quiet(self) -> None:
        """Silence; whatever was heard or said is wiped."""
        self.end()
        if self._running:
            self._lost = self.frames_lost()
            self._audio.stop()
            self._running = False

    def frames_lost(self) -> int:
        """Frames of all calls since the start that the rings dropped or that had to be made up for the ear."""
        if not self._running:
            return self._lost
        counts = self._audio.stats()
        return self._lost + sum(counts[place] for place in _LOST)

    def tone(self, name: str) -> None:
        """Sound a tone in the handset, beside speech if there is any."""
        if not self._running:
            self._audio.start()
            self._running = True
        first, second, on_ms, off_ms, self._tone_ms = TONES[name]
        self._tone_end = None
        self._audio.tone(first, second, on_ms, off_ms, self._audio.NEAR)

    def receive(self, seq: int, frame: "bytes | memoryview") -> None:
        """A frame of the far party; dropped unless the call is bridged."""
        if self.bridged:
            self._audio.rx_write(seq, frame)

    def pump(self, now_ms: int) -> None:
        """Move what waits: the rest of a prompt to the codec, frames for the far party to the link."""
        if not self._running:
            return
        if self._prompt is not None:
            self._feed()
        for _ in range(_FRAMES_A_TURN):
            if not self._audio.tx_read_into(self._frame):
                break
            self._send_voice(self._seq, self._frame)
            self._seq = (self._seq + 1) & 0xFFFF
        self._end_tone(now_ms)

    def _feed(self) -> None:
        self._prompt_at += self._audio.prompt_write(self._prompt[self._prompt_at :])
        if self._prompt_at == len(self._prompt):
            self._prompt = None

    def _end_tone(self, now_ms: int) -> None:
        if self._tone_end is None:
            if self._tone_ms:
                self._tone_end = now_ms + self._tone_ms
                self._tone_ms = 0
        elif now_ms >= self._tone_end:
            self._tone_end = None
            self._audio.tone_off()
