"""The technician's line: `sealine <verb> [base64]`; the answer is `PROGRESS text` lines, then one of `OK [base64]` and
`ERROR code "text"`.

Until enrolment locks it the console also has MicroPython's REPL (Ctrl-C). A locked terminal answers `info`, `challenge`
and commands that a technician of this facility has signed over our challenge; nothing else.
"""

import binascii

import sodium
from micropython import const
from store import StoreError
from wire import codec, cose
from wire.errors import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


# An enrolment with its trust bundle in base64.
MAX_LINE_BYTES = const(24_576)
_PRINTABLE = range(32, 127)  # noise on the line and stray control characters are no part of a command
_PREFIX = b"sealine "
_OPEN_WHEN_LOCKED = ("info", "challenge", "command")
_SIGNED_VERBS = ("status", "settings", "factory-reset")


class ConsoleError(Exception):
    """A command that is not done; `code` is one of the words in docs/operations.md."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Console:
    """Takes bytes, gives lines. `station` is the terminal's parts, `write(text)` sends a line without its end."""

    def __init__(self, station: "Any", write: "Callable[[str], None]") -> None:
        self._station = station
        self._write = write
        self._buffer = bytearray()
        self._oversized = False
        self._challenge: bytes | None = None

    def feed(self, data: bytes) -> None:
        """Take received bytes; a whole line is answered at once, an oversized one is drained and refused."""
        for byte in data:
            if byte in b"\r\n":
                self._end_line()
            elif len(self._buffer) >= MAX_LINE_BYTES:
                self._oversized = True
            elif byte in _PRINTABLE:
                self._buffer.append(byte)

    def _end_line(self) -> None:
        line, self._buffer = self._buffer, bytearray()
        oversized, self._oversized = self._oversized, False
        if oversized:
            self._write('ERROR too-long "the line is too long"')
        elif line.startswith(_PREFIX):
            self._answer(line)

    def _answer(self, line: bytearray) -> None:
        try:
            result = self._run(line)
        except ConsoleError as error:
            self._write('ERROR {} "{}"'.format(error.code, error))
        except (WireError, StoreError) as error:
            self._write('ERROR refused "{}"'.format(error))
        else:
            self._write("OK " + _to_base64(result) if result else "OK")

    def _run(self, line: bytearray) -> bytes:
        words = bytes(line).split()
        try:
            verb = words[1].decode()
            args = [binascii.a2b_base64(word) for word in words[2:]]
        except (IndexError, ValueError):
            raise ConsoleError("malformed", "want: sealine verb [base64]")
        if self._station.identity.state() == "locked" and verb not in _OPEN_WHEN_LOCKED:
            raise ConsoleError("locked", "a signed command is needed")
        return self._do(verb, args)

    def _do(self, verb: str, args: list[bytes]) -> bytes:
        if verb not in _VERBS:
            raise ConsoleError("unknown-verb", "no such verb")
        least, most = _VERBS[verb]
        if not least <= len(args) <= most:
            raise ConsoleError("malformed", "wrong number of arguments")
        return getattr(self, "do_" + verb.replace("-", "_"))(*args) or b""

    # ------------------------------------------------------------ verbs

    def do_info(self) -> bytes:
        return self._station.info().encode()

    def do_status(self) -> bytes:
        return self._station.status().encode()

    def do_enrol_begin(self, challenge: bytes) -> bytes:
        if len(challenge) != 16:
            raise ConsoleError("malformed", "the challenge has 16 bytes")
        if self._station.identity.state() not in ("blank", "born"):
            raise ConsoleError("enrolled", "factory-reset comes first")
        return self._station.signing_request(challenge)

    def do_enrol_finish(self, enrolment: bytes) -> None:
        if self._station.identity.state() != "born":
            raise ConsoleError("not-begun", "enrol-begin comes first")
        self._station.enrol(codec.decode("enrolment", enrolment), self._progress)

    def do_settings(self, text: bytes | None = None) -> bytes:
        if text is not None:
            self._station.set_gateway(_text(text, 128))
        return self._station.gateway_address().encode()

    def do_lock(self) -> None:
        """Lock, and start anew: what the console may do is decided at the start."""
        self._station.identity.lock()
        self._station.restart()

    def do_restart(self) -> None:
        self._station.restart()

    def do_factory_reset(self) -> None:
        if not self._station.may_reset():
            raise ConsoleError("records-wait", "records wait for their receipts")
        self._station.factory_reset()

    def do_challenge(self) -> bytes:
        self._challenge = sodium.random(16)
        return self._challenge

    def do_command(self, credentials: bytes, signed: bytes) -> bytes:
        """A technician's signed command: for this terminal, over our last challenge, once."""
        challenge, self._challenge = self._challenge, None
        chain = codec.decode("link-hello", credentials)["credentials"]
        technician = self._station.judge(chain, "technician")
        command = codec.decode("command", cose.verify(signed, "command", technician.identity_key))
        if command["terminal"] != self._station.identity.key_id:
            raise ConsoleError("refused", "for another terminal")
        if challenge is None or not sodium.equal(command["challenge"], challenge):
            raise ConsoleError("refused", "not over the last challenge")
        if command["verb"] not in _SIGNED_VERBS:
            raise ConsoleError("unknown-verb", "no such signed verb")
        return self._do(command["verb"], [command["argument"]] if command["argument"] else [])

    def _progress(self, text: str) -> None:
        self._write("PROGRESS " + text)


# verb -> least and most arguments
_VERBS = {
    "info": (0, 0),
    "status": (0, 0),
    "enrol-begin": (1, 1),
    "enrol-finish": (1, 1),
    "settings": (0, 1),
    "lock": (0, 0),
    "restart": (0, 0),
    "factory-reset": (0, 0),
    "challenge": (0, 0),
    "command": (2, 2),
}


def _to_base64(data: bytes) -> str:
    return binascii.b2a_base64(data)[:-1].decode()


def _text(data: bytes, limit: int) -> str:
    try:
        text = data.decode()
    except ValueError:
        text = ""
    if not 0 < len(text) <= limit or not all(" " < char <= "~" for char in text):
        raise ConsoleError("malformed", "want printable ASCII")
    return text
