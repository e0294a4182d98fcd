import dataclasses
import logging
import subprocess
import sys
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealine_gateway import broker, config
from sealine_gateway.sip.settings import PeerConfig
from sealine_protocol import log
from sealine_protocol.errors import SettingsError
from sealine_protocol.mqtt import MqttConfig

GOOD = """
facility = "north"
name = "gw-1"
state_dir = "state"
listen = "127.0.0.1:7700"
[mqtt]
host = "localhost"
[trunk]
kind = "loopback"
script = "parties.toml"
"""


def load(tmp_path, text):
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    return config.load(path)


def test_defaults_and_relative_paths(tmp_path):
    settings = load(tmp_path, GOOD)
    assert settings.mqtt.port == 8883
    assert settings.state_path == tmp_path / "state"
    assert settings.script_path == tmp_path / "parties.toml"
    assert settings.serial == []


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('name = "gw-1"', "", "name"),
        ('name = "gw-1"', 'name = "a b"', "name"),
        ('name = "gw-1"', 'name = "bundle"', "name"),
        ('name = "gw-1"', 'name = "gw-1"\nspeed = 3', "speed"),
        ('host = "localhost"', 'host = "localhost"\nhots = 1', "mqtt.hots"),
        ('host = "localhost"', 'host = "localhost"\nport = 0', "mqtt.port"),
        ('host = "localhost"', 'host = "localhost"\nport = "8883"', "mqtt.port"),
        ('host = "localhost"', 'host = "localhost"\nport = true', "mqtt.port"),
        ('host = "localhost"', 'host = "localhost"\ninflight = 1000', "mqtt.inflight"),
        ('kind = "loopback"', 'kind = "fax"', "trunk.kind"),
        ('kind = "loopback"', 'kind = "sip"', "trunk.peer"),
        ('listen = "127.0.0.1:7700"', 'listen = "7700"', "listen"),
        ('listen = "127.0.0.1:7700"', 'listen = "a:70000"', "listen"),
        ('listen = "127.0.0.1:7700"', "serial = [1]", "serial"),
        ('listen = "127.0.0.1:7700"', 'directory = "x"', "directory"),
        ("[mqtt]", "[mqtt", "not TOML"),
        ('[mqtt]\nhost = "localhost"', "", "mqtt"),
        ('facility = "north"', 'facility = ["north"]', "facility"),
    ],
)
def test_wrong_configuration_is_refused_by_the_fields_name(tmp_path, old, new, field):
    with pytest.raises(SettingsError, match=field.replace(".", r"\.")):
        load(tmp_path, GOOD.replace(old, new))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"gateway\.toml: cannot be read"):
        config.load(tmp_path / "gateway.toml")


VALUES = st.recursive(
    st.one_of(st.integers(), st.text(max_size=5), st.booleans(), st.floats(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


TABLES = {"": config.Config, "mqtt": MqttConfig, "trunk": config.TrunkConfig, "peer": PeerConfig}
FIELDS = [(table, item) for table, kind in TABLES.items() for item in dataclasses.fields(kind)]
VISIBLE = [(table, item) for table, item in FIELDS if not item.metadata.get("hidden")]
GOOD_PEER = {"host": "sbc.example", "caller": "5550100"}


@given(st.sampled_from([*((table, item.name) for table, item in VISIBLE), ("", "x"), ("peer", "x")]), VALUES)
def test_any_value_is_refused_with_our_error_or_holds_by_its_own_check(tmp_path_factory, place, value):
    table, key = place
    data = tomllib.loads(GOOD)
    data["trunk"]["peer"] = [dict(GOOD_PEER)]
    ({"": data, "peer": data["trunk"]["peer"][0]}.get(table) or data[table])[key] = value
    try:
        settings = config.parse(data, tmp_path_factory.getbasetemp())
    except SettingsError as error:
        assert key == "x" or key in str(error) or "missing" in str(error)  # noqa: PT017 - it need not raise
        return
    tables = {"": settings, "mqtt": settings.mqtt, "trunk": settings.trunk, "peer": (*settings.trunk.peer, None)[0]}
    for name, item in FIELDS:
        if "check" in item.metadata and tables[name] is not None:
            assert item.metadata["check"](getattr(tables[name], item.name)), item.name


@pytest.mark.parametrize("item", [item for _, item in VISIBLE if item.name not in TABLES or item.name == "peer"])
def test_every_field_says_what_it_is_and_its_default_and_has_a_check(item):
    assert f"{item.name}: {item.metadata['text']}" in config.describe().splitlines()
    assert "efault" in item.metadata["text"]
    required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
    assert required == ("No default" in item.metadata["text"])
    if not required and item.default is not dataclasses.MISSING:
        assert item.metadata["check"](item.default)


def test_commands_say_what_is_wrong_and_exit_1(tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text(GOOD.replace("gw-1", "gw 1"))
    command = [sys.executable, "-m", "sealine_gateway", "check-config", "--config", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("sealine-gateway: name: ")
    assert "Traceback" not in done.stderr


def test_log_takes_no_field_that_could_tell_too_much(caplog):
    for field in ("number", "pin", "person", "key", "data"):
        with pytest.raises(ValueError, match=field):
            log.event("x", **{field: "1"})
    with caplog.at_level(logging.INFO, "sealine"):
        log.event("x", error="two\nlines", count=3)
    assert caplog.messages == ["x error=two?lines count=3"]


def test_broker_configuration_is_closed_by_default(tmp_path):
    broker.write(tmp_path / "broker", ("127.0.0.1", 8883), [("north", "gw-1")])
    text = (tmp_path / "broker" / "mosquitto.conf").read_text()
    for line in ("require_certificate true", "use_identity_as_username true", "allow_anonymous false"):
        assert line in text.splitlines()
    acl = (tmp_path / "broker" / "acl").read_text()
    assert "user north/gw-1\ntopic write sealine/1/north/gw-1/records\n" in acl
    assert "pattern" not in acl
    assert "topic write sealine/1/north/bundle" not in acl
    with pytest.raises(SettingsError, match="63 characters"):
        broker.common_name("f" * 32, "g" * 32)
