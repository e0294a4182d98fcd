"""`sealine-custody`: request, grant and open one recording for one case."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sealine_central.custody.case import Case

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, rich_markup_mode=None)

CaseFolder = Annotated[Path, typer.Argument(help="The case folder, as `sealine-central export --record` makes it.")]
Keys = Annotated[Path, typer.Option(help="Directory with your own keys.")]
Root = Annotated[Path, typer.Option(help="The operator's root.pub, had from somebody you trust.")]
TrustFile = Annotated[
    Path | None, typer.Option("--trust", help="A newer trust bundle. Default: the newest seen, kept beside your keys.")
]
RevocationsFile = Annotated[
    Path | None, typer.Option("--revocations", help="Newer revocations. Default: the newest seen, beside your keys.")
]


def _load(folder: Path, keys: Path, root: Path, trust: Path | None, revocations: Path | None) -> Case:
    from sealine_central.custody.case import Case
    from sealine_central.custody.standing import newest

    given = {kind: path for kind, path in (("trust", trust), ("revocations", revocations)) if path is not None}
    return Case.load(folder, newest(folder, keys, root.read_bytes(), given))


@app.command()
def keys(
    directory: Path,
    role: Annotated[str, typer.Option(help="requester or custodian.")],
    challenge: Annotated[str, typer.Option(help="Fresh, from the authority, in hex.")],
) -> None:
    """Make your own keys, once, and write the signing request for the authority.

    Example: sealine-custody keys me/ --role requester --challenge $CHALLENGE
    """
    from sealine_protocol.unit import Unit  # imported late, so that --help stays quick

    from sealine_central.custody.case import CustodyError

    if role not in {"requester", "custodian"}:
        raise CustodyError("role: requester or custodian")
    Unit.prepare(directory, role, challenge)
    typer.echo(f"{directory / 'request.cose'}: give it to the authority")


@app.command()
def install(directory: Path, enrolment: Path) -> None:
    """Take up what the authority gave for your keys.

    Example: sealine-custody install me/ enrolment.cbor
    """
    from sealine_protocol.unit import Unit

    enrolled = Unit.load(directory).install(enrolment.read_bytes())
    typer.echo(f"{directory}: {enrolled.credential.role} {enrolled.credential.sub} of {enrolled.credential.facility}")


@app.command()
def request(
    case: CaseFolder,
    keys: Keys,
    root: Root,
    case_number: Annotated[str, typer.Option("--case", help="Docket number.")],
    trust: TrustFile = None,
    revocations: RevocationsFile = None,
) -> None:
    """Ask for a recording. Then have central log it: sealine-central admit CASE/request.cose

    Example: sealine-custody request case/ --keys me/ --root root.pub --case 24-CR-0117
    """
    from sealine_protocol.unit import Unit

    from sealine_central.custody import people

    people.request(_load(case, keys, root, trust, revocations), Unit.load(keys), case_number, os.urandom(16))
    typer.echo(f"{case / 'request.cose'}: to be logged, then handed to the custodians")


@app.command()
def grant(
    case: CaseFolder, keys: Keys, root: Root, trust: TrustFile = None, revocations: RevocationsFile = None
) -> None:
    """As a custodian, release your share of this one recording to the requester of the logged request.

    Example: sealine-custody grant case/ --keys monitor/ --root root.pub
    """
    from sealine_protocol.unit import Unit

    from sealine_central.custody import people

    people.grant(_load(case, keys, root, trust, revocations), Unit.load(keys))
    typer.echo("granted; to be logged: sealine-central admit CASE/grants/*.cose")


@app.command("open")
def open_(
    case: CaseFolder, keys: Keys, root: Root, trust: TrustFile = None, revocations: RevocationsFile = None
) -> None:
    """With enough logged grants, write the recording to CASE/opened.wav and sign that it was opened.

    Example: sealine-custody open case/ --keys me/ --root root.pub
    """
    from rich.progress import Progress
    from sealine_protocol.unit import Unit

    from sealine_central.custody.opening import open_recording

    verified, requester = _load(case, keys, root, trust, revocations), Unit.load(keys)
    with Progress(transient=True) as progress:
        task = progress.add_task("opening")
        opened = open_recording(
            verified,
            requester,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    for fault in opened.faults:
        typer.echo(f"not counted: {fault}", err=True)
    missing = f", missing chunks: {', '.join(map(str, opened.missing))}" if opened.missing else ""
    typer.echo(f"{opened.wav}: {opened.seconds} s{missing}; to be logged: sealine-central admit CASE/opening.cose")


def main() -> None:
    """Entry point: one sentence for an expected error, exit code 1."""
    from sealine_protocol.errors import ProtocolError

    from sealine_central.custody.case import CustodyError

    try:
        app()
    except (CustodyError, ProtocolError, OSError) as error:
        typer.echo(f"sealine-custody: {error}", err=True)
        raise SystemExit(1) from error
