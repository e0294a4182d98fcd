"""Enrolment of a terminal over its console: the keys are born on the device and never leave it."""

from sealine_protocol import credential

from sealine_provisioning.authority import Authority, fresh_challenge
from sealine_provisioning.bundles import Published
from sealine_provisioning.console import Console


def enrol_terminal(
    console: Console,
    authority: Authority,
    *,
    subject: str,
    trust: Published,
    gateway: str = "",
    floors: dict[str, int] | None = None,
    days: int = 365,
    lock: bool = True,
) -> credential.Credential:
    """Challenge, signing request, credential, trust bundle, floors, lock; raises ConsoleError or AuthorityError."""
    challenge = fresh_challenge()
    request = console.command("enrol-begin", challenge)
    signed = authority.issue(request, subject=subject, role="terminal", challenge=challenge, days=days)
    enrolment = authority.enrolment(signed, trust=trust.small(), floors=floors, gateway=gateway)
    console.command("enrol-finish", enrolment, timeout_s=60)
    if lock:
        console.command("lock")
    return credential.read(signed)
