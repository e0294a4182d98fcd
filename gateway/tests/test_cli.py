"""A gateway from nothing to enrolled, by its commands alone."""

import subprocess
import sys
import time

import pytest
import typer
from sealine_gateway import cli
from sealine_gateway.errors import VaultError
from sealine_gateway.vault import Vault
from sealine_protocol import credential
from sealine_protocol.credential import check_request
from sealine_protocol.unit import Unit
from typer.testing import CliRunner


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in (("secret", "a secret that is given at start"), ("person", "4711"), ("pin", "135790")):
        (tmp_path / name).write_text(value + "\n")
        (tmp_path / name).chmod(0o600)

    def run(*words, text=None):
        done = CliRunner().invoke(cli.app, words, input=text)
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
    who = ("--state-dir", "state", "--person-file", "person", *secret)
    added = call("roster", "add", *who, "--pin-file", "pin", "--language", "es")
    assert added.output == "added\n"
    assert call("roster", "list", "--state-dir", "state", *secret).output == "4711 es\n"
    call("roster", "remove", *who)
    assert call("roster", "list", "--state-dir", "state", *secret).output == ""
    call("broker-config", "broker", "--gateway", "north/gw-1", "--listen", "127.0.0.1:8884")
    assert "listener 8884 127.0.0.1" in (tmp_path / "broker" / "mosquitto.conf").read_text()
    assert (tmp_path / "state" / "identity.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["secret", "person", "pin"])
def test_files_that_others_may_read_or_that_lie_in_the_state_are_refused(call, tmp_path, name):
    state = tmp_path / "state"
    Vault.create(make(state), b"a secret that is given at start")
    files = {one: tmp_path / one for one in ("secret", "person", "pin")}

    def add():
        words = [word for one, path in files.items() for word in (f"--{one}-file", str(path))]
        return call("roster", "add", "--state-dir", "state", *words)

    files[name].chmod(0o640)
    with pytest.raises(VaultError, match="open to others"):
        add()
    files[name].chmod(0o600)
    inside = state / name
    inside.write_bytes(files[name].read_bytes())
    inside.chmod(0o600)
    files[name] = tmp_path / "link"
    files[name].symlink_to(inside)
    with pytest.raises(VaultError, match="state directory"):
        add()
    assert Vault.load(state, b"a secret that is given at start").content.persons == {}


def make(directory):
    directory.mkdir()
    return directory


def test_a_person_is_asked_for_and_never_an_argument(call, tmp_path):
    Vault.create(make(tmp_path / "state"), b"a secret that is given at start")
    words = ("--state-dir", "state", "--secret-file", "secret")
    assert call("roster", "add", "4711", *words).exit_code == 2
    assert call("roster", "add", *words, "--pin-file", "pin", text="4711\n").exit_code == 0
    assert call("roster", "list", *words).output == "4711 en\n"


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
