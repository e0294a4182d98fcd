"""Units of another root, another facility or with another key are refused, from either side, before any word."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sealine_hil.facility import Facility
from sealine_hil.phone import WallPhone
from sealine_hil.town import plan_in
from sealine_provisioning import bundles

pytestmark = pytest.mark.timeout(90)

LOOK_S = 4.0  # several tries of a phone to connect


@pytest.fixture(scope="module")
def impostor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facility]:
    """A facility of the same name under another root; only its gateway runs."""
    directory = tmp_path_factory.mktemp("impostor")
    with Facility(directory, plan_in(directory)) as made:
        made.gateway.start()
        yield made


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facility]:
    """Another facility; only its gateway runs."""
    directory = tmp_path_factory.mktemp("neighbour")
    with Facility(directory, plan_in(directory), name="bayview") as made:
        made.gateway.start()
        yield made


def enrolled_at(home: Facility, name: str, image: Path, gateway_port: int) -> WallPhone:
    """A phone of one facility, pointed at another one's gateway."""
    phone = home.phone(name, image, enrol=False)
    phone.enrol(home.authority, home.trust, gateway_port, lock=False)
    return phone


def test_neither_side_takes_a_stranger(
    facility: Facility, impostor: Facility, neighbour: Facility, image: Path
) -> None:
    ours_there = enrolled_at(facility, "ours-at-impostor", image, impostor.link_port)
    ours_next_door = enrolled_at(facility, "ours-next-door", image, neighbour.link_port)
    stranger = enrolled_at(impostor, "stranger", image, facility.link_port)
    visitor = enrolled_at(neighbour, "visitor", image, facility.link_port)
    time.sleep(LOOK_S)
    for phone in (ours_there, ours_next_door, stranger, visitor):
        assert "NOT IN SERVICE" in phone.board.display()[0], phone.name
    for home in (facility, impostor, neighbour):
        log = (home.directory / "logs" / "gateway.log").read_text()
        assert "link up" not in log
        assert "handshake failed" in log
    # The same phone is taken as soon as it finds its own gateway.
    ours_there.console().command("settings", f"10.0.2.2:{facility.link_port}".encode())
    ours_there.board.wait_display("SEALINE", 20)


def test_a_revoked_terminal_is_let_go(facility: Facility, image: Path) -> None:

    [phone] = facility.rack(["revoked"], image)
    assert phone.credential is not None
    revoked = {phone.credential.key_id: int(time.time()) - 1}
    version = facility.next_version("revocations")
    facility.publish(bundles.revocations(facility.authority, version=version, revoked=revoked))
    phone.board.wait_display("NOT IN SERVICE", 20)
    assert "no longer trusted" in (facility.directory / "logs" / "gateway.log").read_text()
