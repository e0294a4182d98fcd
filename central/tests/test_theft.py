"""P3: a copy of everything that central has on disk gives no name, number, PIN, key or second of audio."""

from central_factory import NUMBER, PERSON, PIN, Desk, Terminal, samples
from sealine_protocol import recording
from sealine_protocol.unit import Unit


def test_a_copy_of_the_state_directory_gives_nothing_away(site, monkeypatch):
    Unit.create(site.directory / "state", "central", bytes(8), tls=True)
    secrets = [PERSON.encode(), NUMBER.encode(), PIN.encode(), *(samples(i)[:64] for i in range(3))]
    real, seen = recording.seal_chunk, []
    monkeypatch.setattr(recording, "seal_chunk", lambda key, *a, **k: seen.append(key) or real(key, *a, **k))
    desk = Desk(site)
    for number in range(20):
        terminal = Terminal(site, f"phone-{number}")
        secrets += [terminal.token_key, bytes(terminal.keys.identity), bytes(terminal.keys.link)]
        calls = [terminal.call(), terminal.call(3), terminal.call(2, state="cut")]
        desk.send(*(call.upload() for call in calls), terminal.tally(None), terminal.beacon())
        desk.send(*(call.all_chunks() for call in calls), leaf="chunks")
        desk.send(calls[0].upload(envelopes=[]), b"\xff")
    secrets += [*set(seen), bytes(site.billing), *(bytes(unit.link) for unit in site.custodians)]
    desk.store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    found = [path for path in (site.directory / "state").rglob("*") if path.is_file()]
    assert len(set(seen)) == 40
    assert sum(path.suffix == ".chunk" for path in found) == 100
    for path in found:
        data = path.read_bytes()
        for secret in secrets:
            assert secret not in data, path
            assert secret.hex().encode() not in data, path


def test_the_store_and_the_keys_are_for_their_owner_alone(site):
    state = site.directory / "state"
    Unit.create(state, "central", bytes(8), tls=True)
    desk = Desk(site)
    call = Terminal(site).call(1)
    desk.send(call.upload())
    desk.send(call.all_chunks(), leaf="chunks")
    for path in [state, *(path for path in state.rglob("*") if path.is_dir() or path.suffix == ".key")]:
        assert path.stat().st_mode & 0o077 == 0, path
    assert [path.name for path in (state / "recordings").iterdir()] == [call.id.hex()]
