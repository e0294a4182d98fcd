import asyncio
import stat

import nacl.pwhash.argon2id as argon2
import pytest
from sealine_gateway import lockouts
from sealine_gateway import roster as roster_module
from sealine_gateway import vault as vault_module
from sealine_gateway.errors import StorageFullError, VaultError
from sealine_gateway.roster import FREE_TRIES, MAX_WAIT_S, TERMINAL_FREE_TRIES, Roster, add_person, remove_person
from sealine_gateway.vault import Vault, read_secret

SECRET = b"a secret that is given at start"
T, U = b"t" * 16, b"u" * 16


@pytest.fixture
def vault(tmp_path):
    made = Vault.create(tmp_path, SECRET)
    add_person(made, "4711", "135790", "es")
    return made


def test_vault_opens_with_its_secret_only_and_shows_nothing(tmp_path, vault):
    again = Vault.load(tmp_path, SECRET)
    assert again.content == vault.content
    path = tmp_path / vault_module.FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    data = path.read_bytes()
    for secret in (b"4711", b"135790", b"argon2id$", vault.content.token_key, vault.content.token_key.hex().encode()):
        assert secret not in data
    with pytest.raises(VaultError, match="wrong secret"):
        Vault.load(tmp_path, b"another secret altogether")
    with pytest.raises(VaultError, match="already"):
        Vault.create(tmp_path, SECRET)


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize("where", [0, 40, -3])
def test_damaged_vault_is_refused(tmp_path, where):
    path = tmp_path / vault_module.FILE_NAME
    data = bytearray(path.read_bytes())
    data[where] ^= 1
    path.write_bytes(data)
    with pytest.raises(VaultError):
        Vault.load(tmp_path, SECRET)


def test_missing_vault_is_named(tmp_path):
    with pytest.raises(VaultError, match="cannot be read"):
        Vault.load(tmp_path, SECRET)


def test_secret_comes_from_a_file_or_a_systemd_credential(tmp_path, monkeypatch):
    path = tmp_path / "sealine-secret"
    state = tmp_path / "state"
    path.write_bytes(SECRET + b"\n")
    path.chmod(0o600)
    assert read_secret(path, state) == SECRET
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    path.chmod(0o440)  # as systemd's access list looks
    assert read_secret(None, state) == SECRET
    with pytest.raises(VaultError, match="state directory"):
        read_secret(None, tmp_path)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(VaultError, match="no secret"):
        read_secret(None, state)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(VaultError, match="12 to 1024 bytes"):
        read_secret(path, state)
    with pytest.raises(VaultError, match="cannot be read"):
        read_secret(tmp_path / "none", state)


@pytest.mark.parametrize(
    ("person", "pin", "language", "field"),
    [
        ("", "1234", "en", "person"),
        ("1" * 33, "1234", "en", "person"),
        ("Bob", "1234", "en", "person"),
        ("1", "123", "en", "pin"),
        ("1", "1" * 13, "en", "pin"),
        ("1", "12a4", "en", "pin"),
        ("1", "1234", "xx", "language"),
    ],
)
def test_wrong_entry_is_refused_by_name_and_without_its_value(vault, person, pin, language, field):
    with pytest.raises(VaultError, match=field) as error:
        add_person(vault, person, pin, language)
    assert pin not in str(error.value)
    assert len(vault.content.persons) == 1


def test_person_is_removed(tmp_path, vault):
    remove_person(vault, "4711")
    assert Vault.load(tmp_path, SECRET).content.persons == {}
    with pytest.raises(VaultError, match="not in the roster"):
        remove_person(vault, "4711")


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


async def test_right_pin_opens_and_clears_the_count(vault):
    clock = Clock()
    roster = Roster(vault, clock)
    for _ in range(5):
        clock.now += 2 * roster_module.TERMINAL_FORGET_S
        for _ in range(FREE_TRIES - 1):
            assert not (await roster.check(T, "4711", "0000")).ok
        result = await roster.check(T, "4711", "135790")
        assert (result.ok, result.language, result.wait_s) == (True, "es", 0)


async def test_waits_double_up_to_a_bound_and_there_is_a_way_back(vault):
    clock = Clock()
    roster = Roster(vault, clock)
    waits = []
    for number in range(12):
        terminal = number.to_bytes(16, "big")  # from ever other phones: the person's own count holds
        result = await roster.check(terminal, "4711", "0000")
        waits.append(result.wait_s)
        if result.wait_s:  # while it runs the right PIN opens nothing either
            assert not (await roster.check(terminal, "4711", "135790")).ok
        clock.now += result.wait_s
    assert max(waits) == MAX_WAIT_S
    assert waits == sorted(waits)
    assert (await roster.check(U, "4711", "135790")).ok  # the wait is over: the right PIN opens


async def test_a_phone_that_guesses_at_many_persons_has_to_wait(vault):
    roster = Roster(vault, Clock())
    for number in range(TERMINAL_FREE_TRIES):
        assert not (await roster.check(T, str(number), "0000")).ok
    assert (await roster.check(T, "4711", "135790")).wait_s > 0
    assert (await roster.check(U, "4711", "135790")).ok  # the other phones go on


async def test_guesses_at_one_time_count_one_by_one(vault):
    roster = Roster(vault, Clock())
    results = await asyncio.gather(*(roster.check(T, "4711", f"{n:04}") for n in range(20)))
    checked = [result for result in results if not result.wait_s]
    assert len(checked) <= FREE_TRIES


@pytest.fixture
def quick(monkeypatch):
    """Argon2id at its least: what is tested is the counting."""
    least = {"opslimit": argon2.OPSLIMIT_MIN, "memlimit": argon2.MEMLIMIT_MIN}
    monkeypatch.setattr(roster_module, "_LIMITS", least)


@pytest.mark.usefixtures("quick")
async def test_ones_own_right_pin_does_not_buy_guesses_at_others(vault):
    for number in range(40):
        add_person(vault, str(1000 + number), f"9{number:03}", "en")
    add_person(vault, "7", "4321", "en")
    roster = Roster(vault, Clock())
    looked_at = 0
    for number in range(40):
        looked_at += not (await roster.check(T, str(1000 + number), "0000")).wait_s
        await roster.check(T, "7", "4321")
    assert looked_at < TERMINAL_FREE_TRIES
    assert (await roster.check(U, "7", "4321")).ok  # neither he nor the others are kept out elsewhere


@pytest.mark.usefixtures("quick")
async def test_a_success_takes_its_own_attempt_off_the_phones_count_alone(vault):
    add_person(vault, "7", "4321", "en")
    clock = Clock()
    roster = Roster(vault, clock)
    for number in range(TERMINAL_FREE_TRIES - 1):
        await roster.check(T, f"9{number}", "0000")
    for _ in range(20):  # honest ones on a phone that has seen slips
        assert (await roster.check(T, "7", "4321")).ok
    assert (await roster.check(T, "99", "0000")).wait_s > 0
    clock.now += 31
    assert (await roster.check(T, "7", "4321")).ok
    assert (await roster.check(T, "7", "4321")).ok  # the wait that it would have begun went as well


@pytest.mark.usefixtures("quick")
async def test_slips_of_many_persons_over_a_day_are_forgotten(vault):
    clock = Clock()
    roster = Roster(vault, clock)
    for number in range(100):
        assert (await roster.check(T, str(number), "0000")).wait_s == 0
        clock.now += roster_module.TERMINAL_FORGET_S


@pytest.mark.usefixtures("quick")
async def test_guesses_at_nobody_are_slowed_down_and_push_no_lock_out_away(vault):
    clock = Clock()
    roster = Roster(vault, clock)
    for _ in range(FREE_TRIES):
        waits = [(await roster.check(U, person, "0000")).wait_s for person in ("4711", "123456")]
    assert waits[0] == waits[1] > 0  # whether there is such a person cannot be told from the wait
    for number in range(3000):
        await roster.check(number.to_bytes(16, "big"), f"9{number:06}", "0000")
    assert len(roster._persons._guesses) <= roster_module.STRANGERS + 1
    assert (await roster.check(bytes(16), "4711", "135790")).wait_s > 0


@pytest.mark.usefixtures("quick")
async def test_a_lock_out_outlives_a_restart_and_shows_nothing(tmp_path, vault):
    clock = Clock()
    roster = Roster(vault, clock)
    await asyncio.gather(*(roster.check(T, "4711", "0000") for _ in range(FREE_TRIES)))
    clock.now += 31
    waited = (await roster.check(T, "4711", "0000")).wait_s
    again = Roster(vault, clock)
    assert (await again.check(U, "4711", "135790")).wait_s == waited > 30
    assert b"4711" not in (tmp_path / lockouts.FILE_NAME).read_bytes()
    clock.now += waited
    assert (await again.check(U, "4711", "135790")).ok
    assert (await Roster(vault, clock).check(U, "4711", "135790")).ok  # what was cleared stays so


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("data", [b"", bytes(100)])
async def test_lock_outs_that_do_not_open_stop_nobody(tmp_path, vault, data):
    (tmp_path / lockouts.FILE_NAME).write_bytes(data)
    assert (await Roster(vault, Clock()).check(U, "4711", "135790")).ok


@pytest.mark.usefixtures("quick")
async def test_a_full_disk_keeps_no_lock_out_and_stops_no_call(vault, monkeypatch):
    def full(*_):
        raise StorageFullError("lockouts.sealed: the disk is full")

    monkeypatch.setattr(lockouts.files, "write", full)
    roster = Roster(vault, Clock())
    for _ in range(FREE_TRIES):
        result = await roster.check(T, "4711", "0000")
    assert result.wait_s > 0


def test_only_counts_that_mean_nothing_are_dropped(monkeypatch):
    monkeypatch.setattr(roster_module, "MAX_TRACKED", 10)
    clock = Clock()
    slowdown = roster_module._Slowdown(0, 60.0, clock)
    for number in range(100):
        slowdown.failed(number)
    assert all(slowdown.wait_s(number) for number in range(100))
    clock.now += 1000
    slowdown.failed(100)
    assert len(slowdown._guesses) == 1
