"""A gateway from nothing to enrolled, by its commands alone."""

import subprocess
import sys
import time

import pytest
import typer
from sealine_gateway import cli
from sealine_protocol import credential
from sealine_protocol.credential import check_request
from sealine_protocol.unit import Unit
from typer.testing import CliRunner


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text("a secret that is given at start\n")
    (tmp_path / "pin").write_text("135790\n")

    def run(*words):
        done = CliRunner().invoke(cli.app, words)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return run


def test_commands_lead_to_an_enrolled_gateway(call, tmp_path, issuing):
    secret = ("--secret-file", "secret")
    assert call("init", "state", "--challenge", "11" * 16, *secret).exit_code == 0
    unit = Unit.load(tmp_path / "state")
    request = check_request((tmp_path / "state" / "request.cose").read_bytes(), b"\x11" * 16)
    now = int(time.time())
    keys = (request["identity_key"], request["link_key"])
    signer = issuing.authority.signer
    signed = credential.issue("gw-1", "north", "gateway", *keys, iat=now, exp=now + 1000, signer=signer)
    (tmp_path / "enrolment.cbor").write_bytes(issuing.authority.enrolment(signed, trust=issuing.trust.small()))
    assert "gw-1 of north" in call("install", "state", "enrolment.cbor").output
    assert unit.enrolled().credential.sub == "gw-1"
    assert issuing.authority.certify_tls((tmp_path / "state" / "tls.csr").read_bytes(), "north/gw-1")
    added = call("roster", "add", "4711", "--state-dir", "state", "--pin-file", "pin", "--language", "es", *secret)
    assert added.output == "added\n"
    assert call("roster", "list", "--state-dir", "state", *secret).output == "4711 es\n"
    call("roster", "remove", "4711", "--state-dir", "state", *secret)
    assert call("roster", "list", "--state-dir", "state", *secret).output == ""
    call("broker-config", "broker", "--gateway", "north/gw-1", "--listen", "127.0.0.1:8884")
    assert "listener 8884 127.0.0.1" in (tmp_path / "broker" / "mosquitto.conf").read_text()
    assert (tmp_path / "state" / "identity.key").stat().st_mode & 0o077 == 0


def commands(group, path=()):
    """Every command and its example; typer's groups are those that have `commands`."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command.epilog or ""


@pytest.mark.parametrize(("name", "text"), list(commands(typer.main.get_command(cli.app))))
def test_every_command_has_help_with_an_example(call, name, text):
    assert text.startswith(f"Example: sealine-gateway {name}")
    assert call(*name.split(), "--help").exit_code == 0


def test_help_is_quick():
    """Under 200 ms of processor time: no heavy import on the way to --help."""
    script = "import sys; from sealine_gateway import cli; print(sorted(m for m in sys.modules if '.' not in m))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    for heavy in ("nacl", "paho", "prometheus_client", "asyncio", "rich", "serial"):
        assert f"'{heavy}'" not in loaded
