"""`sealine-provision`: the authority's and the technician's command line."""

import tomllib
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, rich_markup_mode=None)
for _name, _help in (
    ("authority", "The root of an operator, an offline file under a passphrase."),
    ("trust", "The root-signed trust bundle: who is central, who may sign, who may open recordings."),
    ("directory", "The privilege directory: numbers that no terminal records."),
    ("policy", "Numbering plan, limits, protected lines."),
    ("tariff", "Price per started minute and its legal cap."),
):
    app.add_typer(typer.Typer(no_args_is_help=True, help=_help), name=_name)
_groups = {group.name: group.typer_instance for group in app.registered_groups if group.typer_instance}

PassphraseFile = Annotated[
    Path | None, typer.Option(help="File that holds the authority's passphrase (0600); asked for when not given.")
]
Out = Annotated[Path, typer.Option(help="Where the result is written.")]
Version = Annotated[int, typer.Option(min=1, help="Version of this issue; never used twice.")]


def _passphrase(path: Path | None, *, confirm: bool = False) -> bytes:
    if path is None:
        return str(typer.prompt("Authority passphrase", hide_input=True, confirmation_prompt=confirm)).encode()
    return path.read_bytes().rstrip(b"\n")


@_groups["authority"].command("create")
def authority_create(
    directory: Path, facility: Annotated[str, typer.Option()], passphrase_file: PassphraseFile = None
) -> None:
    """Make a new authority.

    Example: sealine-provision authority create safe/ --facility lakeside
    """
    from sealine_provisioning.authority import Authority  # imported late, so that --help stays quick

    made = Authority.create(directory, facility, _passphrase(passphrase_file, confirm=True))
    typer.echo(f"authority for {facility} in {directory}; root key {made.root_public.hex()}")


@app.command()
def challenge() -> None:
    """Print a fresh challenge, for the next signing request."""
    from sealine_provisioning.authority import fresh_challenge

    typer.echo(fresh_challenge().hex())


@app.command()
def request(
    directory: Path,
    role: Annotated[str, typer.Option(help="custodian, requester, technician, directory, tariff, policy ...")],
    challenge: Annotated[str, typer.Option(help="What `sealine-provision challenge` printed.")],
) -> None:
    """Make the keys of a person or a signer in DIRECTORY and write its signing request.

    Example: sealine-provision request monitor/ --role custodian --challenge $CHALLENGE
    """
    from sealine_protocol.unit import Unit

    unit = (
        Unit.load(directory)
        if (directory / "identity.key").exists()
        else Unit.create(directory, role, directory.name.encode().ljust(8, b"-")[:32])
    )
    (directory / "request.cose").write_bytes(unit.request(bytes.fromhex(challenge)))
    typer.echo(f"{directory / 'request.cose'}: give it to the authority")


@app.command()
def issue(
    authority: Path,
    request: Path,
    subject: Annotated[str, typer.Option(help="Name of the unit or person, unique in the facility.")],
    role: Annotated[str, typer.Option()],
    challenge: Annotated[str, typer.Option()],
    out: Out,
    class_: Annotated[str | None, typer.Option("--class", help="Of a custodian, for example monitor.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Of a custodian.")] = None,
    days: int = 365,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Sign a credential for a signing request.

    Example: sealine-provision issue safe/ monitor/request.cose --subject monitor --role custodian
    --challenge $CHALLENGE --class monitor --organisation "State Ombuds" --out monitor.cose
    """
    from sealine_provisioning.authority import Authority, Custodianship

    person = Custodianship(class_, organisation) if class_ and organisation else None
    signed = Authority.load(authority, _passphrase(passphrase_file)).issue(
        request.read_bytes(),
        subject=subject,
        role=role,
        challenge=bytes.fromhex(challenge),
        days=days,
        custodianship=person,
    )
    out.write_bytes(signed)
    typer.echo(f"{out}: {role} {subject}, {days} days")


@_groups["trust"].command("make")
def trust_make(
    authority: Path,
    version: Version,
    central: Annotated[list[Path], typer.Option(help="Credential of a central log key; repeatable.")],
    custodian: Annotated[list[Path], typer.Option(help="Credential of a custodian; repeatable.")],
    billing_key: Annotated[str, typer.Option(help="The office's X25519 key, 64 hex digits.")],
    out: Out,
    signer: Annotated[list[Path] | None, typer.Option(help="Credential of a bundle signer; repeatable.")] = None,
    k: Annotated[int, typer.Option(help="Custodians needed to open a recording.")] = 2,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Sign the trust bundle."""
    from sealine_provisioning import bundles
    from sealine_provisioning.authority import Authority

    published = bundles.trust(
        Authority.load(authority, _passphrase(passphrase_file)),
        version=version,
        centrals=[path.read_bytes() for path in central],
        signers=[path.read_bytes() for path in signer or []],
        custodians=[path.read_bytes() for path in custodian],
        k=k,
        billing_key=bytes.fromhex(billing_key),
    )
    out.write_bytes(published.encode())
    typer.echo(f"{out}: trust {version}, {k} of {len(custodian)} custodians open a recording")


@_groups["directory"].command("make")
def directory_make(
    signer: Path,
    numbers: Path,
    version: Version,
    policy: Annotated[Path, typer.Option(help="The policy bundle; its numbering plan makes the numbers canonical.")],
    terminal: Annotated[list[Path], typer.Option(help="Credential of a terminal that gets the key; repeatable.")],
    facility: Annotated[str, typer.Option()],
    out: Out,
    max_age_hours: float = 72,
) -> None:
    """Sign the privilege directory from a text file, one number a line.

    Example: sealine-provision directory make signer/ numbers.txt --version 7 --policy policy.bundle
    --terminal phone-1.cose --facility lakeside --out directory.bundle
    """
    from sealine_protocol import codec
    from sealine_protocol.unit import Unit

    from sealine_provisioning import bundles

    body = codec.decode("published-bundle", policy.read_bytes())["body"]
    published = bundles.directory(
        Unit.load(signer).identity,
        facility,
        version=version,
        numbers=bundles.read_numbers(numbers),
        plan=codec.decode("policy-body", body)["numbering"],
        terminals=[path.read_bytes() for path in terminal],
        max_age_s=int(max_age_hours * 3600),
    )
    out.write_bytes(published.encode())
    typer.echo(f"{out}: directory {version}, {len(published.body) // 8} numbers, {len(published.keys)} terminals")


@_groups["policy"].command("make")
def policy_make(
    signer: Path, rules: Path, version: Version, facility: Annotated[str, typer.Option()], out: Out
) -> None:
    """Sign a policy from a TOML file with the fields of the CDDL's policy-body."""
    from sealine_protocol.unit import Unit

    from sealine_provisioning import bundles

    fields = tomllib.loads(rules.read_text(encoding="utf-8"))
    out.write_bytes(bundles.policy(Unit.load(signer).identity, facility, version=version, rules=fields).encode())
    typer.echo(f"{out}: policy {version}")


@_groups["tariff"].command("make")
def tariff_make(
    signer: Path, rates: Path, version: Version, facility: Annotated[str, typer.Option()], out: Out
) -> None:
    """Sign a tariff from a TOML file with the fields of the CDDL's tariff-body (micro-dollars)."""
    from sealine_protocol.unit import Unit

    from sealine_provisioning import bundles

    fields = tomllib.loads(rates.read_text(encoding="utf-8"))
    out.write_bytes(bundles.tariff(Unit.load(signer).identity, facility, version=version, rates=fields).encode())
    typer.echo(f"{out}: tariff {version}")


@app.command()
def enrol(
    authority: Path,
    port: Annotated[str, typer.Option(help="Serial port or pyserial URL of the terminal's console.")],
    subject: Annotated[str, typer.Option(help="Name of the terminal, as its label will say.")],
    trust: Annotated[Path, typer.Option(help="The trust bundle it starts with.")],
    out: Out,
    gateway: Annotated[str, typer.Option(help="host:port of the gateway; empty for the serial link.")] = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Enrol the terminal on a console: keys are born on it, its credential and trust are installed, then it is locked.

    Example: sealine-provision enrol safe/ --port /dev/ttyACM0 --subject wing-a-1 --trust trust.bundle
    --gateway 10.0.0.2:4900 --out wing-a-1.cose
    """
    import serial
    from sealine_protocol import codec

    from sealine_provisioning.authority import Authority
    from sealine_provisioning.bundles import Published
    from sealine_provisioning.console import Console
    from sealine_provisioning.enrolment import enrol_terminal

    opened = Authority.load(authority, _passphrase(passphrase_file))
    fields = codec.decode("published-bundle", trust.read_bytes())
    with serial.serial_for_url(port, baudrate=115_200, timeout=1) as stream:
        enrolled = enrol_terminal(
            Console(stream, progress=typer.echo),
            opened,
            subject=subject,
            trust=Published("trust", 0, fields["header"], fields["body"]),
            gateway=gateway,
        )
    out.write_bytes(enrolled.raw)
    typer.echo(f"{subject}: enrolled and locked, key {enrolled.key_id.hex()}")


def main() -> None:
    """Entry point: one sentence for an expected error, exit code 1."""
    from sealine_protocol.errors import ProtocolError

    from sealine_provisioning.errors import ProvisioningError

    try:
        app()
    except (ProvisioningError, ProtocolError, OSError) as error:
        typer.echo(f"sealine-provision: {error}", err=True)
        raise SystemExit(1) from error
