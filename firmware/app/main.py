"""The program of the terminal: console, main loop, connection; a supervisor restarts a task, the watchdog the board."""

import asyncio
import gc
import select
import sys

import board
import machine
import sodium
from console import Console
from micropython import const
from station import Station, board_setting
from sync.connection import Connection
from sync.line import Line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


VERSION = "sealine-1"
_PUMP_MS = const(5)
_TURN_MS = const(20)
_TIDY_MS = const(1000)
_WATCHDOG_MS = const(4000)  # the longest step is the erase of a spool slot and a public-key operation
_ALIVE_MS = const(2000)  # a loop that has not come round for so long is not alive
_RESTART_MS = const(500)  # before a failed task is started again
_CONSOLE_BYTES = const(64)  # before others get their turn
_GC_THRESHOLD = const(48 * 1024)


class Alive:
    """When each loop last came round; the watchdog is fed only while all of them do."""

    def __init__(self) -> None:
        self._last = {}

    def beat(self, name: str) -> None:
        """Say that the loop `name` goes round."""
        self._last[name] = board.monotonic_ms()

    def all(self) -> bool:
        """Whether every loop that ever ran still does."""
        now_ms = board.monotonic_ms()
        return all(now_ms - last < _ALIVE_MS for last in self._last.values())


class Program:
    """The tasks round one station."""

    def __init__(self, station: Station, watchdog: "Any") -> None:
        self._station = station
        self._watchdog = watchdog
        self._alive = Alive()
        self._failures = 0
        self._begun = False

    async def run(self) -> None:
        """Until somebody asked for a restart."""
        station = self._station
        tasks = [asyncio.create_task(self._keep("console", self._console))]
        if not station.enrolled():
            station.show_service()
        self._begin(reset=board.reset_cause() in ("watchdog", "fault"))
        while not station.asked_to_restart:
            self._begin(reset=False)
            if station.serving and len(tasks) == 1:
                tasks += self._serve()
            if self._alive.all():
                self._watchdog.feed()
            await asyncio.sleep_ms(200)
        await asyncio.sleep_ms(200)  # the console's last line
        for task in tasks:
            task.cancel()

    def _begin(self, *, reset: bool) -> None:
        """Serve as soon as there is an enrolment, once: a flash that does not allow it leaves the console."""
        station = self._station
        if self._begun or not station.enrolled():
            return
        self._begun = True
        try:
            station.serve(reset)
        except Exception as error:  # noqa: BLE001 without the console nothing could be mended
            self._failed("serve", error)
            station.show_service()

    def _failed(self, name: str, error: Exception) -> None:
        """Name what failed on the console, without its message; the whole of it only where the console is open."""
        self._failures += 1
        print("task", name, "failed:", type(error).__name__, self._failures)
        if self._station.identity.state() != "locked":
            sys.print_exception(error)

    def _serve(self) -> list:
        station = self._station
        line = Line(station.gateway_address, _join_network)
        connection = Connection(station.identity, station.trust, station.exchange, station.voice, line)
        station.send_voice = connection.send_voice
        station.connection = connection
        return [
            asyncio.create_task(self._keep("pump", self._pump)),
            asyncio.create_task(self._keep("turn", self._turn)),
            asyncio.create_task(self._keep("tidy", self._tidy)),
            asyncio.create_task(self._keep("connection", self._connect)),
        ]

    async def _keep(self, name: str, work: "Callable[[], Any]") -> None:
        """The one supervisor: a task that fails is named on the console, without its message, and started again."""
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 a task's failure of any kind must not take the others along
                self._failed(name, error)
            await asyncio.sleep_ms(_RESTART_MS)

    async def _console(self) -> None:
        console = Console(self._station, print)
        stdin = sys.stdin.buffer
        stream = asyncio.StreamReader(stdin)
        poll = select.poll()
        poll.register(stdin, select.POLLIN)
        while True:
            # The console's read waits for as many bytes as it was asked for, so: one at a time, while there is one.
            data = await stream.read(1)
            if not data:
                return
            console.feed(data)
            for _ in range(_CONSOLE_BYTES):
                if not poll.poll(0):
                    break
                console.feed(stdin.read(1))

    async def _pump(self) -> None:
        while True:
            self._alive.beat("pump")
            self._station.pump()
            await asyncio.sleep_ms(_PUMP_MS)

    async def _turn(self) -> None:
        while True:
            self._alive.beat("turn")
            self._station.turn()
            await asyncio.sleep_ms(_TURN_MS)

    async def _tidy(self) -> None:
        while True:
            self._station.tidy()
            await asyncio.sleep_ms(_TIDY_MS)

    async def _connect(self) -> None:
        await self._station.connection.run(board.monotonic_ms)


def _join_network() -> None:
    """Bring the board's Ethernet up by the settings; a host build has a network already."""
    try:
        import network
    except ImportError:
        return
    lan = network.LAN()
    lan.active(True)
    address = board_setting("ip")
    if address:
        lan.ifconfig(tuple(address.split(",")))
    else:
        lan.ipconfig(dhcp4=True)


def main(root: str = "", watchdog: "Any" = None, restart: "Callable[[], None] | None" = None) -> None:
    """Run until a restart is asked for; then the board starts anew. Without a board's own, others may be given."""
    gc.threshold(_GC_THRESHOLD)
    crash = board.crash_log()
    if crash is not None:
        print("crash:", " ".join("{:x}".format(word) for word in crash))
    print("start:", board.reset_cause())
    station = Station(root, {"version": VERSION, "hash": sodium.hash(board.image(), 32)})
    if station.identity.state() != "locked":
        board.open_console()
    print("sealine", VERSION, station.identity.state())
    asyncio.run(Program(station, watchdog or machine.WDT(timeout=_WATCHDOG_MS)).run())
    (restart or machine.reset)()


if __name__ == "__main__":
    main()
