"""Running the demo from curtain to curtain."""

import hashlib
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from sealine_tools.demo.errors import DemoError
from sealine_tools.demo.evidence import Evidence
from sealine_tools.demo.scenes import Scenes, copy_image
from sealine_tools.demo.stage import Stage

IMAGE: Final = Path(__file__).parents[3] / "build" / "firmware" / "qemu" / "firmware.elf"
INTRODUCTION: Final = """\
[bold]Sealine: one facility on this machine.[/] Two wall phones run the real firmware in an emulator; \
broker, gateway and central are the real programs. Only the telephone network is played: \
scripted parties with human voices.
"""


def run(out: Path | None, image: Path, *, once: bool) -> int:
    """The whole demo; returns the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminated)
    folder = out or Path(tempfile.mkdtemp(prefix="sealine-demo-"))
    try:
        evidence = Evidence.create(folder)
    except (DemoError, OSError) as error:
        sys.stderr.write(f"sealine demo: {error}\n")
        return 1
    stage = Stage(evidence.report)
    stage.console.print(INTRODUCTION)
    work = Path(tempfile.mkdtemp(prefix="sealine-"))
    try:
        return _play(stage, evidence, work, image, once=once)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _play(stage: Stage, evidence: Evidence, work: Path, image: Path, *, once: bool) -> int:
    console = stage.console
    try:
        scenes = Scenes(stage, evidence, work, copy_image(image, work))
        digest = hashlib.sha256(scenes.image.read_bytes()).hexdigest()
        stage.facts["firmware"] = {"sha256": digest}
    except DemoError as error:
        console.print(f"[red]sealine demo: {error}[/]")
        return 1
    try:
        scenes.play()
        stage.write("ok")
        console.print(f"[bold green]Everything held[/], in {stage.seconds:.0f} s. Evidence: {evidence.folder}")
        if not once:
            _stay(stage, scenes)
    except DemoError as error:
        stage.write("failed")
        console.print(f"[bold red]The demo failed.[/] Logs: {evidence.folder / 'logs'}")
        sys.stderr.write(f"sealine demo: {error}\n")
        return 1
    except KeyboardInterrupt:
        stage.write("stopped")
        console.print("[bold]Stopped.[/]")
        return 130
    finally:
        scenes.close()
    return 0


def _stay(stage: Stage, scenes: Scenes) -> None:
    """Everything stays up until Enter or Ctrl-C."""
    config, programs = scenes.facility.central_config, Path(sys.executable).parent
    stage.console.print(
        f"""
All of it still runs. Try, from another terminal:
  {programs}/sealine-central records --config {config}
  {programs}/sealine-central watch --config {config}
  {programs}/sealine verify {scenes.evidence.folder}
  ls {scenes.evidence.folder}/opened/    the WAV that two custodians opened
""",
        soft_wrap=True,
    )
    try:
        input("Enter ends it. ")
    except (EOFError, KeyboardInterrupt):
        stage.console.print()


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
