"""The technician's line: enrolment, the lock, and what a locked terminal still answers."""

import os
import time
from typing import Any

import pytest
from sealine_protocol import codec, cose, credential
from sealine_protocol.hashes import key_id
from sealine_provisioning.authority import Authority
from sealine_provisioning.enrolment import enrol_terminal
from sealine_provisioning.errors import ConsoleError

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def locked_phone(world: Any, blank_phone: Any) -> Any:
    """An enrolled and locked terminal, started again as its lock asks."""
    issued = enrol_terminal(blank_phone.console(), world.authority, subject="phone-1", trust=world.trust)
    assert blank_phone.exited() == 75
    blank_phone.kill()
    blank_phone.start()
    blank_phone.key_id = key_id(issued.identity_key)
    return blank_phone


def technician(authority: Authority) -> tuple[Any, bytes]:
    """A technician's signing key, and the link-hello that carries his credential."""
    from nacl.public import PrivateKey
    from nacl.signing import SigningKey

    key = SigningKey.generate()
    now = int(time.time())
    signed = credential.issue(
        "technician-1",
        authority.facility,
        "technician",
        bytes(key.verify_key),
        bytes(PrivateKey.generate().public_key),
        nbf=now - 300,
        exp=now + 3600,
        iat=now,
        signer=authority.signer,
    )
    return key, codec.encode("link-hello", {"credentials": [signed]})


def run(phone: Any, hello: bytes, signed: bytes) -> bytes:
    """The verb `command`, which has two arguments."""
    import base64

    console = phone.console()
    line = f"command {base64.b64encode(hello).decode()} {base64.b64encode(signed).decode()}"
    reply: bytes = console.command(line)
    return reply


def command(key: Any, terminal: bytes, challenge: bytes, verb: str) -> bytes:
    """A signed command."""
    fields = {"terminal": terminal, "challenge": challenge, "verb": verb, "argument": b""}
    return cose.sign("command", codec.encode("command", fields), key)


def test_an_enrolled_terminal_is_not_enrolled_again(phone: Any) -> None:
    with pytest.raises(ConsoleError, match="factory-reset"):
        phone.console().command("enrol-begin", os.urandom(16))
    with pytest.raises(ConsoleError, match="enrol-begin comes first"):
        phone.console().command("enrol-finish", b"\xa0")


@pytest.mark.parametrize("argument", [b"", b"\xa0", b"\xff" * 100, bytes(12_000)])
def test_an_enrolment_that_does_not_hold_leaves_nothing(blank_phone: Any, argument: bytes) -> None:
    console = blank_phone.console()
    console.command("enrol-begin", os.urandom(16))
    with pytest.raises(ConsoleError):
        console.command("enrol-finish", argument)
    assert b"state=born" in console.command("info")


def test_an_enrolment_for_another_terminal_is_refused(blank_phone: Any, world: Any) -> None:
    console = blank_phone.console()
    console.command("enrol-begin", os.urandom(16))
    enrolment = world.authority.enrolment(world.gateway.credential, trust=world.trust.small())
    with pytest.raises(ConsoleError):
        console.command("enrol-finish", enrolment)
    assert b"state=born" in console.command("info")


def test_a_line_without_end_is_drained(blank_phone: Any) -> None:
    blank_phone.write(b"sealine info " + b"A" * 100_000 + b"\r")
    with pytest.raises(ConsoleError, match="too long"):
        blank_phone.console().command("info")
    assert b"state=blank" in blank_phone.console().command("info")


def test_a_locked_terminal_answers_only_signed_commands(locked_phone: Any, world: Any) -> None:
    console = locked_phone.console()
    assert b"state=locked" in console.command("info")
    for verb in ("status", "settings", "factory-reset", "restart", "lock"):
        with pytest.raises(ConsoleError, match="signed"):
            console.command(verb)
    key, hello = technician(world.authority)
    signed = command(key, locked_phone.key_id, console.command("challenge"), "status")
    assert b"serving=yes" in run(locked_phone, hello, signed)
    with pytest.raises(ConsoleError):
        run(locked_phone, hello, signed)  # once
    for bad in (
        command(key, bytes(16), console.command("challenge"), "status"),
        command(key, locked_phone.key_id, bytes(16), "status"),
        command(world.gateway.signing, locked_phone.key_id, console.command("challenge"), "status"),
        command(key, locked_phone.key_id, console.command("challenge"), "enrol-begin"),
    ):
        with pytest.raises(ConsoleError):
            run(locked_phone, hello, bad)
    gateway_hello = codec.encode("link-hello", {"credentials": [world.gateway.credential]})
    by_gateway = command(world.gateway.signing, locked_phone.key_id, console.command("challenge"), "status")
    with pytest.raises(ConsoleError, match="role"):
        run(locked_phone, gateway_hello, by_gateway)


def test_a_factory_reset_destroys_the_identity(locked_phone: Any, world: Any) -> None:
    key, hello = technician(world.authority)
    challenge = locked_phone.console().command("challenge")
    run(locked_phone, hello, command(key, locked_phone.key_id, challenge, "factory-reset"))
    assert locked_phone.exited() == 75
    locked_phone.kill()
    locked_phone.start()
    assert b"state=blank" in locked_phone.console().command("info")
