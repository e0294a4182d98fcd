"""`sealine phone` from the first word to the last."""

import asyncio
import contextlib
import signal
import socket
import sys
import webbrowser
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import uvicorn
from sealine_central.errors import CentralError
from sealine_gateway.errors import GatewayError
from sealine_hil.errors import HilError
from sealine_protocol.errors import ProtocolError
from sealine_provisioning.errors import ProvisioningError

from sealine_tools.phone import behind, cast
from sealine_tools.phone.behind import Behind
from sealine_tools.phone.errors import PhoneError
from sealine_tools.phone.handset import GRACE_S, Handset
from sealine_tools.phone.house import House
from sealine_tools.phone.messages import MAX_MESSAGE_BYTES
from sealine_tools.phone.server import Desk

IMAGE: Final = Path(__file__).parents[3] / "build" / "firmware" / "qemu" / "firmware.elf"
EXPECTED: Final = (PhoneError, HilError, ProtocolError, ProvisioningError, GatewayError, CentralError, OSError)
SHUTDOWN_S: Final = 2  # for pages that do not close; a call in progress ends with the phone


def run(image: Path, *, phones: int, port: int, browser: bool, pictures: Path | None = None) -> int:
    """Everything up, until Ctrl-C or the last picture; returns the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminated)
    try:
        listener = _listen(port)
        with listener, House(image, [f"wing-a-{place + 1}" for place in range(phones)], _say) as house:
            asyncio.run(_serve(house, listener, browser=browser, pictures=pictures))
    except EXPECTED as error:
        sys.stderr.write(f"sealine phone: {error}\n")
        return 1
    except KeyboardInterrupt:
        _say("stopped")
        return 0
    return 0


async def _serve(house: House, listener: socket.socket, *, browser: bool, pictures: Path | None) -> None:
    handsets = [Handset(phone) for phone in house.phones]
    cards = [cast.card(cast.CALLERS[place % len(cast.CALLERS)]) for place in range(len(handsets))]
    desk = Desk(handsets, cards)
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    # no access log: an address holds the token
    server = uvicorn.Server(
        uvicorn.Config(
            desk.app,
            ws="websockets-sansio",
            ws_max_size=MAX_MESSAGE_BYTES,
            access_log=False,
            log_level="warning",
            lifespan="off",
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
    )
    tasks = [asyncio.create_task(handset.run(), name=handset.name) for handset in handsets]
    for phone, handset in zip(house.phones, handsets, strict=True):
        watching = behind.watch(Behind(house.facility, phone), handset)
        tasks.append(asyncio.create_task(watching, name=f"behind {phone.name}"))
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="web server")
    try:
        _introduce(handsets, origin, desk)
        if pictures is not None:
            await _picture(pictures, [origin + desk.path(handset.name) for handset in handsets])
            server.should_exit = True
        elif browser:
            webbrowser.open(origin + desk.path(handsets[0].name))
        await asyncio.wait([serving, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()  # a part that ended has a reason, which ends the rest
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _picture(folder: Path, addresses: list[str]) -> None:
    from sealine_tools.phone import pictures  # noqa: PLC0415 - the browser's driver is for developers

    await asyncio.to_thread(pictures.take, addresses, folder, _say)


def _introduce(handsets: list[Handset], origin: str, desk: Desk) -> None:
    for place, handset in enumerate(handsets):
        caller = cast.CALLERS[place % len(cast.CALLERS)]
        _say(f"{handset.name}: {origin}{desk.path(handset.name)}")
        _say(f"  {caller.name}: number {caller.person}, PIN {caller.pin}")
    for line in cast.LINES:
        _say(f"  dial {line.called.dialled:<12} {line.called.name}: {line.what}")
    _say(f"A page that is closed in a call keeps the handset up for {GRACE_S:g} s. Ctrl-C ends all.")


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise PhoneError(f"port {port} of 127.0.0.1 is not to be had: {error.strerror}") from error


def _say(text: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
