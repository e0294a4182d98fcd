import asyncio
import dataclasses
import os
import time

import pytest
from nacl.signing import SigningKey
from sealine_gateway import outbox
from sealine_hil.errors import HilError
from sealine_hil.terminal import Keys
from sealine_protocol.clock import monotonic_ms
from sealine_protocol.hashes import blake2b256, person_token, terminal_token_key
from sealine_protocol.link import Link

PERSON, PIN, NUMBER = "4711", "135790", "12025550123"


async def connect(site, start, **kwargs):
    running = await start()
    terminal = site.issuing.terminal()
    await terminal.connect("127.0.0.1", site.port, **kwargs)
    return running, terminal


async def test_welcome_brings_the_terminals_own_token_key(site, start):
    running, terminal = await connect(site, start)
    facility_key = running.gateway.server._services.vault.content.token_key
    assert terminal.welcome["token_key"] == terminal_token_key(facility_key, terminal.keys.key_id)
    assert terminal.welcome["token_key"] != facility_key
    assert terminal.welcome["call"] is None
    assert abs(terminal.welcome["time"] - time.time() * 1000) < 5000
    assert len(person_token(terminal.welcome["token_key"], PERSON)) == 16
    await terminal.disconnect()


async def test_pin_is_checked_and_guesses_are_slowed_down(site, start):
    _, terminal = await connect(site, start)
    terminal.send({"type": "check-pin", "person": PERSON, "pin": PIN})
    assert await terminal.expect("pin-result") == {"type": "pin-result", "ok": True, "language": "es", "wait_s": 0}
    waits = []
    for _ in range(4):
        terminal.send({"type": "check-pin", "person": PERSON, "pin": "00000"})
        result = await terminal.expect("pin-result")
        assert not result["ok"]
        waits.append(result["wait_s"])
    assert waits[0] == 0
    assert waits[-1] >= 29
    terminal.send({"type": "check-pin", "person": PERSON, "pin": PIN})
    assert (await terminal.expect("pin-result"))["ok"] is False  # the right one as well, while the wait runs
    await terminal.disconnect()


async def test_record_is_saved_before_it_is_acknowledged_and_once_only(site, start):
    running, terminal = await connect(site, start)
    signed = terminal.record()
    for _ in range(3):
        await terminal.save(signed)
    known = await running.gateway.outbox.run(lambda store: store.known(blake2b256(signed)))
    assert known.object == signed
    assert await running.gateway.outbox.run(lambda store: store.count()) == {0: 1}
    await terminal.disconnect()


async def test_terminal_whose_share_of_the_outbox_is_full_is_told_and_others_go_on(site, start, monkeypatch):
    monkeypatch.setattr(outbox, "MAX_ENTRIES", 2)
    _, terminal = await connect(site, start)
    other = site.issuing.terminal("phone-2")
    await other.connect("127.0.0.1", site.port)
    for _ in range(2):
        await terminal.save(terminal.record())
    terminal.send_bulk({"type": "record", "record": terminal.record(), "envelopes": []})
    assert (await terminal.expect("error"))["code"] == "storage"
    await other.save(other.record())
    await terminal.disconnect()
    await other.disconnect()


async def test_no_more_links_than_the_configuration_says(site, start):
    site.settings = dataclasses.replace(site.settings, max_terminals=1)
    _, terminal = await connect(site, start)
    other = site.issuing.terminal("phone-2")
    with pytest.raises(HilError, match="link down"):
        await other.connect("127.0.0.1", site.port)
    await terminal.save(terminal.record())
    await terminal.disconnect()
    await other.disconnect()


async def test_chunk_is_saved_and_other_bytes_under_its_index_are_not(site, start):
    running, terminal = await connect(site, start)
    record = os.urandom(16)
    terminal.send_bulk({"type": "chunk", "record": record, "index": 0, "data": bytes(16016)})
    assert await terminal.expect("saved-chunk") == {"type": "saved-chunk", "record": record, "index": 0}
    terminal.send_bulk({"type": "chunk", "record": record, "index": 0, "data": bytes(16015) + b"x"})
    assert (await terminal.expect("error"))["code"] == "unexpected"
    path = site.settings.state_path / "chunks" / record.hex() / "0.chunk"
    assert path.read_bytes() == bytes(16016)
    assert running.gateway.metrics.registry.get_sample_value("sealine_gateway_saved_total", {"kind": "chunk"}) == 1
    await terminal.disconnect()


async def test_another_terminal_cannot_write_into_a_recording(site, start):
    _, terminal = await connect(site, start)
    other = site.issuing.terminal("phone-2")
    await other.connect("127.0.0.1", site.port)
    record = os.urandom(16)
    terminal.send_bulk({"type": "chunk", "record": record, "index": 0, "data": bytes(16)})
    await terminal.expect("saved-chunk")
    other.send_bulk({"type": "chunk", "record": record, "index": 1, "data": bytes(16)})
    assert (await other.expect("error"))["code"] == "unexpected"
    await terminal.disconnect()
    await other.disconnect()


@pytest.mark.parametrize(
    "changes",
    [
        {"facility": "south"},
        {"role": "technician"},
        {"exp": 1000, "nbf": 10, "iat": 10, "signer": "other"},
    ],
    ids=["other-facility", "other-role", "other-root"],
)
async def test_wrong_credential_is_refused(site, start, changes):

    await start()
    if changes.get("signer") == "other":
        changes = changes | {"signer": SigningKey.generate()}
    terminal = site.issuing.terminal(**changes)
    terminal.facility = "north"
    with pytest.raises(HilError, match="link down"):
        await terminal.connect("127.0.0.1", site.port)
    await terminal.disconnect()


async def test_a_stolen_credential_is_of_no_use_without_its_link_key(site, start):
    await start()
    honest = site.issuing.terminal()
    thief = site.issuing.terminal("phone-9")
    thief.keys.chain = honest.keys.chain
    with pytest.raises(HilError, match="link down"):
        await thief.connect("127.0.0.1", site.port)
    await thief.disconnect()


async def test_expired_credential_gets_a_restricted_link(site, start):
    await start()
    now = int(time.time())
    terminal = site.issuing.terminal(iat=now - 9000, nbf=now - 9000, exp=now - 60)
    await terminal.connect("127.0.0.1", site.port)
    await terminal.save(terminal.record())
    terminal.send({"type": "dial", "call": os.urandom(16), "number": NUMBER, "language": "en"})
    assert (await terminal.expect("error"))["code"] == "restricted"
    await terminal.disconnect()


@pytest.mark.parametrize("revoked", [False, True])
async def test_expired_issuer_restricts_the_link_and_a_revoked_one_ends_it(site, start, revoked):
    running = await start()
    now = int(time.time())
    issuer = Keys()
    issuer.chain = (site.issuing.issue("issuer", "office", issuer, iat=now - 9000, nbf=now - 9000, exp=now - 60),)
    terminal = site.issuing.terminal(iat=now - 8000, nbf=now - 8000, exp=now + 9000, signer=issuer.identity)
    terminal.keys.chain += issuer.chain
    if revoked:
        bundles = running.gateway.bundles
        bundles.trust = dataclasses.replace(bundles.trust, revoked={issuer.key_id: now - 30})
        with pytest.raises(HilError, match="link down"):
            await terminal.connect("127.0.0.1", site.port)
    else:
        await terminal.connect("127.0.0.1", site.port)
        await terminal.save(terminal.record())
        terminal.send({"type": "dial", "call": os.urandom(16), "number": NUMBER, "language": "en"})
        assert (await terminal.expect("error"))["code"] == "restricted"
    await terminal.disconnect()


async def test_a_newer_link_of_the_same_terminal_replaces_the_older(site, start):
    running, terminal = await connect(site, start)
    again = site.issuing.terminal()
    again.keys = terminal.keys
    await again.connect("127.0.0.1", site.port)
    await terminal.wait_down()
    await again.save(again.record())
    assert running.gateway.metrics.registry.get_sample_value("sealine_gateway_links") == 1
    await again.disconnect()


async def test_messages_before_ready_and_a_second_ready_are_refused(site, start):
    await start()
    terminal = site.issuing.terminal()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    await terminal.connect_streams(reader, writer)
    terminal.send({"type": "hang-up", "call": os.urandom(16)})
    assert (await terminal.expect("error"))["code"] == "unexpected"
    ready = {
        "type": "ready",
        "firmware": {"version": "x", "hash": bytes(32)},
        "head": None,
        "installed": {},
        "call": None,
    }
    terminal.send(ready)
    await terminal.expect("welcome")
    terminal.send(ready)
    assert (await terminal.expect("error"))["code"] == "unexpected"
    await terminal.disconnect()


async def test_nonsense_is_answered_with_its_place_and_ends_the_link_when_it_goes_on(site, start):
    _, terminal = await connect(site, start)
    terminal.stream.send_control(b"\xa1\x00\x64nope")
    error = await terminal.expect("error")
    assert error["code"] == "malformed"
    assert error["what"].startswith("from-terminal")
    with pytest.raises((HilError, Exception), match="down"):  # noqa: PT012 - it ends somewhere in the loop
        for _ in range(40):
            terminal.stream.send_control(b"\xff")
            await terminal.expect("error")
    await terminal.disconnect()


async def test_half_open_garbage_and_oversized_connections_keep_nobody_out(site, start, until):
    running = await start()
    hostile = []
    for index in range(100):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write([b"", b"\x00" * 100, os.urandom(3000), b"\x01" * 60000][index % 4])
        hostile.append((reader, writer))
    terminal = site.issuing.terminal()
    began = time.monotonic()
    await terminal.connect("127.0.0.1", site.port)
    await terminal.save(terminal.record())
    assert time.monotonic() - began < 3
    assert len(running.gateway.server._handshakes) <= 64
    for _, writer in hostile:
        writer.transport.abort()
    await until(lambda: not running.gateway.server._handshakes)
    await terminal.disconnect()


async def test_a_flooding_terminal_does_not_stall_another(site, start):
    _, hostile = await connect(site, start)
    terminal = site.issuing.terminal("phone-2")
    await terminal.connect("127.0.0.1", site.port)

    async def flood():
        writer = hostile.stream._writer
        while not writer.transport.is_closing():
            writer.write(os.urandom(4000) + b"\x00")
            await asyncio.sleep(0.0005)

    flooding = asyncio.create_task(flood())
    slowest = 0.0
    for _ in range(20):
        began = time.monotonic()
        await terminal.save(terminal.record())
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 0.5
    async with asyncio.timeout(10):
        await hostile.wait_down()  # too many frames that do not verify
    flooding.cancel()
    await terminal.disconnect()
    await hostile.disconnect()


async def test_replayed_frames_do_nothing(site, start):
    """Whole ciphertext frames again: the replay window refuses each."""
    running, terminal = await connect(site, start)
    sent = []
    writer = terminal.stream._writer
    plain_write = writer.write
    writer.write = lambda data: (sent.append(bytes(data)), plain_write(data))[1]
    await terminal.save(terminal.record())
    for frame in sent:
        plain_write(frame)
    await terminal.save(terminal.record())
    assert await running.gateway.outbox.run(lambda store: store.count()) == {0: 2}
    await terminal.disconnect()


def test_gateway_has_no_early_data():
    """A first handshake message with a payload is refused by the link core that the server builds on."""
    link = Link("gateway", "north", bytes(32), b"", lambda *_: None, monotonic_ms())
    link.feed(b"\x01")
    assert not link.up
