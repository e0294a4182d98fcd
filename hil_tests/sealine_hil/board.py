# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""The host's half of an emulated board: front panel, handset, codec clock and NOR flash, in the board window's file."""

import contextlib
import enum
import mmap
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sealine_hil import window
from sealine_hil.errors import BoardError

FRAME_SECONDS = window.AUDIO_FRAME_SAMPLES / 8000
KEYS = frozenset("0123456789*#")
_SILENCE = bytes(window.AUDIO_FRAME_BYTES)
_POLL_SECONDS = 0.01
_OFF_SECONDS = 0.5  # a board that answers no frame for so long is off, not late
HEARD_MAX_BYTES = 16000 * 600  # what `listen` keeps: the last ten minutes
_LATENESS_SLICES = 8  # looks at the speaker ring per frame, which bound what `worst_answer_ms` can tell


class Lamp(enum.IntEnum):
    """What the lamp shows."""

    OFF = window.LAMP_OFF
    RED = window.LAMP_RED
    GREEN = window.LAMP_GREEN
    AMBER = window.LAMP_AMBER


class Cut(enum.IntEnum):
    """How much of a flash operation is done when the power goes."""

    BEFORE = window.CUT_BEFORE
    HALF = window.CUT_HALF
    TORN = window.CUT_TORN
    TAIL = window.CUT_TAIL
    AFTER = window.CUT_AFTER


@dataclass(frozen=True)
class Counters:
    """What the board and its model have counted; frames are 20 ms."""

    mic_frames: int
    speaker_frames: int
    mic_lost: int
    speaker_late: int
    clock_late: int
    worst_answer_ms: float
    display_rows: int
    boots: int
    flash_operations: int
    flash_erases: int
    flash_conflicts: int


class Board:
    """One emulated board. Thread-safe; `close` (or the context manager) ends the codec clock."""

    def __init__(self, path: Path, *, unique_id: bytes = bytes(16), settings: bytes = b"") -> None:
        """Open the window's file; a new one becomes a board with erased flash. BoardError: not a window."""
        self.path = path
        fresh = not path.exists()
        if fresh:
            with path.open("wb") as file:
                file.truncate(window.BYTES)
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), window.BYTES)
        self._words = memoryview(self._map).cast("I")
        self._lock = threading.Lock()
        self._mic: bytearray = bytearray()
        self._mic_done = threading.Event()
        self._mic_done.set()
        self._heard = bytearray()
        self._heard_from = 0
        self._speaker_taken = 0
        self._clock_late = 0
        self._worst_answer = 0.0
        self._answered_at = -_OFF_SECONDS
        if fresh:
            self._format()
        elif self._get(window.REG_MAGIC) != window.MAGIC or self._get(window.REG_VERSION) != window.VERSION:
            self._close_map()
            raise BoardError(f"{path} is not a board window of version {window.VERSION}")
        if fresh or unique_id != bytes(16):
            self._map[window.UNIQUE_ID : window.UNIQUE_ID + window.UNIQUE_ID_BYTES] = unique_id
        if fresh or settings:
            self.set_settings(settings)
        self._set(window.REG_HOOK, 0)
        self._speaker_taken = self._get(window.REG_SPEAKER_WRITTEN)
        self._stop = threading.Event()
        self._clock = threading.Thread(target=self._run_clock, name=f"codec clock {path.name}", daemon=True)
        self._clock.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._stop.is_set()

    def close(self) -> None:
        """Stop the codec clock and let go of the file. The board in the emulator goes on without sound."""
        if not self._stop.is_set():
            self._stop.set()
            self._clock.join()
            self._close_map()

    # Front panel.

    def press(self, keys: str, *, gap_s: float = 0.0) -> None:
        """Press keys one after the other. BoardError: no such key, or the board takes none for 10 s."""
        for key in keys:
            if key not in KEYS:
                raise BoardError(f"no such key: {key!r}")
            self._wait(lambda: self._keys_waiting() < window.KEYS_MAX, 10.0, "the board takes no keys")
            with self._lock:
                pressed = self._get(window.REG_KEYS_PRESSED)
                self._map[window.KEYS + pressed % window.KEYS_MAX] = ord(key)
                self._set(window.REG_KEYS_PRESSED, pressed + 1)
            if gap_s:
                time.sleep(gap_s)

    def lift(self) -> None:
        """Lift the handset."""
        self._set(window.REG_HOOK, 1)

    def hang_up(self) -> None:
        """Put the handset back."""
        self._set(window.REG_HOOK, 0)

    def display(self) -> list[str]:
        """The four rows of the display, 20 characters each."""
        end = window.DISPLAY + window.DISPLAY_ROWS * window.DISPLAY_COLUMNS
        cells = self._map[window.DISPLAY : end].decode("latin-1")
        return [cells[i : i + window.DISPLAY_COLUMNS] for i in range(0, len(cells), window.DISPLAY_COLUMNS)]

    def blank_display(self) -> None:
        """Show nothing, as a display without power."""
        end = window.DISPLAY + window.DISPLAY_ROWS * window.DISPLAY_COLUMNS
        self._map[window.DISPLAY : end] = b" " * (end - window.DISPLAY)

    def wait_display(self, text: str, timeout_s: float = 10.0) -> list[str]:
        """Wait until a row of the display holds the text. BoardError: it did not in time (with what it shows)."""
        self._wait(lambda: any(text in row for row in self.display()), timeout_s, f"the display does not show {text!r}")
        return self.display()

    def lamp(self) -> Lamp:
        """What the lamp shows."""
        return Lamp(self._get(window.REG_LAMP))

    # Handset.

    def speak(self, pcm: bytes) -> int:
        """Queue speech for the microphone, in real time: signed 16-bit little-endian samples, 8 kHz.

        Returns the number of the microphone frame in which it begins.
        """
        with self._lock:
            begins = self._get(window.REG_MIC_WRITTEN) + len(self._mic) // window.AUDIO_FRAME_BYTES
            self._mic += pcm
            self._mic_done.clear()
        return begins

    def wait_spoken(self, timeout_s: float) -> None:
        """Wait until all queued speech is spoken. BoardError: it is not in time."""
        if not self._mic_done.wait(timeout_s):
            raise BoardError(f"still speaking after {timeout_s} s")

    def listen(self, *, clear: bool = False) -> tuple[int, bytes]:
        """What the speaker has played: number of its first frame, and the samples (as in `speak`).

        Frame i was played while frame i of the microphone was spoken; `Counters.mic_frames` is the present one.
        """
        with self._lock:
            heard = self._heard_from, bytes(self._heard)
            if clear:
                self._heard_from += len(self._heard) // window.AUDIO_FRAME_BYTES
                self._heard.clear()
        return heard

    # Flash and identity.

    def flash_image(self) -> bytes:
        """All of the flash, as it is now."""
        return self._map[window.FLASH : window.FLASH + window.FLASH_BYTES]

    def load_flash(self, image: bytes) -> None:
        """Replace all of the flash; the board should be off. BoardError: the image has another size."""
        if len(image) != window.FLASH_BYTES:
            raise BoardError(f"a flash image has {window.FLASH_BYTES} bytes, not {len(image)}")
        self._map[window.FLASH : window.FLASH + window.FLASH_BYTES] = image

    def clone(self, path: Path) -> None:
        """Copy the whole board, flash and identity, into a new window file."""
        self._map.flush()
        shutil.copyfile(self.path, path)

    def set_settings(self, settings: bytes) -> None:
        """Settings of the unit, read by the board at its next start. BoardError: too long."""
        if len(settings) > window.SETTINGS_MAX_BYTES:
            raise BoardError(f"settings of {len(settings)} bytes: at most {window.SETTINGS_MAX_BYTES}")
        self._map[window.SETTINGS : window.SETTINGS + len(settings)] = settings
        self._set(window.REG_SETTINGS_BYTES, len(settings))

    def exit_on_fault(self, *, on: bool) -> None:
        """Whether a fault ends the emulator (status 70) instead of a reset."""
        flags = self._get(window.REG_FLAGS) & ~window.FLAG_EXIT_ON_FAULT
        self._set(window.REG_FLAGS, flags | (window.FLAG_EXIT_ON_FAULT if on else 0))

    def cut_power_at(self, operation: int, mode: Cut = Cut.HALF) -> None:
        """Cut the power in the n-th flash operation from now on (1 = the next); the emulator ends with status 86."""
        if operation < 1:
            raise BoardError("the next flash operation is number 1")
        self._set(window.REG_FLASH_CUT_DONE, 0)
        self._set(window.REG_FLASH_CUT_MODE, mode)
        self._set(window.REG_FLASH_CUT_AT, self._get(window.REG_FLASH_OPERATIONS) + operation)

    def cancel_cut(self) -> bool:
        """No more cuts. True if the power was cut since `cut_power_at`."""
        self._set(window.REG_FLASH_CUT_AT, 0)
        return self._get(window.REG_FLASH_CUT_DONE) != 0

    def counters(self) -> Counters:
        """All counters, as they are now."""
        return Counters(
            mic_frames=self._get(window.REG_MIC_WRITTEN),
            speaker_frames=self._get(window.REG_SPEAKER_WRITTEN),
            mic_lost=self._get(window.REG_MIC_LOST),
            speaker_late=self._get(window.REG_SPEAKER_LATE),
            clock_late=self._clock_late,
            worst_answer_ms=self._worst_answer * 1000,
            display_rows=self._get(window.REG_DISPLAY_COUNT),
            boots=self._get(window.REG_BOOTS),
            flash_operations=self._get(window.REG_FLASH_OPERATIONS),
            flash_erases=self._get(window.REG_FLASH_ERASES),
            flash_conflicts=self._get(window.REG_FLASH_CONFLICTS),
        )

    def reset_worst_answer(self) -> None:
        """Forget the worst answer time so far."""
        self._worst_answer = 0.0

    # Codec clock.

    def _run_clock(self) -> None:
        """Every 20 ms of host time: take what the speaker played, give the next microphone frame."""
        due = time.monotonic()
        while not self._stop.is_set():
            with self._lock:
                self._take_speaker()
                self._give_mic()
            due += FRAME_SECONDS
            if time.monotonic() > due:
                self._clock_late += 1  # the host was busy: go on at once, so that the clock does not drift
                continue
            self._wait_for_answer(due)

    def _wait_for_answer(self, due: float) -> None:
        given = time.monotonic()
        while (left := due - time.monotonic()) > 0:
            answered = self._get(window.REG_SPEAKER_WRITTEN) == self._get(window.REG_MIC_WRITTEN)
            if answered:
                self._worst_answer = max(self._worst_answer, time.monotonic() - given)
                self._stop.wait(left)
                return
            time.sleep(min(left, FRAME_SECONDS / _LATENESS_SLICES))
        if self._running():
            self._worst_answer = max(self._worst_answer, FRAME_SECONDS)
            self._set(window.REG_SPEAKER_LATE, self._get(window.REG_SPEAKER_LATE) + 1)

    def _running(self) -> bool:
        """The board has answered lately, so it is on."""
        return time.monotonic() - self._answered_at < _OFF_SECONDS

    def _give_mic(self) -> None:
        frame = bytes(self._mic[: window.AUDIO_FRAME_BYTES])
        del self._mic[: window.AUDIO_FRAME_BYTES]
        if not self._mic:
            self._mic_done.set()
        written = self._get(window.REG_MIC_WRITTEN)
        at = self._slot(window.MIC, written)
        self._map[at : at + window.AUDIO_FRAME_BYTES] = frame.ljust(window.AUDIO_FRAME_BYTES, b"\0")
        self._set(window.REG_MIC_WRITTEN, written + 1)

    def _take_speaker(self) -> None:
        written = self._get(window.REG_SPEAKER_WRITTEN)
        while self._speaker_taken != written:
            frame = _SILENCE
            if written - self._speaker_taken <= window.AUDIO_SLOTS:
                at = self._slot(window.SPEAKER, self._speaker_taken)
                frame = self._map[at : at + window.AUDIO_FRAME_BYTES]
                self._map[at : at + window.AUDIO_FRAME_BYTES] = _SILENCE
            self._answered_at = time.monotonic()
            if not self._heard:
                self._heard_from = self._speaker_taken
            self._heard += frame
            self._speaker_taken += 1
        if (extra := len(self._heard) - HEARD_MAX_BYTES) > 0:
            del self._heard[:extra]
            self._heard_from += extra // window.AUDIO_FRAME_BYTES

    @staticmethod
    def _slot(ring: int, frame: int) -> int:
        return ring + frame % window.AUDIO_SLOTS * window.AUDIO_FRAME_BYTES

    # Window.

    def _get(self, reg: int) -> int:
        return self._words[reg // 4]

    def _set(self, reg: int, value: int) -> None:
        self._words[reg // 4] = value & 0xFFFFFFFF

    def _keys_waiting(self) -> int:
        return self._get(window.REG_KEYS_PRESSED) - self._get(window.REG_KEYS_TAKEN)

    def _format(self) -> None:
        self.blank_display()
        self._map[window.FLASH : window.FLASH + window.FLASH_BYTES] = b"\xff" * window.FLASH_BYTES
        self._set(window.REG_VERSION, window.VERSION)
        self._set(window.REG_MAGIC, window.MAGIC)

    def _wait(self, condition: Callable[[], bool], timeout_s: float, failure: str) -> None:
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                raise BoardError(f"{failure} after {timeout_s} s; display: {self.display()}")
            time.sleep(_POLL_SECONDS)

    def _close_map(self) -> None:
        self._words.release()
        with contextlib.suppress(BufferError):
            self._map.close()
