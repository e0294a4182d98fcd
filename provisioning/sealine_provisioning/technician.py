"""What a technician asks of a locked terminal: one signed command over the terminal's own challenge, good once."""

from collections.abc import Sequence

from sealine_protocol import codec, cose
from sealine_protocol.unit import Unit

from sealine_provisioning.console import Console


def command(
    console: Console,
    technician: Unit,
    chain: Sequence[bytes],
    terminal: bytes,
    verb: str,
    argument: bytes = b"",
) -> bytes:
    """The reply of the terminal with this key id; `chain` is the technician's credential, then issuers.

    Raises ConsoleError with the terminal's code, such as `refused` or `unknown-verb`.
    """
    fields = {"terminal": terminal, "challenge": console.command("challenge"), "verb": verb, "argument": argument}
    signed = cose.sign("command", codec.encode("command", fields), technician.identity)
    return console.command("command", codec.encode("link-hello", {"credentials": list(chain)}), signed)


def status(console: Console, technician: Unit, chain: Sequence[bytes], terminal: bytes) -> dict[str, str]:
    """How a locked terminal is, as names and values (docs/operations.md); raises ConsoleError."""
    text = command(console, technician, chain, terminal, "status").decode("utf-8", "replace")
    return dict(line.partition("=")[::2] for line in text.splitlines())
