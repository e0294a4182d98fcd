"""The web server of the pages: 127.0.0.1 only, a token in every address, no cookie, nothing from outside.

Other users of this machine can connect to the port but do not know the token; other sites in the same browser are kept
off by the Origin of the WebSocket and by the Host that is asked for.
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from sealine_tools.phone import messages
from sealine_tools.phone.errors import MessageError
from sealine_tools.phone.handset import Handset, Page
from sealine_tools.phone.pace import Pace

FOLDER: Final = Path(__file__).with_name("page")
TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HOSTS: Final = ["127.0.0.1", "localhost"]
TOKEN_BYTES: Final = 16
MAX_TOKEN_CHARS: Final = 64
REFUSED: Final = 1008  # RFC 6455 section 7.4.1: policy violation
TAKEN_OVER: Final = 4001  # our own, for page/line.js: another page has the phone now
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Desk:
    """The pages of some handsets; `app` is the ASGI application."""

    def __init__(self, handsets: Sequence[Handset], cards: Sequence[dict[str, object]]) -> None:
        """`cards`: what the person at each phone must know."""
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self._handsets = {handset.name: handset for handset in handsets}
        self._cards = dict(zip(self._handsets, cards, strict=True))
        self.app = Starlette(
            routes=[
                Route("/{token}/", self._first),
                Route("/{token}/static/{name}", self._static),
                Route("/{token}/{phone}", self._page),
                WebSocketRoute("/{token}/{phone}/line", self._line),
            ],
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)],
        )

        self.app.router.redirect_slashes = False  # an address is ours or there is nothing

    def path(self, phone: str) -> str:
        """The address of a phone's page on this server."""
        return f"/{self.token}/{phone}"

    async def _first(self, request: Request) -> Response:
        self._check(request.path_params["token"])
        return RedirectResponse(self.path(next(iter(self._handsets))), headers=HEADERS)

    async def _page(self, request: Request) -> Response:
        self._check(request.path_params["token"])
        if request.path_params["phone"] not in self._handsets:
            raise HTTPException(404)
        return FileResponse(FOLDER / "phone.html", media_type="text/html", headers=HEADERS)

    async def _static(self, request: Request) -> Response:
        self._check(request.path_params["token"])
        name: str = request.path_params["name"]
        suffix = Path(name).suffix
        # a name without a folder, found in the listing, is no way out of it
        if suffix not in TYPES or name not in {path.name for path in FOLDER.iterdir()}:
            raise HTTPException(404)
        return FileResponse(FOLDER / name, media_type=TYPES[suffix], headers=HEADERS)

    def _check(self, token: str) -> None:
        if not self._knows(token):
            raise HTTPException(404)

    def _knows(self, token: str) -> bool:
        return len(token) <= MAX_TOKEN_CHARS and secrets.compare_digest(token.encode(), self.token.encode())

    async def _line(self, socket: WebSocket) -> None:
        handset = self._handsets.get(socket.path_params["phone"])
        same = socket.headers.get("origin") == f"http://{socket.headers.get('host')}"
        if handset is None or not same or not self._knows(socket.path_params["token"]):
            await socket.close(REFUSED)  # before accept: the handshake is answered with 403
            return
        await socket.accept()
        page = Page()
        page.send({"type": "hello", "phone": handset.name, "phones": list(self._handsets), **self._card(handset)})
        handset.attach(page)
        sender = asyncio.create_task(_send_all(socket, page), name=f"page of {handset.name}")
        try:
            await _receive_all(socket, handset)
        finally:
            handset.detach(page)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    def _card(self, handset: Handset) -> dict[str, Any]:
        return {"card": self._cards[handset.name]}


async def _receive_all(socket: WebSocket, handset: Handset) -> None:
    """Until the page is gone, or says what no page of ours says."""
    pace = Pace()
    while True:
        received = await socket.receive()
        if received["type"] == "websocket.disconnect":
            return
        try:
            pace.count(asyncio.get_running_loop().time())
            if received.get("text") is not None:
                handset.handle(messages.parse(received["text"]))
            else:
                handset.speak(messages.parse_voice(received.get("bytes") or b""))
        except MessageError as error:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(REFUSED, str(error))
            return


async def _send_all(socket: WebSocket, page: Page) -> None:
    """What waits for the page, until its end."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while (message := await page.outbox.get()) is not None:
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            else:
                await socket.send_text(json.dumps(message))
        if socket.application_state is WebSocketState.CONNECTED:
            await socket.close(TAKEN_OVER if page.taken_over else REFUSED)
