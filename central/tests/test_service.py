"""Central as it is run: a process, a real broker mutual TLS and an ACL, and a gateway's certificate."""

import sqlite3
import time
import urllib.request

import pytest
from broker_site import Gateway, World, until
from central_factory import FACILITY, NOW_S, Terminal
from sealine_hil.errors import HilError
from sealine_protocol import codec, cose, receipt

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def world(site):
    made = World(site)
    yield made
    made.close()


@pytest.fixture
def running(world):
    world.start()
    return world


def verify_all(world, calls):
    key = bytes(world.site.log_key.verify_key)
    by_subject = {answer["subject"]: answer for answer in world.gateway.answers() if answer["kind"] == "receipt"}
    for call in calls:
        receipt.verify(by_subject[call.hash]["statement"], call.signed, key)


def test_records_chunks_beacons_and_bundles_go_their_way(running, site):
    terminal = Terminal(site)
    calls = [terminal.call(), terminal.call(3)]
    running.gateway.send(b"".join(call.upload() for call in calls))
    running.gateway.send(calls[1].all_chunks(), "chunks")
    running.gateway.send(terminal.beacon())
    until(lambda: running.gateway.subjects("stored") and running.gateway.subjects("beacon"))
    until(lambda: {call.hash for call in calls} <= running.gateway.subjects())
    verify_all(running, calls)
    until(lambda: "trust" in running.gateway.bundles())
    assert running.gateway.bundles()["trust"] == (site.bundles / "trust.bundle").read_bytes()


def test_a_new_bundle_file_is_published_within_seconds_and_named_by_beacons(running, site):
    data = site.publish("revocations", 7, codec.encode("revocations-body", {"facility": FACILITY, "revoked": []}))
    until(lambda: running.gateway.bundles().get("revocations") == data)
    running.gateway.send(Terminal(site).beacon())
    until(lambda: running.gateway.subjects("beacon"))
    statement = next(answer for answer in running.gateway.answers() if answer["kind"] == "beacon")["statement"]
    assert codec.decode("beacon", cose.parse(statement).payload)["newest"] == {"trust": 2, "revocations": 7}


def test_what_came_while_central_was_away_is_taken_afterwards(running, site):
    running.central.stop()
    terminal = Terminal(site)
    calls = [terminal.call() for _ in range(30)]
    for call in calls:
        running.gateway.send(call.upload()).wait_for_publish(10)
    running.central.start()
    until(lambda: {call.hash for call in calls} <= running.gateway.subjects())
    verify_all(running, calls)


def test_killed_again_and_again_between_commit_and_acknowledgement_it_loses_and_doubles_nothing(running, site):
    terminal = Terminal(site)
    calls = [terminal.call() for _ in range(120)]
    database = running.state / "central.sqlite"
    for part in range(0, 120, 40):
        for call in calls[part : part + 40]:
            running.gateway.send(call.upload())
        # as soon as the first of this part are committed, whatever is on its way then
        until(lambda part=part: _count(database) > part)
        running.central.kill()
        running.central.start()
    until(lambda: {call.hash for call in calls} <= running.gateway.subjects(), 40)
    verify_all(running, calls)
    assert _count(database) == 120
    assert _count(database, "node WHERE level = 0") == 120


def test_killed_just_behind_the_commit_it_answers_after_the_restart(running, site):
    """The batch is in the store, the broker has no acknowledgement, the gateway no receipt."""
    running.central.stop()
    program = (
        "import os; from sealine_central import cli, ingest; real = ingest.Ingest.process\n"
        "def process(self, batch):\n    real(self, batch)\n    os.kill(os.getpid(), 9)\n"
        "ingest.Ingest.process = process; cli.main()"
    )
    dying = running.program("python", "-c", program)
    try:
        dying.start()
        call = Terminal(site).call()
        running.gateway.send(call.upload())
        until(lambda: not dying.running)
    finally:
        dying.kill()
    assert _count(running.state / "central.sqlite") == 1
    assert running.gateway.subjects() == set()
    running.central.start()
    until(lambda: call.hash in running.gateway.subjects())
    verify_all(running, [call])
    assert _count(running.state / "central.sqlite", "node WHERE level = 0") == 1


def test_a_broker_that_goes_away_and_comes_back(running, site):
    terminal = Terminal(site)
    first, second = terminal.call(), terminal.call()
    running.gateway.send(first.upload())
    until(lambda: first.hash in running.gateway.subjects())
    running.broker.kill()
    time.sleep(1)
    running.broker.start()
    running.gateway.offer(second)
    verify_all(running, [first, second])


def test_central_starts_before_its_broker(world, site):
    world.central = world.program("sealine-central", ready="broker not reached")
    world.central.start()
    world.broker.start()
    world.gateway = Gateway(world)
    world.gateway.offer(Terminal(site).call())


def test_the_acl_binds_each_certificate_to_its_topics(running, site):
    """A stranger's certificate neither delivers nor hears; the answers are for their gateway alone."""
    spy = Gateway(running, "spy")
    try:
        stolen, call = Terminal(site).call(), Terminal(site).call()
        spy.send(stolen.upload())
        running.gateway.send(call.upload())
        until(lambda: call.hash in running.gateway.subjects())
        assert running.gateway.subjects() == {call.hash}
        assert spy.heard == []
    finally:
        spy.close()


def test_hostile_payloads_stop_nothing(running, site):
    for payload in (b"", b"\xff", bytes(100_000), b"\x9f" * 1000, b"\xbb" + b"\xff" * 8):
        for leaf in ("records", "chunks", "status"):
            running.gateway.send(payload, leaf)
    call = Terminal(site).call()
    running.gateway.send(call.upload())
    until(lambda: call.hash in running.gateway.subjects())


def test_the_metrics_and_the_log_tell_of_alarms_and_no_identity(running, site):
    terminal = Terminal(site)
    terminal.call()
    call = terminal.call(ended=(NOW_S + 7200) * 1000)
    running.gateway.send(call.upload())
    log = running.central.log
    until(lambda: b"1 missing (0)" in log.read_bytes())
    with urllib.request.urlopen(f"http://127.0.0.1:{running.metrics_port}/metrics", timeout=5) as page:
        text = page.read().decode()
    assert "sealine_gaps 1.0" in text
    assert terminal.name not in text
    assert b"clock ahead" in log.read_bytes()


def test_it_ends_in_order(running):
    assert running.central.stop() == 0


def test_a_missing_enrolment_or_port_is_one_sentence(world):
    (world.state / "identity.key").unlink()
    with pytest.raises(HilError, match=r"sealine-central: unit: identity\.key is not there"):
        world.central.start()


def _count(database, table="record"):
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
