import asyncio
import dataclasses
import os
import ssl
import time

import paho.mqtt.client as paho
import pytest
from nacl.signing import SigningKey
from paho.mqtt.enums import CallbackAPIVersion
from sealine_gateway import broker
from sealine_gateway.outbox import HELD
from sealine_hil.errors import HilError
from sealine_protocol import cose, topics
from sealine_protocol.codec import encode
from sealine_protocol.hashes import blake2b256
from sealine_protocol.recording import chunk_hash, digest
from sealine_provisioning import bundles

FACILITY = "north"


async def connect(site, start, **kwargs):
    running = await start()
    terminal = site.issuing.terminal()
    await terminal.connect("127.0.0.1", site.port, **kwargs)
    return running, terminal


async def counts(running):
    return await running.gateway.outbox.run(lambda store: store.count())


async def settled(running, expected, timeout_s=15):
    end = time.monotonic() + timeout_s
    while await counts(running) != expected:
        assert time.monotonic() < end, await counts(running)
        await asyncio.sleep(0.05)


async def test_record_goes_up_and_its_receipt_comes_down(site, start, central):
    running, terminal = await connect(site, start)
    signed = terminal.record()
    await terminal.save(signed)
    delivered = await terminal.expect("deliver")
    assert delivered["answer"]["kind"] == "receipt"
    assert delivered["answer"]["subject"] == blake2b256(signed)
    assert central.uploads[0]["credentials"] == list(terminal.keys.chain)
    await settled(running, {1: 1})
    await terminal.save(signed)  # a terminal that asks again gets the receipt again, from the outbox
    assert (await terminal.expect("deliver"))["answer"] == delivered["answer"]
    await terminal.disconnect()


async def test_receipt_of_another_log_changes_nothing(site, start, central):
    stranger = SigningKey.generate()
    central.make_answers = lambda signed: [central.receipt(signed, stranger)]
    running, terminal = await connect(site, start)
    await terminal.save(terminal.record())
    with pytest.raises(HilError, match="no deliver"):
        await terminal.expect("deliver", 1.5)
    assert await counts(running) == {0: 1}
    assert running.gateway.metrics.registry.get_sample_value("sealine_gateway_answers_refused_total") >= 1
    await terminal.disconnect()


async def test_receipt_of_another_record_changes_nothing(site, start, central):
    running, terminal = await connect(site, start)
    first, second = terminal.record(), terminal.record()
    central.make_answers = lambda _: [central.receipt(first) | {"subject": blake2b256(second)}]
    await terminal.save(second)
    with pytest.raises(HilError, match="no deliver"):
        await terminal.expect("deliver", 1.5)
    assert await counts(running) == {0: 1}
    await terminal.disconnect()


async def test_refusal_puts_a_record_into_quarantine_and_out_of_the_way(site, start, central):
    def refuse(signed):
        fields = {"hash": blake2b256(signed), "reason": "schema", "what": "record.seq", "time": 1}
        return [central.statement("refusal", blake2b256(signed), fields)]

    central.make_answers = refuse
    running, terminal = await connect(site, start)
    signed = terminal.record()
    await terminal.save(signed)
    assert (await terminal.expect("deliver"))["answer"]["kind"] == "refusal"
    await settled(running, {2: 1})
    central.make_answers = lambda signed: [central.receipt(signed)]
    await terminal.save(terminal.record())
    await settled(running, {1: 1, 2: 1})
    known = await running.gateway.outbox.run(lambda store: store.known(blake2b256(signed)))
    assert known.object == signed  # kept whole
    await terminal.disconnect()


WRAPPING = ("malformed", "credential", "envelope", "facility")


def refusal(central, reason, of):
    fields = {"hash": blake2b256(of), "reason": reason, "what": "upload-record", "time": 1}
    return central.statement("refusal", blake2b256(of), fields)


@pytest.mark.parametrize("reason", WRAPPING)
async def test_a_refused_wrapping_says_nothing_about_the_record(site, start, central, until, reason):
    """Held here and counted; the terminal hears nothing, keeps its record, and is heard again."""
    central.make_answers = lambda _: [refusal(central, reason, encode("upload", central.uploads[-1]))]
    running, terminal = await connect(site, start)
    signed = terminal.record()
    await terminal.save(signed)
    await settled(running, {HELD: 1})
    await terminal.save(signed)
    with pytest.raises(HilError, match="no deliver"):
        await terminal.expect("deliver", 0.5)
    refused = running.gateway.metrics.registry.get_sample_value
    assert refused("sealine_gateway_uploads_refused_total", {"reason": reason}) == 1
    central.make_answers = lambda signed: [central.receipt(signed)]
    terminal.send_bulk({"type": "record", "record": signed, "envelopes": [b"e" * 100]})  # wrapped otherwise
    await terminal.expect("saved")
    assert (await terminal.expect("deliver"))["answer"]["kind"] == "receipt"
    await settled(running, {1: 1})
    assert await until(lambda: central.uploads[-1]["envelopes"] == [b"e" * 100])
    await terminal.disconnect()


@pytest.mark.parametrize("reason", WRAPPING)
async def test_a_record_is_never_refused_for_its_wrapping(site, start, central, reason):
    central.make_answers = lambda signed: [refusal(central, reason, signed)]
    running, terminal = await connect(site, start)
    await terminal.save(terminal.record())
    with pytest.raises(HilError, match="no deliver"):
        await terminal.expect("deliver", 0.7)
    assert await counts(running) == {0: 1}
    await terminal.disconnect()


@pytest.mark.parametrize("reason", ["schema", "signature"])
async def test_a_refusal_of_the_object_must_name_the_object(site, start, central, reason):
    central.make_answers = lambda _: [refusal(central, reason, encode("upload", central.uploads[-1]))]
    running, terminal = await connect(site, start)
    await terminal.save(terminal.record())
    with pytest.raises(HilError, match="no deliver"):
        await terminal.expect("deliver", 0.7)
    assert await counts(running) == {0: 1}
    await terminal.disconnect()


async def test_forged_refusal_changes_nothing(site, start, central):
    stranger = SigningKey.generate()

    def refuse(signed):
        fields = {"hash": blake2b256(signed), "reason": "schema", "what": "", "time": 1}
        return [central.statement("refusal", blake2b256(signed), fields, stranger)]

    central.make_answers = refuse
    running, terminal = await connect(site, start)
    await terminal.save(terminal.record())
    with pytest.raises(HilError, match="no deliver"):
        await terminal.expect("deliver", 1.5)
    assert await counts(running) == {0: 1}
    await terminal.disconnect()


async def test_fork_is_receipted_and_told(site, start, central):
    def fork(signed):
        fields = {"hash": blake2b256(signed), "other": bytes(32), "time": 1}
        answer = central.statement("forked", blake2b256(signed), fields)
        return [answer | {"receipt": central.receipt(signed)["statement"]}]

    central.make_answers = fork
    running, terminal = await connect(site, start)
    await terminal.save(terminal.record())
    assert (await terminal.expect("deliver"))["answer"]["kind"] == "forked"
    await settled(running, {1: 1})
    await terminal.disconnect()


async def test_chunks_go_only_on_the_stored_word_for_exactly_these(site, start, central, until):
    _, terminal = await connect(site, start)
    record = os.urandom(16)
    data = [os.urandom(16016) for _ in range(5)]
    for index, chunk in enumerate(data):
        terminal.send_bulk({"type": "chunk", "record": record, "index": index, "data": chunk})
        await terminal.expect("saved-chunk")
    await until(lambda: len(central.chunks.get(record, {})) == 5)
    assert [central.chunks[record][index] for index in range(5)] == data
    folder = site.settings.state_path / "chunks" / record.hex()
    right = digest(map(chunk_hash, data))

    def stored(value, key=None):
        fields = {"record": record, "digest": value, "time": 1}
        central.answer(central.statement("stored", record + bytes(16), fields, key))

    stored(bytes(32))
    stored(right, SigningKey.generate())
    await asyncio.sleep(1)
    assert len(list(folder.glob("*.chunk"))) == 5
    stored(right)
    await until(lambda: not folder.exists())
    await terminal.disconnect()


async def test_beacon_is_asked_and_brought(site, start, central, until):
    _, terminal = await connect(site, start)
    nonce = os.urandom(16)
    await until(lambda: central.statuses)
    terminal.send({"type": "beacon-ask", "nonce": nonce})
    ask = await until(lambda: next((up for up in central.uploads if up["type"] == "beacon"), None))
    assert ask == {"type": "beacon", "nonce": nonce, "terminal": terminal.keys.key_id}
    fields = {
        "version": 1,
        "nonce": nonce,
        "terminal": ask["terminal"],
        "time": 1,
        "newest": {},
        "head": None,
        "facility": FACILITY,
    }
    central.answer(central.statement("beacon", ask["terminal"] + bytes(16), fields))
    assert (await terminal.expect("deliver"))["answer"]["kind"] == "beacon"
    await terminal.disconnect()


async def test_beacon_that_is_asked_without_a_broker_is_asked_behind_its_return(site, start, central, mosquitto, until):
    mosquitto.stop()
    _, terminal = await connect(site, start)
    for number in range(20):
        terminal.send({"type": "beacon-ask", "nonce": bytes([number]) * 16})
        await asyncio.sleep(0.01)
    mosquitto.start()
    await until(lambda: central.uploads)
    await asyncio.sleep(1.5)
    assert [up["nonce"][0] for up in central.uploads] == [0, 19]  # the first that was under way, then the newest
    await terminal.disconnect()


async def test_head_that_goes_back_brings_the_records_again(site, start, central, until):
    running, terminal = await connect(site, start)
    records = [terminal.record() for _ in range(4)]
    for signed in records:
        await terminal.save(signed)
    await settled(running, {1: 4})
    central.records.clear()
    head = {"seq": 1, "hash": blake2b256(records[1])}
    key_id = terminal.keys.key_id
    later = time.time_ns() // 1_000_000 + 10_000
    fields = {
        "version": 1,
        "nonce": bytes(16),
        "terminal": key_id,
        "time": later,
        "newest": {},
        "head": head,
        "facility": FACILITY,
    }
    central.answer(central.statement("beacon", key_id + bytes(16), fields, SigningKey.generate()))
    await asyncio.sleep(0.5)
    assert central.records == []  # not on anybody's word
    central.answer(central.statement("beacon", key_id + bytes(16), fields))
    await until(lambda: len(central.records) == 2)
    assert central.records == records[2:]
    await settled(running, {1: 4})
    await terminal.disconnect()


async def test_tally_goes_up_as_records_do(site, start, central):

    running, terminal = await connect(site, start)
    health = {"resets": 0, "journal": 0, "quarantined": 0, "frames_lost": 0}
    fields = {"version": 1, "terminal": "phone-1", "facility": FACILITY, "day": 20000, "head": None, "health": health}
    fields["protected"] = 3
    signed = cose.sign("tally", encode("tally", fields), terminal.keys.identity)
    terminal.send_bulk({"type": "tally", "tally": signed})
    await terminal.expect("saved")
    assert (await terminal.expect("deliver"))["answer"]["kind"] == "receipt"
    assert central.tallies == [signed]
    await settled(running, {1: 1})
    await terminal.disconnect()


@pytest.mark.usefixtures("central")
async def test_broker_down_and_up_loses_nothing(site, start, mosquitto):
    running, terminal = await connect(site, start)
    await terminal.save(terminal.record())
    await settled(running, {1: 1})
    mosquitto.kill()
    for _ in range(5):
        await terminal.save(terminal.record())
    assert (await counts(running))[0] == 5
    mosquitto.start()
    await settled(running, {1: 6}, 30)
    await terminal.disconnect()


async def test_central_away_then_back_and_answers_in_any_order_and_twice(site, start, central, until):
    central.answering = False
    running, terminal = await connect(site, start)
    signed = [terminal.record() for _ in range(6)]
    for record in signed:
        await terminal.save(record)
    await until(lambda: len(central.records) >= 6)
    for record in [*reversed(signed), *signed]:
        central.answer(central.receipt(record))
    await settled(running, {1: 6})
    for _ in signed:
        await terminal.expect("deliver")
    await terminal.disconnect()


async def test_answers_that_came_while_the_gateway_was_away_arrive(site, start, central, until):
    central.answering = False
    running, terminal = await connect(site, start)
    signed = terminal.record()
    await terminal.save(signed)
    await until(lambda: central.records)
    await terminal.disconnect()
    await running.end()
    central.answer(central.receipt(signed))
    running = await start()
    await settled(running, {1: 1})


async def test_status_and_will(site, start, central, until):
    running, terminal = await connect(site, start)
    seen = await until(lambda: next((s for s in central.statuses if s["terminals"]), None))
    assert seen["state"] == "running"
    assert seen["terminals"] == [{"terminal": terminal.keys.key_id, "connected": True}]
    await terminal.disconnect()
    await until(lambda: not central.statuses[-1]["terminals"][0]["connected"])
    await running.end()
    await until(lambda: central.statuses[-1]["state"] == "stopping")


async def test_bundle_is_installed_offered_fetched_and_never_older(site, start, central, until):
    running, terminal = await connect(site, start)
    trust = site.issuing.trust
    central.publish(trust)
    offer = await terminal.expect("offer")
    assert offer["header"] == trust.header
    assert await terminal.fetch("trust", 1, len(trust.body)) == trust.body
    for version, offset in ((2, 0), (1, len(trust.body) + 1)):
        terminal.send({"type": "fetch", "kind": "trust", "version": version, "offset": offset})
        assert (await terminal.expect("error"))["code"] == "unknown-bundle"
    terminal.send({"type": "fetch", "kind": "directory", "version": 1, "offset": 0})
    assert (await terminal.expect("error"))["code"] == "unknown-bundle"
    authority = site.issuing.authority
    revocations = bundles.revocations(authority, version=5, revoked={})
    central.publish(revocations)
    assert (await terminal.expect("offer"))["header"] == revocations.header  # and what was offered is not again
    central.publish(bundles.revocations(authority, version=4, revoked={}))
    central.publish(bundles.revocations(authority, version=6, revoked={bytes(16): 1}))
    await until(lambda: running.gateway.bundles.trust.revoked)
    assert len(await terminal.fetch("revocations", 5, 10)) >= 10  # one that is being fetched stays to be had
    await terminal.disconnect()
    await terminal.connect("127.0.0.1", site.port, installed={"trust": 1, "revocations": 5})
    assert (await terminal.expect("offer"))["header"] != trust.header  # what it has is not offered again
    await terminal.disconnect()
    await running.end()
    again = await start()  # and all that without a broker's help
    assert again.gateway.bundles.trust.revoked == {bytes(16): 1}


async def test_bundle_of_a_stranger_is_refused(site, start, central, until):
    running, terminal = await connect(site, start)
    forged = bundles._publish("policy", FACILITY, 1, b"x", SigningKey.generate(), 30)
    central.publish(forged)
    await until(lambda: running.gateway.metrics.registry.get_sample_value("sealine_gateway_answers_refused_total"))
    with pytest.raises(HilError, match="no offer"):
        await terminal.expect("offer", 0.5)
    await terminal.disconnect()


async def test_bundle_with_another_body_is_refused(site, start, central, until):
    running, terminal = await connect(site, start)
    authority = site.issuing.authority
    signed, other = (bundles.revocations(authority, version=1, revoked=revoked) for revoked in ({}, {bytes(16): 1}))
    central.publish(dataclasses.replace(signed, body=other.body))
    await until(lambda: running.gateway.metrics.registry.get_sample_value("sealine_gateway_answers_refused_total"))
    assert running.gateway.bundles.trust.revoked == {}
    await terminal.disconnect()


async def test_expired_and_revoked_is_not_even_restricted(site, start, central, until):
    running = await start()
    now = int(time.time())
    terminal = site.issuing.terminal(iat=now - 9000, nbf=now - 9000, exp=now - 60)
    await terminal.connect("127.0.0.1", site.port)
    await terminal.disconnect()
    central.publish(bundles.revocations(site.issuing.authority, version=1, revoked={terminal.keys.key_id: now - 30}))
    await until(lambda: running.gateway.bundles.trust.revoked)
    with pytest.raises(HilError, match="link down"):
        await terminal.connect("127.0.0.1", site.port)
    await terminal.disconnect()


async def test_revoked_terminal_is_put_out_and_kept_out(site, start, central):
    _, terminal = await connect(site, start)
    revoked = {terminal.keys.key_id: int(time.time()) - 10}
    central.publish(bundles.revocations(site.issuing.authority, version=1, revoked=revoked))
    await terminal.wait_down()
    with pytest.raises(HilError, match="link down"):
        await terminal.connect("127.0.0.1", site.port)
    await terminal.disconnect()


async def test_acl_binds_each_certificate_to_its_own_topics(site, central, tmp_path, mosquitto, until):
    """With another gateway's certificate nothing can be published as ours, and our answers are not heard."""
    directory = tmp_path / "other"
    site.issuing.certificate(directory, "tls", broker.common_name(FACILITY, "gw-2"))
    context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
    context.load_cert_chain(directory / "tls.pem", directory / "tls.key")
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="gw-2")
    client.tls_set_context(context)
    heard = []
    client.on_message = lambda _c, _u, message: heard.append(message.topic)
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()
    await until(client.is_connected)
    client.subscribe([("sealine/1/north/gw-1/answers", 1), ("#", 1)])
    ask = encode("upload", {"type": "beacon", "nonce": bytes(16), "terminal": bytes(16)})
    for topic in (topics.gateway(FACILITY, "gw-1", "records"), topics.gateway(FACILITY, "gw-1", "answers")):
        client.publish(topic, ask, qos=1).wait_for_publish(5)
    client.publish(topics.bundle(FACILITY, "trust"), ask, qos=1, retain=True).wait_for_publish(5)
    central.answer({"kind": "receipt", "subject": bytes(32), "statement": bytes(80)})
    await asyncio.sleep(0.5)
    assert (central.payloads, heard) == ([], [])
    client.publish(topics.gateway(FACILITY, "gw-2", "records"), ask, qos=1)
    await until(lambda: central.payloads)  # its own topics are open to it
    client.disconnect()
    client.loop_stop()


async def test_without_a_certificate_there_is_no_broker(mosquitto, issuing, tmp_path):

    context = ssl.create_default_context()
    (tmp_path / "ca.pem").write_bytes(issuing.authority.ca_pem())
    context.load_verify_locations(tmp_path / "ca.pem")

    async def say_hello():
        reader, writer = await asyncio.open_connection("127.0.0.1", mosquitto.port, ssl=context)
        writer.write(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00")
        await reader.readexactly(4)

    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        await say_hello()
