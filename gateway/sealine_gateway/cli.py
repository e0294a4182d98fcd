"""`sealine-gateway`: the commands. Heavy parts are imported by the command that needs them; `--help` needs none."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
roster = typer.Typer(no_args_is_help=True)
app.add_typer(roster, name="roster", help="People who may call, in the vault.")

ConfigOption = Annotated[Path, typer.Option("--config", help="The gateway's TOML file.")]
SecretOption = Annotated[
    Path | None,
    typer.Option("--secret-file", help="File with the vault's secret; else a systemd credential or a prompt."),
]

PersonOption = Annotated[Path | None, typer.Option(help="File with the person's number; else a prompt.")]


@app.command(epilog="Example: sealine-gateway run --config gateway.toml --secret-file /run/secret")
def run(config: ConfigOption, secret_file: SecretOption = None, log_level: str = "INFO") -> None:
    """Serve terminals until stopped."""
    import asyncio
    import os
    import resource

    import uvloop
    from sealine_protocol import log

    from sealine_gateway import app as gateway
    from sealine_gateway import config as configuration
    from sealine_gateway import vault

    os.umask(0o077)  # what is written is for this user alone
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # keys in memory end in no core file
    log.set_up(log_level)
    settings = configuration.load(config)
    secret = vault.read_secret(secret_file, settings.state_path)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(gateway.serve(settings, secret))


@app.command(epilog="Example: sealine-gateway check-config --config gateway.toml")
def check_config(config: ConfigOption) -> None:
    """Check a configuration file; it says what is wrong by the field's name."""
    from sealine_gateway import config as configuration

    settings = configuration.load(config)
    typer.echo(f"{config.name} holds: gateway {settings.name} of {settings.facility}")


@app.command(epilog="Example: sealine-gateway describe-config")
def describe_config() -> None:
    """Every field of the configuration: meaning, unit, constraint, default."""
    from sealine_gateway import config as configuration

    typer.echo(configuration.describe())


@app.command(
    epilog="Example: sealine-gateway init state --challenge $C --secret-file secret; then have both requests signed"
)
def init(
    state_dir: Path,
    challenge: Annotated[str, typer.Option(help="Fresh, from the authority.")],
    secret_file: SecretOption = None,
) -> None:
    """Make a gateway's keys, TLS request and vault in STATE_DIR, once, and a request that answers the challenge."""
    from sealine_protocol.unit import Unit

    from sealine_gateway import vault

    secret = vault.read_secret(secret_file, state_dir)
    Unit.prepare(state_dir, "gateway", challenge, tls=True)
    if not (state_dir / vault.FILE_NAME).exists():
        vault.Vault.create(state_dir, secret)
    typer.echo(f"{state_dir}/request.cose and {state_dir}/tls.csr: give them to the authority")


@app.command(epilog="Example: sealine-gateway install state enrolment.cbor")
def install(state_dir: Path, enrolment: Path) -> None:
    """Check the authority's enrolment and keep it in STATE_DIR."""
    from sealine_protocol.unit import Unit

    credential = Unit.load(state_dir).install(enrolment.read_bytes()).credential
    typer.echo(f"enrolled as {credential.sub} of {credential.facility}")


@app.command(epilog="Example: sealine-gateway broker-config broker --listen 127.0.0.1:8883 --gateway north/gw-1")
def broker_config(
    directory: Path,
    gateway: Annotated[list[str], typer.Option("--gateway", help="FACILITY/NAME, once for each gateway.")],
    listen: Annotated[str, typer.Option(help="The broker's address, host:port.")] = "127.0.0.1:8883",
) -> None:
    """Write mosquitto.conf, acl, and once the broker's key and TLS request; put broker.pem and ca.pem beside them."""
    from sealine_protocol.settings import address

    from sealine_gateway import broker

    pairs = []
    for item in gateway:
        facility, _, name = item.partition("/")
        broker.common_name(facility, name)
        pairs.append((facility, name))
    broker.write(directory, address(listen), pairs)
    typer.echo(f"{directory}: mosquitto.conf and acl; give {directory}/broker.csr to the authority")


@roster.command("add", epilog="Example: sealine-gateway roster add --state-dir state --language es")
def roster_add(
    state_dir: Annotated[Path, typer.Option(help="The gateway's state directory.")],
    language: str = "en",
    person_file: PersonOption = None,
    pin_file: Annotated[Path | None, typer.Option(help="File with the PIN; else a prompt.")] = None,
    secret_file: SecretOption = None,
) -> None:
    """Add a person, or give one a new PIN. A running gateway sees it at its next start."""
    from sealine_gateway import roster as people
    from sealine_gateway import vault

    opened = vault.Vault.load(state_dir, vault.read_secret(secret_file, state_dir))
    person = _person(person_file, state_dir)
    if pin_file is not None:
        pin = vault.read_private(pin_file, "the PIN", state_dir).decode("ascii", "replace")
    else:
        pin = typer.prompt("PIN", hide_input=True, confirmation_prompt=True)
    people.add_person(opened, person, pin, language)
    typer.echo("added")


@roster.command("remove", epilog="Example: sealine-gateway roster remove --state-dir state")
def roster_remove(
    state_dir: Annotated[Path, typer.Option(help="The gateway's state directory.")],
    person_file: PersonOption = None,
    secret_file: SecretOption = None,
) -> None:
    """Remove a person."""
    from sealine_gateway import roster as people
    from sealine_gateway import vault

    opened = vault.Vault.load(state_dir, vault.read_secret(secret_file, state_dir))
    people.remove_person(opened, _person(person_file, state_dir))
    typer.echo("removed")


@roster.command("list", epilog="Example: sealine-gateway roster list --state-dir state")
def roster_list(
    state_dir: Annotated[Path, typer.Option(help="The gateway's state directory.")], secret_file: SecretOption = None
) -> None:
    """The persons in the vault and their languages."""
    from sealine_gateway import vault

    opened = vault.Vault.load(state_dir, vault.read_secret(secret_file, state_dir))
    for entry in opened.content.persons.values():
        typer.echo(f"{entry.person} {entry.language}")


def _person(person_file: Path | None, state_dir: Path) -> str:
    """A person's number: never an argument, which every process of the machine may read."""
    from sealine_gateway import vault

    if person_file is None:
        return str(typer.prompt("Person"))
    return vault.read_private(person_file, "the person", state_dir).decode("ascii", "replace")


def main() -> None:
    """The entry point: an error of ours is one line and exit code 1."""
    try:
        app()
    except Exception as error:
        if not _is_ours(error):
            raise
        typer.echo(f"sealine-gateway: {error}", err=True)
        raise SystemExit(1) from error


def _is_ours(error: Exception) -> bool:
    from sealine_protocol.errors import ProtocolError

    from sealine_gateway.errors import GatewayError

    return isinstance(error, GatewayError | ProtocolError | OSError)
