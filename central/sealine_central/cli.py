"""`sealine-central`: receive, prove, show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sealine_central.config import Config
    from sealine_central.facilities import FacilityBook
    from sealine_central.store import Store

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, rich_markup_mode=None)

ConfigFile = Annotated[Path, typer.Option("--config", help="Central's TOML file; `check-config` explains its fields.")]


def _open(config_file: Path) -> tuple[Config, Store]:
    from sealine_central.config import load
    from sealine_central.store import Store

    config = load(config_file)
    return config, Store(config.state_path)


def _answers(config: Config) -> Any:
    from sealine_protocol.unit import Unit

    from sealine_central.answers import Answers

    return Answers(Unit.load(config.state_path).identity)


def _book(config: Config, facility: str) -> FacilityBook:
    from sealine_central.errors import CentralError
    from sealine_central.service import open_books

    books = open_books(config)
    if facility not in books:
        raise CentralError(f"facility {facility}: not in the configuration")
    books[facility].refresh()
    return books[facility]


@app.command()
def run(config_file: ConfigFile) -> None:
    """Receive, commit, log and answer, until stopped.

    Example: sealine-central run --config central.toml
    """
    import asyncio
    import signal

    from sealine_protocol import log
    from sealine_protocol.errors import ProtocolError

    from sealine_central.config import load
    from sealine_central.errors import CentralError
    from sealine_central.service import Service

    log.set_up()

    async def serve() -> None:
        task = asyncio.ensure_future(Service(load(config_file)).run())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    try:
        asyncio.run(serve())
    except* (CentralError, ProtocolError, OSError) as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None


@app.command("check-config")
def check_config(config_file: Annotated[Path | None, typer.Option("--config")] = None) -> None:
    """Check a configuration file; without one, explain every field.

    Example: sealine-central check-config --config central.toml
    """
    from sealine_central import config

    if config_file is None:
        typer.echo(config.describe())
        return
    config.load(config_file)
    typer.echo(f"{config_file}: holds")


@app.command()
def request(directory: Path, challenge: Annotated[str, typer.Option(help="Fresh, from the authority.")]) -> None:
    """Make central's keys in its state directory and write the signing request.

    Example: sealine-central request state/ --challenge $CHALLENGE
    """
    from sealine_protocol.unit import Unit

    Unit.prepare(directory, "central", challenge, tls=True)
    typer.echo(f"{directory / 'request.cose'} and {directory / 'tls.csr'}: give them to the authority")


@app.command()
def install(directory: Path, enrolment: Path) -> None:
    """Take up what the authority gave for central's keys.

    Example: sealine-central install state/ enrolment.cbor
    """
    from sealine_protocol.unit import Unit

    enrolled = Unit.load(directory).install(enrolment.read_bytes())
    typer.echo(f"{directory}: {enrolled.credential.sub} of {enrolled.credential.facility}")


@app.command()
def records(config_file: ConfigFile, limit: int = 50) -> None:
    """The newest records: what central may know of a call, which is no name, number or word.

    Example: sealine-central records --config central.toml --limit 20
    """
    from rich.console import Console
    from rich.table import Table

    from sealine_central.view import record_rows

    _, store = _open(config_file)
    table = Table(title="records", header_style="bold")
    for column in ("id", "terminal", "seq", "started", "talked", "end", "privilege", "recording", "flags"):
        table.add_column(column)
    for row in record_rows(store, limit):
        table.add_row(*row)
    Console().print(table)


@app.command()
def show(config_file: ConfigFile, record_id: Annotated[str, typer.Argument(help="Hex id, or its beginning.")]) -> None:
    """One record with all its fields, its leaf and its receipt's check.

    Example: sealine-central show --config central.toml 3f9a
    """
    from rich.console import Console

    from sealine_central.view import record_text

    config, store = _open(config_file)
    Console(soft_wrap=True, highlight=False).print(record_text(store, _answers(config), record_id), markup=False)


@app.command()
def watch(config_file: ConfigFile) -> None:
    """Every chain: gaps, forks, breaks, lost tails, silent terminals. Exit code 3 when one needs a person.

    Example: sealine-central watch --config central.toml
    """
    from rich.console import Console
    from rich.table import Table

    from sealine_central.chains import chains

    _, store = _open(config_file)
    table = Table(title="chains", header_style="bold")
    for column in ("facility", "terminal", "key", "records", "head", "health", "state"):
        table.add_column(column)
    found = chains(store)
    for chain in found:
        state = "; ".join(chain.alarms()) or "whole"
        counts = (str(chain.records), str(chain.head), str(chain.health or "no tally yet"))
        table.add_row(chain.facility, chain.terminal, chain.key_id.hex()[:8], *counts, state)
    Console().print(table)
    if any(chain.alarms() for chain in found):
        raise typer.Exit(3)


@app.command()
def export(
    config_file: ConfigFile,
    out: Path,
    record: Annotated[str | None, typer.Option(help="Id of one record: makes its case folder for custody.")] = None,
) -> None:
    """Everything that central holds, for an auditor; or one recording's case folder.

    Example: sealine-central export --config central.toml --record 3f... case/
    """
    from sealine_central.export import export_all, export_case
    from sealine_central.view import find_record

    config, store = _open(config_file)
    if record is None:
        typer.echo(f"{out}: {export_all(config, store, _answers(config), out)} records")
        return
    export_case(config, store, _answers(config), find_record(store, record), out)
    typer.echo(f"{out}: case folder; nothing in it is open")


@app.command()
def admit(
    config_file: ConfigFile,
    facility: Annotated[str, typer.Option(help="Whose trust bundle says who may sign.")],
    objects: Annotated[list[Path], typer.Argument(help="request, grants or opening of a case folder.")],
    credential: Annotated[
        Path | None, typer.Option(help="Credential of who signed. Default: from trust bundle or people/ of the case.")
    ] = None,
) -> None:
    """Log custody's signed objects; writes each one's receipt beside it.

    Example: sealine-central admit --config central.toml --facility lakeside case/request.cose
    """
    from sealine_central.custody_log import admit as admit_object
    from sealine_central.custody_log import find_credential

    config, store = _open(config_file)
    book = _book(config, facility)
    answers = _answers(config)
    for path in objects:
        signed = path.read_bytes()
        signer = credential.read_bytes() if credential else find_credential(book, path, signed)
        receipt = admit_object(store, book, answers, signed, signer)
        path.with_suffix(".receipt").write_bytes(receipt)
        typer.echo(f"{path}: logged, {path.with_suffix('.receipt')}")


@app.command()
def publish(
    config_file: ConfigFile,
    facility: Annotated[str, typer.Option(help="Whose bundle it is.")],
    files: Annotated[list[Path], typer.Argument(help="Bundles as the authority or another signer made them.")],
) -> None:
    """Put verified bundles where the running central takes them from; it publishes them within seconds.

    Example: sealine-central publish --config central.toml --facility lakeside directory.bundle
    """
    from sealine_central.config import load

    book = _book(load(config_file), facility)
    for path in files:
        publication = book.publish(path.read_bytes())
        typer.echo(f"{path}: {publication.kind} version {publication.version}")


def main() -> None:
    """Entry point: one sentence for an expected error, exit code 1."""
    from sealine_protocol.errors import ProtocolError

    from sealine_central.errors import CentralError

    try:
        app()
    except (CentralError, ProtocolError, OSError) as error:
        typer.echo(f"sealine-central: {error}", err=True)
        raise SystemExit(1) from error
