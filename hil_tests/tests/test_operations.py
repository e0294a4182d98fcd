"""A facility from nothing, by the commands of docs/operations.md as they stand there, up to programs that talk."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sealine_gateway import vault
from sealine_hil.mosquitto import Mosquitto, free_port
from sealine_hil.program import Program
from sealine_protocol import cose
from sealine_protocol.codec import decode
from sealine_protocol.unit import Unit
from sealine_provisioning.authority import Authority, fresh_challenge

GUIDE = Path(__file__).parents[2] / "docs" / "operations.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PASSPHRASE = b"correct horse battery staple"


class Guide:
    """The blocks of "Set up", done in their order in one folder; `ports` replaces the guide's ports by free ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {"8883": str(free_port()), "7700": str(free_port())}
        text = GUIDE.read_text()
        section = text[text.index("## Set up") : text.index("## Run and watch")]
        self.blocks = BLOCK.findall(section)
        programs = Path(sys.executable).parent
        self._environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "SEALINE_PASSPHRASE_FILE": str(folder / "passphrase"),
            "CREDENTIALS_DIRECTORY": str(folder / "credentials"),
        }
        (folder / "passphrase").write_bytes(PASSPHRASE)
        (folder / "credentials").mkdir()
        (folder / "credentials" / vault.CREDENTIAL_NAME).write_text("a secret that is given at start")
        for name, value in (("person", "4711"), ("pin", "135790")):
            (folder / name).write_text(value + "\n")
            (folder / name).chmod(0o600)
        (folder / "numbers.txt").write_text("(212) 555-0142  # an office of the defence\n")

    def follow(self) -> None:
        """Do it all, in one shell so that its variables live on; a terminal's enrolment is the stand-in's."""
        script = ["set -eu"]
        for kind, text in self.blocks:
            for old, new in self.ports.items():
                text = re.sub(rf"\b{old}\b", new, text)  # noqa: PLW2901 - the block as it is run here
            if kind == "sh":
                script.append(text)
            elif kind == "toml":
                (self.folder / text.splitlines()[0].removeprefix("# ")).write_text(text)
            else:
                script.append(f"{sys.executable} {__file__} enrol")
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout

    def program(self, name: str, *arguments: str, ready: str = "", port: int | None = None) -> Program:
        """A program of the facility, run as the guide says."""
        return Program(name, arguments, self.folder / f"{name}.log", ready=ready, port=port)


def enrol_stand_in() -> None:
    """What `sealine-provision enrol` leaves behind for a terminal, without a device (test_device.py has real ones)."""
    challenge = fresh_challenge()
    unit = Unit.create(Path("phone"), "terminal", bytes(16))
    authority = Authority.load(Path("safe"), PASSPHRASE)
    signed = authority.issue(unit.request(challenge), subject="wing-a-1", role="terminal", challenge=challenge)
    Path("wing-a-1.cose").write_bytes(signed)


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Guide:
    made = Guide(tmp_path_factory.mktemp("operator"))
    made.follow()
    return made


@pytest.fixture
def running(guide: Guide, monkeypatch: pytest.MonkeyPatch) -> Iterator[Guide]:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(guide.folder / "credentials"))
    broker = Mosquitto(guide.folder / "broker", int(guide.ports["8883"]))
    central = guide.program(
        "sealine-central", "run", "--config", str(guide.folder / "central.toml"), ready="broker connected"
    )
    gateway = guide.program(
        "sealine-gateway", "run", "--config", str(guide.folder / "gateway.toml"), port=int(guide.ports["7700"])
    )
    try:
        broker.start()
        central.start()
        gateway.start()
        yield guide
    finally:
        for process in (gateway, central, broker):
            process.kill()


@pytest.mark.timeout(240)
def test_the_guide_leads_to_a_facility_whose_gateway_has_every_bundle(running: Guide) -> None:
    bundles = running.folder / "gateway" / "bundles"
    expected = {"trust": 1, "revocations": 2, "directory": 1, "policy": 1, "tariff": 1}
    found: dict[str, int] = {}
    end = time.monotonic() + 20
    while found != expected and time.monotonic() < end:
        time.sleep(0.1)
        found = {}
        for path in bundles.glob("*.cbor"):
            header = decode("published-bundle", path.read_bytes())["header"]
            found[path.stem] = decode("bundle-header", cose.parse(header).payload)["version"]
    assert found == expected, (running.folder / "sealine-gateway.log").read_text()[-2000:]


@pytest.mark.timeout(240)
def test_custodians_and_central_are_enrolled(guide: Guide) -> None:
    for who, role in (("monitor", "custodian"), ("investigator", "custodian"), ("court", "custodian")):
        enrolled = Unit.load(guide.folder / who).enrolled()
        assert (enrolled.credential.role, enrolled.credential.sub) == (role, who)
        assert (enrolled.trust.k, enrolled.trust.n) == (2, 3)
    assert Unit.load(guide.folder / "central").enrolled().credential.role == "central"


@pytest.mark.timeout(240)
def test_no_secret_of_the_set_up_can_be_read_by_others(guide: Guide) -> None:
    keys = [*guide.folder.rglob("*.key"), guide.folder / "gateway" / vault.FILE_NAME]
    assert len(keys) > 15
    for path in keys:
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.timeout(240)
def test_a_clients_certificate_cannot_pose_as_the_broker(guide: Guide) -> None:
    for name, purpose, ok in (
        ("broker/broker.pem", "sslserver", True),
        ("gateway/tls.pem", "sslserver", False),
        ("gateway/tls.pem", "sslclient", True),
        ("broker/broker.pem", "sslclient", False),
    ):
        command = ["openssl", "verify", "-CAfile", "gateway/ca.pem", "-purpose", purpose, name]
        assert (subprocess.run(command, cwd=guide.folder, check=False).returncode == 0) is ok, (name, purpose)


if __name__ == "__main__" and sys.argv[1:] == ["enrol"]:
    enrol_stand_in()
