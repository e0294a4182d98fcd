"""One call as a person at a wall phone makes it, with the display's pictures."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sealine_hil.phone import WallPhone

from sealine_tools.demo.cast import Called, Caller
from sealine_tools.demo.errors import DemoError
from sealine_tools.demo.stage import Step

ANSWER_S: Final = 30.0  # a notice in two languages has some 10 s
HANG_UP_S: Final = 10.0
AFTER_SPEECH_S: Final = 0.6  # the jitter buffer and the far party's last frames
COLOURS: Final = {"RECORDED": "yellow", "GRABADA": "yellow", "PRIVATE": "green", "PRIVADA": "green"}


@dataclass(frozen=True)
class Words:
    """What the display says in one language."""

    notice: str
    talking: str
    ended: str


WORDS: Final = {
    "en": Words("Notice is played", "Talking", "Call ended"),
    "es": Words("Suena el aviso", "Hablando", "Llamada terminada"),
}


@dataclass
class Watched:
    """What was seen in one call: the status line that each picture showed."""

    status: set[str] = field(default_factory=set)


class Call:
    """A caller at a phone; each method is one thing that a person does, or waits for."""

    def __init__(self, step: Step, phone: WallPhone, caller: Caller, called: Called) -> None:
        self._step = step
        self._phone = phone
        self._caller = caller
        self._called = called
        self._words = WORDS[caller.language]
        self.watched = Watched()

    def place(self) -> None:
        """Lift, choose a language, enter person and PIN, dial, read the price, agree; ends when the notice begins."""
        phone, caller = self._phone, self._caller
        self._picture("at rest")
        phone.board.lift()
        phone.board.wait_display("English")
        self._picture("handset lifted")
        self._step.doing("the caller enters person number and PIN, and dials")
        phone.begin_call(caller.person, caller.pin, self._called.dialled, language=caller.language)
        self._picture("before the call")
        phone.agree()
        self._step.doing("it rings; the phone makes a key, splits it, and writes its journal")
        phone.board.wait_display(self._words.notice, ANSWER_S)
        self._picture("answered")
        self._step.doing("the phone itself speaks the notice into both legs")

    def talk(self, speech: bytes, far_s: float, chunks: Path) -> None:
        """Wait for the acceptance, then speak; ends when both have said all."""
        board = self._phone.board
        board.wait_display(self._words.talking, ANSWER_S)
        self._picture("accepted")
        before = count_chunks(chunks)
        start = time.monotonic()
        board.speak(speech)
        length_s = max(len(speech) / 16_000, far_s) + AFTER_SPEECH_S
        while (gone := time.monotonic() - start) < length_s:
            sealed = count_chunks(chunks) - before
            self._step.doing(f"both talk: {gone:4.1f} of {length_s:.1f} s; sealed seconds at central: {sealed}")
            time.sleep(0.25)
        board.wait_spoken(HANG_UP_S)

    def hang_up(self) -> None:
        """Put the handset back, and read the end."""
        self._phone.board.hang_up()
        self.wait_end()

    def wait_end(self) -> None:
        """The display says how it ended; the phone goes to rest when the handset is back."""
        self._phone.board.wait_display(self._words.ended, ANSWER_S)
        self._picture("ended")
        self._phone.board.hang_up()
        self._phone.board.wait_display("SEALINE", HANG_UP_S)

    def expect_status(self, text: str) -> None:
        """Every picture of the call had this status line."""
        if self.watched.status != {text}:
            raise DemoError(f"the display said {sorted(self.watched.status)}, not {text}")

    def _picture(self, caption: str) -> None:
        rows = self._phone.board.display()
        status = rows[0].strip()
        if caption not in {"at rest", "handset lifted"}:
            self.watched.status.add(status)
        self._step.screen(caption, rows, COLOURS.get(status, "white"))


def count_chunks(folder: Path) -> int:
    """Sealed chunks on disk."""
    return sum(1 for _ in folder.glob("*/*.chunk"))
