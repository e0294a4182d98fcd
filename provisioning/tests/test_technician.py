"""A technician's command: signed over the terminal's own challenge, for this terminal, in the form that it reads."""

import base64

import pytest
from sealine_protocol import codec, cose
from sealine_protocol.unit import Unit
from sealine_provisioning import technician
from sealine_provisioning.console import Console
from sealine_provisioning.errors import ConsoleError

CHALLENGE = bytes(range(16))
TERMINAL = bytes(16)
CHAIN = [b"credential" * 10]


class Terminal:
    """Answers `challenge` and `command`; keeps what it was told."""

    timeout = None

    def __init__(self, answer):
        self.said = []
        self._answer = answer
        self._lines = []

    def write(self, data):
        words = data.decode().split()
        self.said.append((words[1], [base64.b64decode(word) for word in words[2:]]))
        reply = CHALLENGE if words[1] == "challenge" else self._answer
        self._lines.append(reply if reply.startswith(b"ERROR") else b"OK " + base64.b64encode(reply) + b"\n")

    def readline(self, _size=-1):
        return self._lines.pop(0) if self._lines else b""


@pytest.fixture
def unit(tmp_path):
    return Unit.create(tmp_path / "technician", "technician", b"laptop--")


def test_the_command_is_signed_over_the_challenge(unit):
    terminal = Terminal(b"serving=yes\nwaiting=0\n")
    said = technician.status(Console(terminal), unit, CHAIN, TERMINAL)
    assert said == {"serving": "yes", "waiting": "0"}
    (first, _), (second, (chain, signed)) = terminal.said
    assert (first, second) == ("challenge", "command")
    assert codec.decode("link-hello", chain)["credentials"] == CHAIN
    payload = cose.verify(cose.parse(signed), unit.identity_key, "command")
    assert codec.decode("command", payload) == {
        "terminal": TERMINAL, "challenge": CHALLENGE, "verb": "status", "argument": b""
    }  # fmt: skip


def test_a_refusal_is_an_error_with_its_code(unit):
    with pytest.raises(ConsoleError, match="unknown-verb"):
        technician.command(Console(Terminal(b'ERROR unknown-verb "no"\n')), unit, CHAIN, TERMINAL, "zeroise")
