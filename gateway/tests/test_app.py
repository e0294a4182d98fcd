"""The process as a whole: what watches it, and what must not stop it."""

import asyncio
import contextlib
import dataclasses
import urllib.request

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sealine_gateway.errors import GatewayError, StorageFullError
from sealine_gateway.outbox import Store
from sealine_hil.mosquitto import free_port
from sealine_protocol import topics
from sealine_protocol.codec import encode
from sealine_protocol.errors import ProtocolError
from sealine_protocol.hashes import blake2b256
from sealine_protocol.mqtt import Message


async def connect(site, start):
    running = await start()
    terminal = site.issuing.terminal()
    await terminal.connect("127.0.0.1", site.port)
    return running, terminal


async def test_metrics_are_served_and_name_nobody(site, start):
    port = free_port()
    site.settings = dataclasses.replace(site.settings, metrics=f"127.0.0.1:{port}")
    _, terminal = await connect(site, start)
    await terminal.save(terminal.record())

    def read():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return answer.read().decode()

    text = await asyncio.to_thread(read)
    assert "sealine_gateway_links 1.0" in text
    assert 'sealine_gateway_saved_total{kind="record"} 1.0' in text
    told = "\n".join(line for line in text.splitlines() if "_created" not in line)  # digits of a time can be any
    for secret in ("4711", "12025550123", terminal.keys.key_id.hex(), "phone-1"):
        assert secret not in told
    await terminal.disconnect()


async def test_full_disk_is_told_to_the_terminal_and_nothing_is_acknowledged(site, start, monkeypatch):
    running, terminal = await connect(site, start)
    plain = Store.add

    def full(*_):
        raise StorageFullError("outbox: the disk is full")

    monkeypatch.setattr(Store, "add", full)
    signed = terminal.record()
    terminal.send_bulk({"type": "record", "record": signed, "envelopes": []})
    assert (await terminal.expect("error"))["code"] == "storage"
    monkeypatch.setattr(Store, "add", plain)
    await terminal.save(signed)  # the terminal offers it again, and it was not thought to be there
    known = await running.gateway.outbox.run(lambda store: store.known(blake2b256(signed)))
    assert known.object == signed
    await terminal.disconnect()


async def test_failing_outbox_does_not_end_the_gateway(site, start, central, until, monkeypatch):
    running, terminal = await connect(site, start)

    def full(*_):
        raise StorageFullError("outbox: the disk is full")

    monkeypatch.setattr(Store, "sent", full)
    await terminal.save(terminal.record())
    await asyncio.sleep(1.5)
    assert central.records == []
    monkeypatch.undo()
    await until(lambda: central.records)
    assert not running.task.done()
    await terminal.disconnect()


async def test_serial_port_that_is_not_there_does_not_end_the_gateway(site, start):
    site.settings = dataclasses.replace(site.settings, serial=["/dev/no-such-port", "loop://"])
    running, terminal = await connect(site, start)
    await asyncio.sleep(0.3)
    assert not running.task.done()
    await terminal.disconnect()


VALID = [
    encode("answer", {"kind": kind, "subject": bytes(32), "statement": cose_like})
    for kind in ("receipt", "forked", "refusal", "stored", "beacon")
    for cose_like in (bytes(80), b"\xd2\x84" + bytes(100))
]


@pytest.fixture
async def gateway(start):
    return (await start()).gateway


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    leaf=st.sampled_from(["answers", "bundle"]),
    payload=st.one_of(
        st.binary(max_size=300),
        st.sampled_from(VALID),
        st.tuples(st.sampled_from(VALID), st.integers(0, 200), st.integers(0, 255)).map(
            lambda change: change[0][: change[1]] + bytes([change[2]]) + change[0][change[1] + 1 :]
        ),
    ),
)
async def test_whatever_the_broker_brings_is_refused_with_our_error(gateway, leaf, payload):
    topic = topics.gateway("north", "gw-1", leaf) if leaf == "answers" else topics.bundle("north", "trust")
    message = Message(topic=topic, payload=payload, mid=1, client=None)
    before = await gateway.outbox.run(lambda store: store.count())
    with contextlib.suppress(GatewayError, ProtocolError):
        await gateway.uplink._handle(message)
    assert await gateway.outbox.run(lambda store: store.count()) == before
    assert gateway.bundles.offers({}, bytes(16)) == []


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
async def test_whatever_a_terminal_puts_into_a_signed_object_is_kept_or_refused(gateway, data):
    """The gateway keeps what it cannot read: central says what is wrong with it, signed."""
    signed = (data + bytes(80))[:200]
    message = {"type": "record", "record": signed, "envelopes": []}
    chain = [bytes(100)]
    replies = await gateway.server._services.intake.take(b"t" * 16, chain, message)
    assert replies[0] == {"type": "saved", "hash": blake2b256(signed)}
