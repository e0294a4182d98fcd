"""The SIP tables of the gateway's TOML file."""

import pytest
from sealine_gateway import config
from sealine_protocol.errors import SettingsError

HEAD = """
facility = "north"
name = "gw-1"
state_dir = "state"
[mqtt]
host = "localhost"
"""


def load(tmp_path, text):
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    return config.load(path)


SIP = """
[trunk]
kind = "sip"
bind = "127.0.0.1"

[[trunk.peer]]
host = "sbc.example"
transport = "tls"
caller = "15550100"
srtp = "require"

[[trunk.peer]]
host = "192.0.2.7"
caller = "15550100"
port = 5080
"""


def test_sip_lines_are_read_in_their_order(tmp_path):
    settings = load(tmp_path, HEAD + SIP)
    assert [peer.address for peer in settings.trunk.peer] == [("sbc.example", 5061), ("192.0.2.7", 5080)]
    assert [peer.srtp for peer in settings.trunk.peer] == ["require", "off"]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('host = "192.0.2.7"', 'host = "a b"', "trunk.peer.host"),
        ('host = "192.0.2.7"\n', "", "trunk.peer.host"),
        ('transport = "tls"', 'transport = "sctp"', "trunk.peer.transport"),
        ('srtp = "require"', 'srtp = "maybe"', "trunk.peer.srtp"),
        ("port = 5080", "port = 65536", "trunk.peer.port"),
        ("port = 5080", 'prefix = "x"', "trunk.peer.prefix"),
        ("port = 5080", "ping_s = 1", "trunk.peer.ping_s"),
        ("port = 5080", "proxy = 1", "trunk.peer.proxy"),
        ("port = 5080", 'caller = "<sip:x>"', "trunk.peer.caller"),
        ('bind = "127.0.0.1"', 'bind = "localhost"', "trunk.bind"),
        ('bind = "127.0.0.1"', "last_port = 1000", "trunk.last_port"),
        ("[[trunk.peer]]\n", "[trunk.peer]\n", "trunk.peer"),
    ],
)
def test_a_wrong_sip_field_is_named(tmp_path, old, new, field):
    text = SIP.replace(old, new)
    if field == "trunk.peer":
        text = text.split("[trunk.peer]")[0] + "[trunk.peer]\nhost = 'a'\n"
    if "caller" in new:
        text = text.replace('caller = "15550100"\n', "")
    with pytest.raises(SettingsError, match=field):
        load(tmp_path, HEAD + text)
