"""The loopback trunk: scripted called parties in this process.

It stands for the telephone network in the demo and the tests: what a party "hears" is written to a WAV file on the
party's side, outside the gateway's state. No other adapter, and no other part of the gateway, writes audio.
"""

import asyncio
import tomllib
import wave
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from sealine_protocol.errors import SettingsError
from sealine_protocol.mulaw import SILENCE, decode, encode

from sealine_gateway.errors import TrunkError
from sealine_gateway.trunk import (
    FRAME_BYTES,
    FRAME_S,
    Accepted,
    Answered,
    Ended,
    EndReason,
    Leg,
    Listener,
    Ringing,
    Trunk,
)

MAX_GAP_FRAMES: Final = 250  # 5 s: a longer jump in the sequence is a new beginning, not lost audio
MAX_HEARD_BYTES: Final = 4 * 3600 * 8000  # four hours
BEHAVIOURS: Final = ("answer", "refuse", "no-answer", "busy", "fail")


@dataclass(frozen=True, kw_only=True)
class Party:
    """One scripted called party; times in milliseconds.

    `behaviour`: answer, refuse (picks up, hears the notice, refuses), no-answer, busy, fail (the network fails).
    `accept_ms` counts from the end of the notice, `hang_up_ms` from the acceptance (0: stays on the line).
    `play` is a WAV (8 kHz, mono, 16 bit), spoken from the acceptance on; `record` receives what was heard.
    """

    behaviour: str = "answer"
    ring_ms: int = 300
    accept_ms: int = 500
    hang_up_ms: int = 0
    play: Path | None = None
    record: Path | None = None


class LoopbackTrunk(Trunk):
    """Calls scripted parties by number; a number without a party fails."""

    def __init__(self, parties: dict[str, Party], ring_timeout_s: float = 60.0) -> None:
        """`ring_timeout_s` is the network's own patience with a party who does not answer."""
        self.parties = parties
        self._ring_timeout_s = ring_timeout_s
        self._legs: set[LoopbackLeg] = set()
        self._writes: set[asyncio.Future[None]] = set()

    def dial(self, number: str, listener: Listener) -> Leg:
        """See Trunk."""
        party = self.parties.get(number)
        if party is None:
            raise TrunkError("loopback: no party has this number")
        leg = LoopbackLeg(party, listener, self._ring_timeout_s)
        self._legs.add(leg)
        leg.task.add_done_callback(lambda _: self._over(leg))
        return leg

    def _over(self, leg: "LoopbackLeg") -> None:
        self._legs.discard(leg)
        write = asyncio.get_running_loop().run_in_executor(None, leg.write_heard)
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)

    async def close(self) -> None:
        """See Trunk."""
        legs = list(self._legs)
        for leg in legs:
            leg.hang_up()
        await asyncio.gather(*(leg.task for leg in legs), return_exceptions=True)
        await asyncio.gather(*self._writes)


class LoopbackLeg(Leg):
    """One call to a scripted party."""

    def __init__(self, party: Party, listener: Listener, ring_timeout_s: float) -> None:
        """Start to ring."""
        self._party = party
        self._listener = listener
        self._ring_timeout_s = ring_timeout_s
        self._notice = asyncio.Event()
        self._heard = bytearray()
        self._next_seq: int | None = None
        self.task = asyncio.create_task(self._run(), name="loopback party")

    def send_voice(self, seq: int, frame: bytes) -> None:
        """See Leg. Lost frames are heard as silence of their length."""
        gap = 0 if self._next_seq is None else (seq - self._next_seq) & 0xFFFF
        if gap > 0x8000 or self._party.record is None:  # an old frame comes too late to be heard
            return
        if gap <= MAX_GAP_FRAMES:
            self._heard += SILENCE * gap
        self._next_seq = seq + 1
        if len(self._heard) < MAX_HEARD_BYTES:
            self._heard += frame

    def notice_done(self) -> None:
        """See Leg."""
        self._notice.set()

    def hang_up(self) -> None:
        """See Leg."""
        self.task.cancel()

    def write_heard(self) -> None:
        """Write the party's WAV, whole or not at all; takes some milliseconds per minute."""
        if self._party.record is None or not self._heard:
            return
        temporary = self._party.record.with_suffix(".new")
        with wave.open(str(temporary), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(decode(bytes(self._heard)))
        temporary.replace(self._party.record)

    async def _run(self) -> None:
        try:
            reason = await self._live()
        except TrunkError:
            reason = "trunk-failed"
        self._listener.on_event(Ended(reason))

    async def _live(self) -> EndReason:
        party = self._party
        if party.behaviour == "busy":
            return "busy"
        if party.behaviour == "fail":
            return "trunk-failed"
        self._listener.on_event(Ringing())
        if party.behaviour == "no-answer":
            await asyncio.sleep(self._ring_timeout_s)
            return "unanswered"
        await asyncio.sleep(party.ring_ms / 1000)
        self._listener.on_event(Answered())
        await self._notice.wait()
        await asyncio.sleep(party.accept_ms / 1000)
        if party.behaviour == "refuse":
            return "refused"
        self._listener.on_event(Accepted())
        await self._speak()
        return "called-hangup"

    async def _speak(self) -> None:
        """Send a frame every 20 ms by the loop's clock, without drift, until the party hangs up."""
        speech = b"" if self._party.play is None else await asyncio.to_thread(read_speech, self._party.play)
        loop = asyncio.get_running_loop()
        start = loop.time()
        count = 0
        while not self._party.hang_up_ms or count * FRAME_S * 1000 < self._party.hang_up_ms:
            frame = speech[count * FRAME_BYTES : (count + 1) * FRAME_BYTES]
            self._listener.on_voice(frame.ljust(FRAME_BYTES, SILENCE[:1]))
            count += 1
            await asyncio.sleep(max(0.0, start + count * FRAME_S - loop.time()))


def read_speech(path: Path) -> bytes:
    """A WAV file as mu-law. Raises TrunkError if it is not 8 kHz, mono, 16 bit."""
    try:
        with wave.open(str(path), "rb") as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (8000, 1, 2):
                raise TrunkError("loopback: speech must be 8 kHz, mono, 16 bit")
            return encode(file.readframes(file.getnframes()))
    except (OSError, wave.Error, EOFError) as error:
        raise TrunkError("loopback: the speech cannot be read") from error


def load(path: Path) -> LoopbackTrunk:
    """The trunk of a script: `ring_timeout_s`, and a table [party.<number>] per party. Raises SettingsError."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError("trunk.script: cannot be read as TOML") from error
    parties = {number: _party(values, path.parent) for number, values in data.pop("party", {}).items()}
    ring_timeout_s = data.pop("ring_timeout_s", 60.0)
    if data or not isinstance(ring_timeout_s, int | float):
        raise SettingsError(f"trunk.script: {next(iter(data), 'ring_timeout_s')}: unknown or wrong")
    return LoopbackTrunk(parties, float(ring_timeout_s))


def _party(values: dict[str, Any], directory: Path) -> Party:
    known = {item.name for item in fields(Party)}
    for key, value in values.items():
        if key not in known:
            raise SettingsError(f"trunk.script: party.{key}: there is no such field")
        if key.endswith("_ms") and (type(value) is not int or not 0 <= value <= 86_400_000):
            raise SettingsError(f"trunk.script: party.{key}: milliseconds up to a day")
        if not key.endswith("_ms") and not isinstance(value, str):
            raise SettingsError(f"trunk.script: party.{key}: a text")
    if values.get("behaviour", "answer") not in BEHAVIOURS:
        raise SettingsError(f"trunk.script: party.behaviour: one of {', '.join(BEHAVIOURS)}")
    paths = {key: directory / values[key] for key in ("play", "record") if key in values}
    return Party(**(values | paths))
