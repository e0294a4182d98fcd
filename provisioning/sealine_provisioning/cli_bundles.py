"""The commands of `sealine-provision` that make signed bundles: one group for each kind."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sealine_provisioning.options import Out, PassphraseFile, Version, read_all, read_key, read_passphrase

if TYPE_CHECKING:
    from sealine_provisioning.bundles import Published

trust = typer.Typer(no_args_is_help=True, help="The root-signed trust bundle: who is central, may sign, may open.")
revocations = typer.Typer(no_args_is_help=True, help="The root-signed list of keys that are no longer valid.")
directory = typer.Typer(no_args_is_help=True, help="The privilege directory: numbers that no terminal records.")
policy = typer.Typer(no_args_is_help=True, help="Numbering plan, limits, protected lines.")
tariff = typer.Typer(no_args_is_help=True, help="Price per started minute and its legal cap.")

Facility = Annotated[str, typer.Option(help="Whose bundle it is.")]


@trust.command("make")
def trust_make(
    authority: Path,
    version: Version,
    central: Annotated[list[Path], typer.Option(help="Credential of a central log key; repeatable.")],
    custodian: Annotated[list[Path], typer.Option(help="Credential of a custodian; repeatable.")],
    billing_key: Annotated[str, typer.Option(help="What `billing create` printed, 64 hex digits.")],
    out: Out,
    signer: Annotated[list[Path] | None, typer.Option(help="Credential of a bundle signer; repeatable.")] = None,
    issuer: Annotated[list[Path] | None, typer.Option(help="Credential of an issuer; repeatable.")] = None,
    k: Annotated[int, typer.Option(help="Custodians needed to open a recording.")] = 2,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Sign the trust bundle.

    Example: sealine-provision trust make safe/ --version 1 --central central.cose --custodian monitor.cose
    --custodian court.cose --signer directory.cose --billing-key HEX --out trust.bundle
    """
    from sealine_provisioning import bundles
    from sealine_provisioning.authority import Authority

    published = bundles.trust(
        Authority.load(authority, read_passphrase(passphrase_file)),
        version=version,
        centrals=read_all(central),
        signers=read_all(signer),
        custodians=read_all(custodian),
        k=k,
        billing_key=read_key(billing_key, "billing key"),
        issuers=read_all(issuer),
    )
    _write(published, out, f", {k} of {len(custodian)} custodians open a recording")


@revocations.command("make")
def revocations_make(
    authority: Path,
    version: Version,
    out: Out,
    previous: Annotated[Path | None, typer.Option(help="The last list; what it revokes stays revoked.")] = None,
    revoke: Annotated[list[Path] | None, typer.Option(help="Credential to revoke from now on; repeatable.")] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Sign the list of revoked keys; an empty one says that none is.

    Example: sealine-provision revocations make safe/ --version 2 --previous revocations.bundle
    --revoke safe/issued/wing-a-1.3f9a.cose --out revocations.bundle
    """
    import time

    from sealine_protocol import codec, credential

    from sealine_provisioning import bundles
    from sealine_provisioning.authority import Authority

    revoked: dict[bytes, int] = {}
    if previous is not None:
        body = codec.decode("revocations-body", codec.decode("published-bundle", previous.read_bytes())["body"])
        revoked = {row["key_id"]: row["since"] for row in body["revoked"]}
    for signed in read_all(revoke):
        revoked.setdefault(credential.read(signed).key_id, int(time.time()))
    opened = Authority.load(authority, read_passphrase(passphrase_file))
    _write(bundles.revocations(opened, version=version, revoked=revoked), out, f", {len(revoked)} keys")


@directory.command("make")
def directory_make(
    signer: Path,
    numbers: Path,
    version: Version,
    policy: Annotated[Path, typer.Option(help="The policy bundle; its numbering plan makes the numbers canonical.")],
    terminal: Annotated[list[Path], typer.Option(help="Credential of a terminal that gets the key; repeatable.")],
    facility: Facility,
    out: Out,
    max_age_hours: Annotated[
        float, typer.Option(help="Age of a phone's last beacon at which it stops recording.")
    ] = 72,
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
        terminals=read_all(terminal),
        max_age_s=int(max_age_hours * 3600),
    )
    _write(published, out, f", {len(published.body) // 8} numbers, {len(published.keys)} terminals")


@policy.command("make")
def policy_make(signer: Path, rules: Path, version: Version, facility: Facility, out: Out) -> None:
    """Sign a policy from a TOML file with the fields of the CDDL's policy-body.

    Example: sealine-provision policy make signer/ policy.toml --version 1 --facility lakeside --out policy.bundle
    """
    from sealine_protocol.unit import Unit

    from sealine_provisioning import bundles

    signing = Unit.load(signer).identity
    _write(bundles.policy(signing, facility, version=version, rules=_read_toml(rules)), out)


@tariff.command("make")
def tariff_make(signer: Path, rates: Path, version: Version, facility: Facility, out: Out) -> None:
    """Sign a tariff from a TOML file with the fields of the CDDL's tariff-body (micro-dollars).

    Example: sealine-provision tariff make signer/ tariff.toml --version 1 --facility lakeside --out tariff.bundle
    """
    from sealine_protocol.unit import Unit

    from sealine_provisioning import bundles

    signing = Unit.load(signer).identity
    _write(bundles.tariff(signing, facility, version=version, rates=_read_toml(rates)), out)


def _read_toml(path: Path) -> dict[str, Any]:
    from sealine_protocol.settings import read_toml

    return read_toml(path)


def _write(published: "Published", out: Path, words: str = "") -> None:
    out.write_bytes(published.encode())
    typer.echo(f"{out}: {published.kind} version {published.version}{words}")
