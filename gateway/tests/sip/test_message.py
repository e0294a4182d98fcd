"""The SIP parser: the standard's torture, limits, round trip, and random and damaged messages."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sealine_gateway.sip import header, message, sdp
from sealine_gateway.sip.errors import MessageError, SipError
from sealine_gateway.sip.message import Framer, Request, Response, build, parse

from . import torture

FIELDS = [
    ("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKabc;rport"),
    ("From", '"Name, with comma" <sip:caller@example.com>;tag=1'),
    ("To", "<sip:12025550123@example.com>"),
    ("Call-ID", "abc@192.0.2.1"),
    ("CSeq", "1 INVITE"),
]


def invite(*extra, body=b"", drop=()):
    return build("INVITE sip:x@example.com SIP/2.0", [f for f in FIELDS if f[0] not in drop] + list(extra), body)


@pytest.mark.parametrize("name", torture.INVALID)
def test_torture_that_must_be_refused(name):
    with pytest.raises(MessageError):
        parse(torture.INVALID[name])


@pytest.mark.parametrize("name", torture.VALID)
def test_torture_that_must_be_understood(name):
    assert parse(torture.VALID[name]).cseq.number in {9, 60, 8, 35}


def test_short_tortuous_invite_is_understood_in_every_part():
    it = parse(torture.VALID["3.1.1.1 wsinv"])
    assert isinstance(it, Request)
    assert (it.method, it.uri.user, it.uri.host) == ("INVITE", "vivekg", "chair-dnrc.example.com")
    assert (it.sender.tag, it.recipient.tag) == ("98asjd8", "1918181833n")
    assert (it.call_id, it.cseq) == ("wsinv.ndaksdj@192.0.2.1", header.CSeq(9, "INVITE"))
    assert [(via.protocol, via.host, via.branch) for via in it.vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    (contact,) = it.addresses("contact")
    assert contact.uri.text == "sip:jdrosen@example.com"
    assert dict(contact.parameters) == {"newparam": "newvalue", "secondparam": "", "q": "0.33"}
    assert it.addresses("route")[0].uri.text == "sip:services.example.com;lr;unknownwith=value;unknown-no-value"
    assert sdp.parse(it.body).audio.port == 49217


def test_what_follows_a_datagrams_content_length_is_no_part_of_it():
    assert parse(torture.VALID["3.1.1.8 dblreq"]).body == b""


def test_no_reason_and_an_unusual_one():
    statuses = [parse(torture.VALID[name]).status for name in ("3.1.1.13 noreason", "3.1.1.12 unreason")]
    assert statuses == [100, 200]


def test_round_trip():
    it = parse(invite(("Contact", "<sip:a@b:5070;transport=tcp>, <sip:c@d>"), body=b"hello"))
    assert isinstance(it, Request)
    assert it.sender.uri.user == "caller"
    assert [contact.uri.port for contact in it.addresses("contact")] == [5070, None]
    assert it.body == b"hello"


@pytest.mark.parametrize("name", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_a_missing_field_is_named(name):
    with pytest.raises(MessageError, match=name.lower()):
        parse(invite(drop=(name,)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n\r\n\r\n",
        b"\x00" * 100,
        b"INVITE sip:x SIP/2.0",
        invite()[:-20],
        invite().replace(b"INVITE sip", b"INV ITE sip"),
        invite().replace(b"SIP/2.0\r\n", b"SIP/2.0\n", 1),
        invite(("X", "v")).replace(b"X: v", b"X v"),
        invite(("Max-Forwards", "256")),
        invite(("Max-Forwards", "\u0661")),  # a digit, but no ASCII one
        invite().replace(b"Content-Length: 0", b"Content-Length: 1"),
        invite().replace(b"Content-Length: 0", b"Content-Length: 99999999999999999999"),
        invite().replace(b":5060;", b":99999;"),
        invite().replace(b"1 INVITE", b"2147483648 INVITE"),
        invite().replace(b"<sip:1202", b"<sip:1202>"),
        invite().replace(b"abc@192", b"a b@192"),
        invite(*[("X", "y")] * 130),
        invite(("X", "y" * 17_000)),
        invite(body=bytes(17_000)),
        invite().replace(b";rport", b";a;a"),
        invite().replace(b";rport", b"".join(b";a%d" % i for i in range(40))),
    ],
)
def test_bad_messages_and_ones_past_the_limits_are_refused(data):
    with pytest.raises(MessageError):
        parse(data)


def test_limits_are_met_exactly():
    assert len(parse(invite(body=bytes(message.MAX_BODY_BYTES))).body) == message.MAX_BODY_BYTES
    assert len(parse(invite(*[("X", "y")] * (message.MAX_HEADERS - 6))).fields) == message.MAX_HEADERS
    with pytest.raises(MessageError):
        parse(invite(*[("X", "y")] * (message.MAX_HEADERS - 5)))


def test_errors_hold_no_value():
    secret = b"12025550123"
    for data in (invite(("Max-Forwards", "12025550123")), invite().replace(b"sip:1202", b" sip:1202")):
        assert secret in data
        with pytest.raises(MessageError) as caught:
            parse(data)
        assert "1202" not in str(caught.value)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_refused(data):
    with contextlib.suppress(MessageError):
        parse(data)


@settings(max_examples=400)
@given(st.sampled_from([*torture.VALID.values(), invite(body=torture.SDP.encode())]), st.data())
def test_damaged_messages_are_read_or_refused_and_can_be_looked_into(good, data):
    changed = bytearray(good)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(SipError):
        it = parse(bytes(changed))
        assert isinstance(it, Request | Response)
        for name in ("via", "contact", "route", "record-route", "require"):
            it.all(name)
        it.addresses("contact")


_text = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=60)


@given(_text)
def test_any_text_is_a_value_or_refused(text):
    for parser in (
        header.split,
        header.parse_parameters,
        header.parse_uri,
        header.parse_name_addr,
        header.parse_via,
        header.parse_cseq,
    ):
        with contextlib.suppress(MessageError):
            parser(text)


def test_no_pattern_takes_long_on_a_hostile_text():
    for text in ("a " * 8000, '"' + "\\" * 16_000, ";a" * 8000, "sip:" + ";a=b" * 4000, "<" * 16_000, "%" * 16_000):
        for parser in (
            header.split,
            header.parse_uri,
            header.parse_name_addr,
            header.parse_via,
            header.parse_parameters,
        ):
            with contextlib.suppress(MessageError):
                parser(text)


# --- frames of a stream

MESSAGES = [invite(), invite(body=b"x" * 500), invite(("l2", "9"), body=b"\r\n\r\n")]


@given(st.lists(st.integers(1, 700), max_size=20))
def test_a_stream_is_cut_alike_however_it_arrives(cuts):
    stream = b"\r\n\r\n".join(MESSAGES)
    framer = Framer()
    out = []
    for cut in cuts:
        out += framer.feed(stream[:cut])
        stream = stream[cut:]
    assert out + framer.feed(stream) == MESSAGES


@pytest.mark.parametrize(
    "data",
    [
        b"x" * 17_000,
        invite().replace(b"Content-Length: 0\r\n", b""),
        invite().replace(b"Content-Length: 0", b"Content-Length: 99999"),
        invite().replace(b"Content-Length: 0", b"Content-Length: 0\r\nl: 5"),
    ],
)
def test_a_stream_out_of_step_is_given_up(data):
    with pytest.raises(MessageError):
        Framer().feed(data)


@given(st.binary(max_size=300))
def test_any_stream_is_cut_waited_for_or_given_up(data):
    with contextlib.suppress(MessageError):
        Framer().feed(data)
