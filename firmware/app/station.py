"""The parts of one terminal, put together from its flash; who they are for each other is all that is decided here."""

import gc

import audio
import board
from call.book import Book
from call.directory import Directory
from call.engine import Engine
from call.plan import Planner
from call.recorder import Recorder
from call.voice import Voice
from panel.controls import Controls
from panel.display import Front
from store import ClockError, StoreError
from store.bundle import Bundles
from store.clock import Clock
from store.files import Folder
from store.identity import Identity
from store.journal import Journal
from store.log import erase_all
from store.spool import Spool
from store.trust import Trust
from store.vault import Vault
from sync.answers import Answers
from sync.bundles import Fetcher
from sync.chunks import Chunks
from sync.exchange import Exchange
from sync.line import SERIAL
from sync.outgoing import Outgoing
from sync.tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wire.credential import Credential


_VAULT_SECTORS = 1  # the last of partition "spool" holds the keys
_SETTINGS = "settings"


class Station:
    """One terminal. `serve` makes what needs an enrolment; before it only the console has work."""

    def __init__(self, root: str, firmware: dict) -> None:
        """`root` is the folder of all files; `firmware` the record's version and image hash."""
        self.firmware = firmware
        self.monotonic_ms = board.monotonic_ms
        self._root = root
        self._state = Folder(root + "/state")
        self._state.clean()
        spool_flash = board.Flash("spool")
        self.identity = Identity(
            self._state, Vault(spool_flash, spool_flash.size() - _VAULT_SECTORS * spool_flash.sector())
        )
        self.clock = Clock(self._state, board.monotonic_ms)
        self.trust = Trust(self.identity, self.clock)
        self.bundles = Bundles(Folder(root + "/bundles"), self.identity, self.clock, self.trust)
        self.spool = Spool(spool_flash, _VAULT_SECTORS)
        self.recorder = Recorder(self.spool)
        self.front = Front(board)
        self.controls = Controls(board)
        self.send_voice: "Callable[[int, bytearray], None]" = _drop_voice
        self.connection: "Any" = None
        self.serving = False
        self.asked_to_restart = False
        self._was_idle = True
        self._collect = False
        self._pumped_ms: int | None = None
        self._pump_gap_ms = 0

    # ------------------------------------------------------------ life

    def enrolled(self) -> bool:
        """Whether there is anything to serve."""
        return self.identity.state() in ("enrolled", "locked")

    def serve(self, reset: bool) -> None:
        """Make the parts of an enrolled terminal; `reset`: the start before was not asked for."""
        self.bundles.mount()
        self.journal = Journal(board.Flash("journal"), self.identity)
        self.journal.mount()
        self.spool.mount()
        self.directory = Directory(self.bundles, self.trust, self.clock)
        self.planner = Planner(self.bundles, self.directory, self.journal, self.clock, self.identity)
        self.tally = Tally(Folder(self._root + "/tally"), self.clock, self.identity, self.journal)
        self.tally.booted(reset)
        self.book = Book(self)
        if self.book.recover():
            gc.collect()
        self.chunks = Chunks(self.spool, self.book)
        self.outgoing = Outgoing(self.journal, self.chunks, self.tally)
        self.answers = Answers(self.journal, self.clock, self.trust, self.identity)
        self.exchange = Exchange(self)
        self.voice = Voice(audio, self._voice_out)
        self.engine = Engine(self.front, self.voice, self.book, self.exchange.send)
        self.fetcher = Fetcher(self.bundles, self.exchange.send)
        self.serving = True
        self.show_service()

    def show_service(self) -> None:
        """Say on the idle display whether this phone can be used."""
        if not self.serving:
            self.front.show("not-enrolled", "en", self)
        elif self._must_enrol():
            self.engine.set_service("needs-enrolment")
        else:
            self.engine.set_service(self.engine.service)

    def field(self, _name: str) -> tuple[str, object]:
        """The display's fields outside of a call: none."""
        return "text", ""

    # ------------------------------------------------------------ turns of the main loop

    def pump(self) -> None:
        """Every 5 ms or so: frames and sealed seconds."""
        now_ms = board.monotonic_ms()
        if self.voice.bridged and self._pumped_ms is not None:
            self._pump_gap_ms = max(self._pump_gap_ms, now_ms - self._pumped_ms)
        self._pumped_ms = now_ms if self.voice.bridged else None
        self.voice.pump(now_ms)
        if self._collect:
            self._collect = False
            gc.collect()
        elif self.book.pump(audio.rec_read_into):
            self._collect = True  # in the next turn, so that voice waits for a seal or a collection, never for both

    def turn(self) -> None:
        """Every 20 ms: keys, the engine's clock, the link's queues."""
        now_ms = board.monotonic_ms()
        for event, arg in self.controls.poll(now_ms):
            self.engine.handle(event, arg)
        self.engine.tick(now_ms)
        self.exchange.step(now_ms)
        idle = self.engine.idle()
        if idle and not self._was_idle:
            gc.collect()
        self._was_idle = idle

    def tidy(self) -> None:
        """Every second or so: what may erase flash or take long, one step at a time, and only while nobody calls."""
        idle = self.engine.idle()
        self.clock.tick(idle)
        self.tally.frames_lost = self.frames_lost()
        self.tally.step(idle)
        if idle:
            if self._must_enrol() and self.engine.service != "needs-enrolment":
                self.show_service()
            if not self.journal.compact():
                self.spool.prepare()

    # ------------------------------------------------------------ for the exchange

    def ready(self) -> dict:
        """The first message of a connection."""
        head = self.journal.head()
        return {
            "type": "ready",
            "firmware": self.firmware,
            "head": {"seq": head[0], "hash": head[1]} if head else None,
            "installed": self.bundles.versions(),
            "call": self.engine.call_id(),
        }

    def on_welcome(self, message: dict) -> None:
        """The gateway's first message."""
        self.book.set_token_key(message["token_key"])

    def hear_time(self, time_ms: int) -> None:
        """The gateway's clock, believed above the floor and within a step; otherwise it changes nothing."""
        try:
            self.clock.gateway(time_ms)
        except ClockError:
            self.exchange.malformed += 1

    # ------------------------------------------------------------ for the console

    def frames_lost(self) -> int:
        """Frames of voice that were lost on this board since the start."""
        return self.voice.frames_lost() + (self.connection.frames_lost() if self.connection else 0)

    def info(self) -> str:
        """What anybody may know: hardware, firmware, state."""
        return "hardware={}\nfirmware={}\nimage={}\nstate={}\nname={}\n".format(
            board.unique_id().hex(),
            self.firmware["version"],
            self.firmware["hash"].hex(),
            self.identity.state(),
            self.identity.name,
        )

    def status(self) -> str:
        """How the terminal is: counts and versions, no content."""
        if not self.serving:
            return "serving=no\n"
        waiting, quarantined = self.journal.counts()
        pump_gap_ms, self._pump_gap_ms = self._pump_gap_ms, 0
        facts = [
            ("serving", "yes"),
            ("service", self.engine.service),
            ("state", self.engine.state),
            ("alarm", self.answers.alarm),
            ("waiting", waiting),
            ("quarantined", quarantined),
            ("chunks", self.spool.backlog()),
            ("free_records", self.journal.free_records()),
            ("refused_answers", self.answers.refused),
            ("refused_bundles", self.fetcher.refused),
            ("malformed", self.exchange.malformed),
            ("unsent", self.exchange.unsent),
            ("ignored", self.engine.ignored),
            ("heap_free", gc.mem_free()),
            ("uptime_ms", board.monotonic_ms()),
            ("idle_ms", board.idle_us() // 1000),
            ("tick_gap_us", board.tick_gap_us()),
            ("frames_lost", self.frames_lost()),
            ("pump_gap_ms", pump_gap_ms),  # longest wait of voice in a call since the last status
            ("audio", ",".join(str(count) for count in audio.stats())),
            ("bundles", ",".join("{}:{}".format(*item) for item in sorted(self.bundles.versions().items()))),
        ]
        return "".join("{}={}\n".format(name, value) for name, value in facts)

    def signing_request(self, challenge: bytes) -> bytes:
        """Keys are born here if there are none; returns the signed request for a credential."""
        self.identity.create()
        return self.identity.request(challenge, board.unique_id(), self.firmware)

    def enrol(self, enrolment: dict, progress: "Callable[[str], None]") -> None:
        """Become the unit that an enrolment names, with its time, version floors and trust bundle."""
        self.identity.adopt(enrolment)
        progress("credential holds")
        try:
            erase_all(board.Flash("journal"))  # a chain belongs to one identity key
            self.clock.enrolled(enrolment["time"])
            self.bundles.enrolled(enrolment["floors"])
            self.bundles.install(enrolment["trust"])
            self.identity.install(enrolment)
        except StoreError:
            self.identity.factory_reset()  # half an enrolment is none
            raise
        progress("trust bundle installed")

    def judge(self, chain: list[bytes], role: str) -> "Credential":
        """The credential of another unit of this facility, as the trust bundle and revocations have it now."""
        return self.trust.judge(chain, role)

    def may_reset(self) -> bool:
        """Whether nothing would be lost: no call, no record that is open, waits or is refused, no sealed chunk.

        A record that was left open and can never be signed does not count, or the terminal could not be enrolled again.
        """
        if not self.serving:
            return True
        journal = self.journal
        return self.engine.idle() and not (journal.is_open() or sum(journal.counts()) or self.spool.backlog())

    def factory_reset(self) -> None:
        """Destroy the identity key first, then what it signed, and start anew."""
        self.identity.factory_reset()
        for name in ("journal", "spool"):
            flash = board.Flash(name)
            for offset in range(0, flash.size(), flash.sector()):
                flash.erase(offset)
        self.restart()

    def restart(self) -> None:
        """Leave the main loop after the answer is out."""
        self.asked_to_restart = True

    def set_gateway(self, address: str) -> None:
        """Keep another address (host:port or `serial`) than the enrolment's; who answers there must prove himself."""
        self._state.write(_SETTINGS, address.encode())

    def gateway_address(self) -> str:
        """Where to connect, host:port or `serial`: the technician's word, the board's settings, or the enrolment's."""
        own = self._state.read(_SETTINGS, 128)
        if own:
            return own.decode()
        return board_setting("gateway") or self.identity.gateway or SERIAL

    # ------------------------------------------------------------ inside

    def _must_enrol(self) -> bool:
        return self.journal.halted() or self.journal.unsafe()

    def _voice_out(self, sequence: int, frame: bytearray) -> None:
        self.send_voice(sequence, frame)


def _drop_voice(_sequence: int, _frame: bytearray) -> None:
    """There is no connection yet."""


def board_setting(name: str) -> str:
    """One of the board's own settings (lines `name=value`), empty if it has none of that name."""
    for line in board.settings().decode().split("\n"):
        if line.startswith(name + "="):
            return line[len(name) + 1 :].strip()
    return ""
