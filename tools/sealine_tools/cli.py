"""`sealine`: see it work, and check what it left."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, rich_markup_mode=None)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Do not wait at the end.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where the evidence goes; default: a new temporary folder.")] = None,
    image: Annotated[Path | None, typer.Option(help="Firmware image; default: the one that make built.")] = None,
) -> None:
    """Two wall phones, real calls, end to end, on this machine; then what a thief would find.

    Example: sealine demo --once --out evidence/
    """
    from sealine_tools.demo import show

    raise typer.Exit(show.run(out, image or show.IMAGE, once=once))


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="Evidence, as `sealine demo --out` leaves it.")],
    root: Annotated[Path | None, typer.Option(help="The root key, had from somebody you trust.")] = None,
) -> None:
    """Prove or disprove a folder of evidence, offline, from the root key down. Exit code 1: it does not hold.

    Example: sealine verify evidence/ --root root.pub
    """
    from sealine_tools import verify as verifier

    raise typer.Exit(verifier.main([str(folder), *(["--root", str(root)] if root else [])]))


@app.command()
def bench(
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A shorter call, fewer calls.")] = False,
    image: Annotated[Path | None, typer.Option(help="Firmware image; default: the one that make built.")] = None,
) -> None:
    """Speed, memory and quality of the real firmware beside their limits. Exit code 1 when one is missed.

    Example: sealine bench --json figures.json
    """
    from sealine_tools.bench import command

    raise typer.Exit(command.run(image or command.IMAGE, json_file=json_file, quick=quick))


@app.command()
def phone(
    phones: Annotated[int, typer.Option(min=1, max=4, help="How many wall phones hang side by side.")] = 2,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0: a free one.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the addresses.")] = False,
    screenshots: Annotated[Path | None, typer.Option(help="Take the pictures of docs/ into this folder, end.")] = None,
    image: Annotated[Path | None, typer.Option(help="Firmware image; default: the one that make built.")] = None,
) -> None:
    """Wall phones in the browser: the real firmware in an emulator, a facility behind it, parties who answer.

    Example: sealine phone --phones 2
    """
    from sealine_tools.phone import command

    raise typer.Exit(
        command.run(image or command.IMAGE, phones=phones, port=port, browser=not no_browser, pictures=screenshots)
    )


def main() -> None:
    """Entry point."""
    app()
