"""A gateway whose loopback trunk also notes when each voice frame passed: `python -m sealine_tools.bench.trunk`.

Everything else is the product's own gateway. Times are the host's monotonic clock, which all its processes share.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sealine_gateway import app, config, loopback, vault
from sealine_gateway.trunk import Leg, Listener
from sealine_protocol import log


@dataclass
class CallTimes:
    """Of one call, in nanoseconds: (sequence, when) of each frame heard, and when each frame was spoken."""

    heard: list[tuple[int, int]] = field(default_factory=list)
    spoken: list[int] = field(default_factory=list)


class TimedLeg(Leg):
    """A leg that notes what passes."""

    def __init__(self, leg: Leg, times: CallTimes) -> None:
        self._leg = leg
        self._times = times

    def send_voice(self, seq: int, frame: bytes) -> None:
        """See Leg."""
        self._times.heard.append((seq, time.monotonic_ns()))
        self._leg.send_voice(seq, frame)

    def notice_done(self) -> None:
        """See Leg."""
        self._leg.notice_done()

    def hang_up(self) -> None:
        """See Leg."""
        self._leg.hang_up()


class TimedTrunk(loopback.LoopbackTrunk):
    """The loopback trunk; the times of call n are in `<folder>/<n>.json` when it is over."""

    def __init__(self, trunk: loopback.LoopbackTrunk, folder: Path) -> None:
        super().__init__(trunk.parties)
        self._folder = folder
        self._calls = 0

    def dial(self, number: str, listener: Listener) -> Leg:
        """See Trunk."""
        times = CallTimes()

        def on_voice(frame: bytes) -> None:
            times.spoken.append(time.monotonic_ns())
            listener.on_voice(frame)

        leg = super().dial(number, Listener(on_event=listener.on_event, on_voice=on_voice))
        if not isinstance(leg, loopback.LoopbackLeg):
            raise TypeError("the loopback trunk has no other legs")
        path = self._folder / f"{self._calls}.json"
        self._calls += 1
        leg.task.add_done_callback(lambda _: write(path, times))
        return TimedLeg(leg, times)


def write(path: Path, times: CallTimes) -> None:
    """Keep the times of a call, whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(asdict(times)))
    temporary.replace(path)


def read(path: Path) -> CallTimes:
    """What `write` wrote."""
    data = json.loads(path.read_text())
    return CallTimes([(seq, when) for seq, when in data["heard"]], list(data["spoken"]))


async def serve(config_file: Path, secret_file: Path, folder: Path) -> None:
    """Run the gateway until it is killed."""
    settings = config.load(config_file)
    trunk = TimedTrunk(loopback.load(settings.script_path), folder)
    await app.Gateway(settings, vault.read_secret(secret_file, settings.state_path), trunk).run(asyncio.Event())


if __name__ == "__main__":
    import uvloop

    log.set_up("INFO")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(*map(Path, sys.argv[1:4])))
