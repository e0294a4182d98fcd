"""The commands of `sealine-provision`: help with an example, and mistakes that are one plain sentence."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from sealine_protocol import codec, credential
from sealine_protocol.unit import Unit
from sealine_provisioning import cli
from sealine_provisioning.authority import Authority, fresh_challenge
from typer.testing import CliRunner


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every command with its help; typer's groups are those that have `commands`."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command.help or ""


@pytest.mark.parametrize(("name", "text"), list(commands(typer.main.get_command(cli.app))))
def test_every_command_has_help_with_an_example(name: str, text: str) -> None:
    assert f"Example: sealine-provision {name}" in " ".join(text.split())


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    (tmp_path / "passphrase").write_text("correct horse\n")
    monkeypatch.setenv("SEALINE_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    monkeypatch.chdir(tmp_path)
    return Authority.create(tmp_path / "safe", "lakeside", b"correct horse")


def run(*words: str) -> str:
    done = CliRunner().invoke(cli.app, words)
    if done.exception is not None:
        raise done.exception
    return done.output


def issue(authority: Authority, name: str) -> credential.Credential:
    unit, challenge = Unit.create(Path(name), "terminal", bytes(16)), fresh_challenge()
    return credential.read(authority.issue(unit.request(challenge), subject=name, role="terminal", challenge=challenge))


def test_what_was_revoked_stays_revoked_in_the_next_list(authority: Authority) -> None:
    lost, stolen = issue(authority, "lost"), issue(authority, "stolen")
    for version, terminal in ((1, lost), (2, stolen)):
        Path("it.cose").write_bytes(terminal.raw)
        previous = ("--previous", "list") if version > 1 else ()
        run("revocations", "make", "safe", "--version", str(version), *previous, "--revoke", "it.cose", "--out", "list")
    body = codec.decode("published-bundle", Path("list").read_bytes())["body"]
    rows = codec.decode("revocations-body", body)["revoked"]
    assert {row["key_id"] for row in rows} == {lost.key_id, stolen.key_id}


@pytest.mark.usefixtures("authority")
def test_the_billing_key_is_never_made_twice() -> None:
    public = run("billing", "create", "office").strip()
    assert len(bytes.fromhex(public)) == 32
    assert public not in (Path("office") / "billing.key").read_bytes().hex()
    with pytest.raises(Exception, match="is there already"):
        run("billing", "create", "office")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["request", "me", "--role", "policy", "--challenge", "zz"], "challenge: not hex"),
        (
            ["request", "terminal", "--role", "policy", "--challenge", "00" * 16],
            "keys here are of a terminal, not of a",
        ),
        (["tls", "sign", "safe", "x", "--name", "lakeside/gw-1", "--host", "h", "--out", "y"], "host: needed for the"),
        (["tls", "sign", "safe", "x", "--name", "broker", "--out", "y"], "host: needed for the broker"),
        (
            ["trust", "make", "safe", "--version", "1", "--billing-key", "00", "--out", "y"],
            "billing key: 64 hex digits",
        ),
        (["authority", "create", "safe", "--facility", "lakeside"], "already holds an authority"),
    ],
)
def test_a_mistake_is_one_plain_sentence(authority: Authority, words: list[str], sentence: str) -> None:
    issue(authority, "terminal")
    who = ["--central", "terminal/request.cose", "--custodian", "terminal/request.cose"] if words[0] == "trust" else []
    script = "from sealine_provisioning.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", script, *words, *who], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("sealine-provision: ")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
