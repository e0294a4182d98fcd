"""`sealine-provision`: the authority's and the technician's command line."""

from pathlib import Path
from typing import Annotated

import typer

from sealine_provisioning import cli_bundles
from sealine_provisioning.options import Out, PassphraseFile, read_all, read_passphrase

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, rich_markup_mode=None)
_authority = typer.Typer(no_args_is_help=True, help="The root of an operator, an offline file under a passphrase.")
_enrolment = typer.Typer(no_args_is_help=True, help="What a host unit installs: credential, root key, trust bundle.")
_tls = typer.Typer(no_args_is_help=True, help="Certificates for the broker and its clients.")
_billing = typer.Typer(no_args_is_help=True, help="The billing office's own key.")
app.add_typer(_authority, name="authority")
app.add_typer(_enrolment, name="enrolment")
app.add_typer(_tls, name="tls")
app.add_typer(_billing, name="billing")
for _kind in ("trust", "revocations", "directory", "policy", "tariff"):
    app.add_typer(getattr(cli_bundles, _kind), name=_kind)

Challenge = Annotated[str, typer.Option(help="What `sealine-provision challenge` printed.")]


@_authority.command("create")
def authority_create(
    directory: Path, facility: Annotated[str, typer.Option()], passphrase_file: PassphraseFile = None
) -> None:
    """Make a new authority.

    Example: sealine-provision authority create safe/ --facility lakeside
    """
    from sealine_provisioning.authority import Authority  # imported late, so that --help stays quick

    made = Authority.create(directory, facility, read_passphrase(passphrase_file, confirm=True))
    typer.echo(f"authority for {facility} in {directory}; root key {made.root_public.hex()}")


@app.command()
def challenge() -> None:
    """Print a fresh challenge, for the next signing request.

    Example: sealine-provision challenge
    """
    from sealine_provisioning.authority import fresh_challenge

    typer.echo(fresh_challenge().hex())


@app.command()
def request(
    directory: Path,
    role: Annotated[str, typer.Option(help="technician, issuer, directory, tariff, policy, firmware ...")],
    challenge: Challenge,
) -> None:
    """Make the keys of a person or a signer in DIRECTORY, once, and write its signing request.

    Example: sealine-provision request owner/ --role directory --challenge $CHALLENGE
    """
    from sealine_protocol.unit import Unit

    Unit.prepare(directory, role, challenge)
    typer.echo(f"{directory / 'request.cose'}: give it to the authority")


@app.command()
def issue(
    authority: Path,
    request: Path,
    subject: Annotated[str, typer.Option(help="Name of the unit or person, unique in the facility.")],
    role: Annotated[str, typer.Option()],
    challenge: Challenge,
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
    from sealine_protocol.unit import read_challenge

    from sealine_provisioning.authority import Authority, Custodianship

    person = Custodianship(class_, organisation) if class_ and organisation else None
    signed = Authority.load(authority, read_passphrase(passphrase_file)).issue(
        request.read_bytes(),
        subject=subject,
        role=role,
        challenge=read_challenge(challenge),
        days=days,
        custodianship=person,
    )
    out.write_bytes(signed)
    typer.echo(f"{out}: {role} {subject}, {days} days")


@_enrolment.command("make")
def enrolment_make(
    authority: Path,
    credential: Path,
    trust: Annotated[Path, typer.Option(help="The trust bundle that the unit starts with.")],
    out: Out,
    gateway: Annotated[str, typer.Option(help="host:port of the gateway, for a terminal; else empty.")] = "",
    issuer: Annotated[list[Path] | None, typer.Option(help="Credential of who signed, if not the root.")] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make what a gateway, central, custodian or requester installs.

    Example: sealine-provision enrolment make safe/ gw-1.cose --trust trust.bundle --out gw-1.enrolment
    """
    from sealine_protocol import codec

    from sealine_provisioning.authority import Authority

    fields = codec.decode("published-bundle", trust.read_bytes())
    made = Authority.load(authority, read_passphrase(passphrase_file)).enrolment(
        credential.read_bytes(),
        trust={"header": fields["header"], "body": fields["body"]},
        gateway=gateway,
        issuers=read_all(issuer),
    )
    out.write_bytes(made)
    typer.echo(f"{out}: to be installed by the unit")


@_tls.command("sign")
def tls_sign(
    authority: Path,
    csr: Path,
    name: Annotated[str, typer.Option(help="FACILITY/NAME of a gateway, `central` or `broker`.")],
    out: Out,
    host: Annotated[list[str] | None, typer.Option(help="For the broker: name or IP address; repeatable.")] = None,
    days: int = 365,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Sign a TLS request under NAME, which the broker's ACL binds; puts ca.pem beside the certificate.

    Example: sealine-provision tls sign safe/ tls.csr --name lakeside/gw-1 --out tls.pem
    """
    from sealine_provisioning.authority import Authority
    from sealine_provisioning.errors import ProvisioningError

    if (name == "broker") != bool(host):
        raise ProvisioningError("host: needed for the broker, and for nobody else")
    opened = Authority.load(authority, read_passphrase(passphrase_file))
    out.write_bytes(opened.certify_tls(csr.read_bytes(), name, hosts=host or (), days=days))
    out.with_name("ca.pem").write_bytes(opened.ca_pem())
    typer.echo(f"{out}: {name}, {days} days; {out.with_name('ca.pem')}")


@_billing.command("create")
def billing_create(directory: Path) -> None:
    """Make the billing office's key in DIRECTORY, on the office's own machine, and print its public half.

    Example: sealine-provision billing create office/
    """
    from nacl.public import PrivateKey
    from sealine_protocol import durable

    from sealine_provisioning.errors import ProvisioningError

    path = directory / "billing.key"
    if path.exists():
        raise ProvisioningError(f"{path} is there already; what was sealed to it would be lost")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = PrivateKey.generate()
    durable.write(path, bytes(key))
    typer.echo(bytes(key.public_key).hex())


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

    opened = Authority.load(authority, read_passphrase(passphrase_file))
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
