"""The two programs as people run them: a whole opening by command line, and one plain sentence for each mistake."""

import hashlib
import subprocess
import sys
import time
import tomllib

import cbor2
import pytest
from central_factory import FACILITY, Desk, Terminal
from nacl.signing import VerifyKey
from pycose.keys import OKPKey
from pycose.messages import Sign1Message
from sealine_central import config
from sealine_protocol import codec, cose
from sealine_protocol.errors import SettingsError
from sealine_protocol.hashes import blake2b256
from sealine_protocol.unit import Unit

PROGRAMS = {
    "central": "from sealine_central.cli import main; main()",
    "custody": "from sealine_central.custody.cli import main; main()",
}
CONFIG = (
    'state_dir = "state"\n[mqtt]\nhost = "localhost"\n'
    f'[facilities.{FACILITY}]\nroot = "root.pub"\nbundles = "bundles"\n'
)


def run(program, *arguments, code=0):
    command = [sys.executable, "-c", PROGRAMS[program], *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env={"COLUMNS": "200"})
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr + done.stdout


@pytest.fixture
def filled(site):
    """A store with an unrecorded and a recorded call, its configuration, and the call."""
    unit = Unit.create(site.directory / "state", "central", bytes(8), tls=True)
    site.log_key = unit.identity
    site.central_credential = site.issue("central", "central", unit.identity_key, unit.link_key)
    site.publish_trust(2)
    desk = Desk(site)
    terminal = Terminal(site)
    calls = [terminal.call(), terminal.call(3)]
    desk.send(*(call.upload() for call in calls))
    desk.send(calls[1].all_chunks(), leaf="chunks")
    desk.store.close()
    path = site.directory / "central.toml"
    path.write_text(CONFIG)
    return path, calls


def test_records_show_and_watch(filled):
    path, calls = filled
    text = run("central", "records", "--config", path)
    assert "3 s, 2 of 3 open it" in text
    assert "caller-hangup" in text
    text = run("central", "show", "--config", path, calls[1].id.hex()[:10])
    assert "leaf: 1 of 2, receipt of" in text
    assert "whole" in run("central", "watch", "--config", path)


def test_watch_says_by_its_exit_code_that_a_person_is_needed(filled, site):
    path, _ = filled
    desk = Desk(site)
    terminal = Terminal(site, "phone-7")
    terminal.call()
    desk.send(terminal.call().upload())
    desk.store.close()
    assert "1 missing (0)" in run("central", "watch", "--config", path, code=3)


def test_a_whole_opening_by_command_line(filled, site):
    path, calls = filled
    case, root = site.directory / "case", site.directory / "root.pub"
    me = site.requester().directory
    admit = ("admit", "--config", path, "--facility", FACILITY)
    run("central", "export", "--config", path, "--record", calls[1].id.hex(), case)
    run("custody", "request", case, "--keys", me, "--root", root, "--case", "24-CR-0117")
    run("central", *admit, case / "request.cose")
    for number in (0, 2):
        keys = site.custodians[number].directory
        run("custody", "grant", case, "--keys", keys, "--root", root, "--trust", site.bundles / "trust.bundle")
        assert (keys / "trust.bundle").read_bytes() == (site.bundles / "trust.bundle").read_bytes()
    assert "1 of 2" not in run("central", *admit, case / "grants" / "1.cose", case / "grants" / "3.cose")
    assert "opened.wav: 3 s; to be logged" in run("custody", "open", case, "--keys", me, "--root", root)
    assert "logged" in run("central", *admit, case / "opening.cose")
    assert "2 records" in run("central", "export", "--config", path, site.directory / "out")


def test_keys_are_made_asked_for_and_installed(site):
    me = site.directory / "me"
    run("custody", "keys", me, "--role", "requester", "--challenge", "00" * 16)
    unit = Unit.load(me)
    (site.directory / "enrolment.cbor").write_bytes(site.enrolment(unit, "requester", "auditor"))
    assert "requester auditor of north" in run("custody", "install", me, site.directory / "enrolment.cbor")
    state = site.directory / "central"
    run("central", "request", state, "--challenge", "00" * 16)
    unit = Unit.load(state)
    (site.directory / "enrolment.cbor").write_bytes(site.enrolment(unit, "central", "central"))
    assert "central of north" in run("central", "install", state, site.directory / "enrolment.cbor")


def test_publish(filled, site):
    path, _ = filled
    body = codec.encode("revocations-body", {"facility": FACILITY, "revoked": []})
    data = site.publish("revocations", 3, body)
    (site.bundles / "revocations.bundle").unlink()
    (site.directory / "new.bundle").write_bytes(data)
    command = ("publish", "--config", path, "--facility", FACILITY, site.directory / "new.bundle")
    assert "revocations version 3" in run("central", *command)
    assert (site.bundles / "revocations.bundle").read_bytes() == data
    (site.directory / "new.bundle").write_bytes(data[:-1])
    assert run("central", *command, code=1).startswith("sealine-central: ")


@pytest.mark.parametrize(
    ("program", "arguments", "sentence"),
    [
        ("central", ["records", "--config", "nowhere.toml"], "nowhere.toml: cannot be read: No such file"),
        ("central", ["show", "--config", "{config}", "ffffffff"], "0 records begin with ffffffff"),
        ("central", ["export", "--config", "{config}", "--record", "ff" * 16, "{dir}/x"], "0 records begin with"),
        ("central", ["admit", "--config", "{config}", "--facility", "south", "{config}"], "facility south: not in the"),
        ("central", ["admit", "--config", "{config}", "--facility", "north", "{config}"], "not admitted: signed"),
        ("central", ["request", "{dir}/y", "--challenge", "zz"], "challenge: not hex"),
        ("central", ["install", "{dir}/z", "{config}"], "unit: identity.key is not there"),
        ("custody", ["open", "{dir}", "--keys", "{dir}", "--root", "{dir}/root.pub"], "record.cose: No such file"),
        ("custody", ["keys", "{dir}/y", "--role", "warden", "--challenge", "00" * 16], "role: requester or custodian"),
    ],
)
def test_a_mistake_is_one_plain_sentence(filled, site, program, arguments, sentence):
    path, _ = filled
    text = run(program, *(a.format(config=path, dir=site.directory) for a in arguments), code=1)
    assert text.startswith(f"sealine-{program}: ")
    assert sentence in text
    assert len(text.strip().splitlines()) == 1


def test_check_config_explains_every_field_and_accepts_a_file(filled):
    path, _ = filled
    text = run("central", "check-config")
    for name in ("state_dir", "batch", "reserve_mb", "metrics", "[mqtt]", "[facilities.NAME]"):
        assert name in text
    assert "holds" in run("central", "check-config", "--config", path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("state_dir", "stat_dir"), "stat_dir: there is no such field"),
        (('host = "localhost"', "host = 5"), "mqtt.host: "),
        (("[mqtt]", "[mqqt]"), "mqtt: this table is missing|mqqt: there is no such field"),
        ((f"facilities.{FACILITY}", '"facilities"."no name"'), "facilities: a name is letters"),
        (('root = "root.pub"\n', ""), r"facilities\.north\.root: this field is missing"),
        (('state_dir = "state"', "state_dir = "), "not TOML"),
        (('state_dir = "state"', 'state_dir = "state"\nbatch = 0'), "batch: Messages per commit, 1 to 1000"),
        (('state_dir = "state"', 'state_dir = "state"\nmetrics = "x"'), "metrics: "),
        (('state_dir = "state"', 'state_dir = "state"\ndirectory = "x"'), "directory: there is no such field"),
    ],
)
def test_a_wrong_configuration_names_the_field(tmp_path, change, message):
    path = tmp_path / "central.toml"
    path.write_text(CONFIG.replace(*change))
    with pytest.raises(SettingsError, match=message):
        config.load(path)
    assert tomllib.loads(CONFIG)


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_help_does_not_load_what_it_does_not_need(program):
    started = time.monotonic()
    assert "Usage" in run(program, "--help")
    assert time.monotonic() - started < 3  # the figure itself is measured by the bench
    code = PROGRAMS[program].replace("; main()", "")
    script = (
        f"{code}\nimport sys\nprint([n for n in ('paho', 'nacl', 'sqlite3', 'prometheus_client') if n in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


def test_an_export_holds_for_a_reader_with_plain_libraries(filled, site):
    """Only cbor2, hashlib and nacl: signatures, chain, receipts (RFC 9942, RFC 9162), digest, signed head."""
    path, calls = filled
    out = site.directory / "out"
    run("central", "export", "--config", path, out)
    log_key = VerifyKey(bytes(site.log_key.verify_key))

    def opened(data):
        tag = cbor2.loads(data)
        assert tag.tag == 18
        return list(tag.value)

    def check(key, protected, payload, signature):
        key.verify(cbor2.dumps(["Signature1", protected, b"", payload]), signature)

    previous = None
    for file in sorted((out / "records").iterdir()):
        data = file.read_bytes()
        protected, _, payload, signature = opened(data)
        fields, kid = cbor2.loads(payload), cbor2.loads(protected)[4]
        credential = (out / "credentials" / f"{kid.hex()}.cose").read_bytes()
        claims = cbor2.loads(opened(credential)[2])
        check(VerifyKey(claims[8][1][-2]), protected, payload, signature)
        assert fields[6] == (previous or hashlib.blake2b(credential, digest_size=32).digest())
        previous = hashlib.blake2b(data, digest_size=32).digest()
        proof_protected, unprotected, detached, proof_signature = opened(
            (out / "receipts" / f"{file.stem}.receipt").read_bytes()
        )
        assert detached is None
        size, index, siblings = cbor2.loads(unprotected[396][-1][0])
        root = hashlib.sha256(b"\x00" + data).digest()
        assert size == 2
        for sibling in siblings:
            pair = sibling + root if index & 1 else root + sibling
            root, index = hashlib.sha256(b"\x01" + pair).digest(), index >> 1
        check(log_key, proof_protected, root, proof_signature)
        head = opened((out / "heads" / "2.cose").read_bytes())
        check(log_key, head[0], head[2], head[3])
        assert cbor2.loads(head[2])[1] == root
    digest = hashlib.blake2b(digest_size=32)
    for index in range(3):
        chunk = (out / "recordings" / calls[1].id.hex() / f"{index}.chunk").read_bytes()
        digest.update(hashlib.blake2b(chunk, digest_size=32).digest())
    assert digest.digest() == fields[25][5]
    held = {blake2b256(file.read_bytes()) for file in (out / "envelopes" / calls[1].id.hex()).iterdir()}
    assert held == {reference[2] for reference in fields[17]}


def test_pycose_verifies_an_exported_record(filled, site):
    """A COSE library that is not ours, given what is in the export."""
    path, _ = filled
    out = site.directory / "out"
    run("central", "export", "--config", path, out)
    for file in (out / "records").iterdir():
        # pycose 1.1 cannot take what cbor2 6 makes of a tag: it is given the members behind the tag's byte
        message = Sign1Message.from_cose_obj(cbor2.loads(file.read_bytes()[1:]), allow_unknown_attributes=False)
        kid = cose.parse(file.read_bytes()).kid
        claims = cbor2.loads(cbor2.loads((out / "credentials" / f"{kid.hex()}.cose").read_bytes()).value[2])
        message.key = OKPKey(crv="ED25519", x=claims[8][1][-2])
        assert message.verify_signature()
