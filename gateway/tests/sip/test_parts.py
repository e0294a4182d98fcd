"""RTP, RTCP, digits, SRTP and session descriptions, without a socket."""

import contextlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealine_gateway.sip import rtcp, rtp, sdp
from sealine_gateway.sip.digits import KEYS, Choosing, DigitReader
from sealine_gateway.sip.errors import RtpError, SdpError
from sealine_gateway.sip.srtp import Sealer

FRAME = bytes(160)


def packet(seq, ssrc=1, payload=FRAME, timestamp=None, kind=0):
    return rtp.Packet(kind, False, seq & 0xFFFF, seq * 160 if timestamp is None else timestamp, ssrc, payload)


# --- RTP


@given(
    st.builds(
        rtp.Packet,
        st.integers(0, 127),
        st.booleans(),
        st.integers(0, 2**16 - 1),
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**32 - 1),
        st.binary(max_size=400),
    )
)
def test_rtp_round_trip(value):
    assert rtp.parse(rtp.build(value)) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_a_packet_or_refused(data):
    with contextlib.suppress(RtpError):
        assert len(rtp.parse(data).payload) <= len(data) - 12


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(11),
        b"\x40" + bytes(11),  # version 1
        b"\x8f" + bytes(11),  # fifteen sources that are not there
        b"\x90" + bytes(11),  # an extension without its head
        b"\x90" + bytes(11) + b"\x00\x00\xff\xff",  # an extension of 262 kB
        b"\xa0" + bytes(11) + b"\x00",  # padding of no length
        b"\xa0" + bytes(11) + b"\x02",  # more padding than packet
        b"\x80" + bytes(1500),
    ],
)
def test_broken_rtp_is_refused(data):
    with pytest.raises(RtpError):
        rtp.parse(data)


def test_padding_sources_and_extension_are_no_sound():
    head = b"\xb1\x00" + bytes(10)
    assert rtp.parse(head + bytes(4) + b"\xbe\xde\x00\x01" + bytes(4) + b"sound" + b"\x00\x00\x03").payload == b"sound"


def fed(sequencer, *seqs):
    return [None if item is None else item.seq for seq in seqs for item in sequencer.feed(packet(seq))]


def test_packets_in_order_go_straight_on_and_over_the_wrap():
    assert fed(rtp.Sequencer(Counter()), 65534, 65535, 65536, 65537) == [65534, 65535, 0, 1]


def test_reordered_packets_are_put_back_and_doubled_ones_dropped():
    counts = Counter()
    assert fed(rtp.Sequencer(counts), 1, 3, 2, 2, 3, 5, 6, 4, 4, 7) == [1, 2, 3, 4, 5, 6, 7]
    assert counts["lost"] == 0
    assert counts["late"] == 3


def test_a_lost_packet_is_named_behind_two_that_wait():
    counts = Counter()
    assert fed(rtp.Sequencer(counts), 1, 3, 4, 5, 6) == [1, None, 3, 4, 5, 6]
    assert counts["lost"] == 1


def test_a_long_loss_is_filled_for_100_ms_only():
    counts = Counter()
    assert fed(rtp.Sequencer(counts), 1, 50, 51, 52) == [1] + [None] * 5 + [50, 51, 52]
    assert counts["lost"] == 48


def test_one_stray_sequence_number_changes_nothing_two_in_a_row_do():
    assert fed(rtp.Sequencer(Counter()), 1, 30000, 2, 3) == [1, 2, 3]
    assert fed(rtp.Sequencer(Counter()), 1, 30000, 30001, 30002) == [1, 30001, 30002]


@given(st.lists(st.integers(0, 2**16 - 1), max_size=200))
def test_sequencer_never_repeats_nor_holds_more_than_two(seqs):
    sequencer = rtp.Sequencer(Counter())
    for seq in seqs:
        out = sequencer.feed(packet(seq))
        assert len(out) <= 3 + rtp.MAX_FILL
        assert len(sequencer._held) <= rtp.HOLD


def test_another_source_must_insist_before_it_is_heard():
    source = rtp.Source()
    assert source.accept(packet(1))
    assert not any(source.accept(packet(seq, ssrc=2)) for seq in range(9))
    assert source.accept(packet(2))  # the known one is still there: the count begins again
    assert not any(source.accept(packet(seq, ssrc=2)) for seq in range(9))
    assert source.accept(packet(9, ssrc=2))
    assert not source.accept(packet(3))


def test_random_other_sources_never_take_over():
    source = rtp.Source()
    source.accept(packet(1))
    assert not any(source.accept(packet(seq * 7, ssrc=2 + seq)) for seq in range(500))


def test_a_frame_that_the_terminal_lost_is_a_gap_in_our_stream():
    sender = rtp.Sender()
    first, second, after = (rtp.parse(sender.packet(count, FRAME)) for count in (65535, 0, 3))
    assert first.marker
    assert not second.marker
    assert (second.seq - first.seq) & 0xFFFF == 1
    assert (after.seq - second.seq) & 0xFFFF == 3
    assert (after.timestamp - second.timestamp) & 0xFFFFFFFF == 480
    assert sender.packet(3, FRAME) is None
    assert sender.packet(1, FRAME) is None
    fresh = rtp.parse(sender.packet(2000, FRAME))  # the terminal counts anew
    assert fresh.marker
    assert (fresh.seq - after.seq) & 0xFFFF == 1


# --- RTCP


def test_reports_round_trip_and_count_loss():
    reception = rtcp.Reception()
    for seq in (65534, 65535, 2, 3):
        reception.count(7, seq & 0xFFFF, seq * 160, seq * 0.02)
    assert reception.lost == 2
    block = reception.block(1.0)
    assert block[4] == 2 * 256 // 6
    assert int.from_bytes(block[8:12], "big") == 65536 + 3
    data = rtcp.build(1, "name", block, sent=(5, 6, 7), unix_s=1.5, goodbye=True)
    assert len(data) % 4 == 0
    report = rtcp.parse(data, 7)
    assert (report.ssrc, report.lost, report.goodbye) == (1, 2, True)
    assert report.middle == ((rtcp.NTP_EPOCH_S + 1) & 0xFFFF) << 16 | 0x8000
    assert rtcp.parse(rtcp.build(1, "n", b"", sent=None, unix_s=0), 7).middle is None


@given(st.binary(max_size=120))
def test_any_bytes_are_a_report_or_refused(data):
    with contextlib.suppress(RtpError):
        rtcp.parse(data, 1)


@given(st.data())
def test_a_damaged_report_is_read_or_refused(data):
    good = bytearray(rtcp.build(1, "name", bytes(24), sent=(1, 2, 3), unix_s=1.0))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(RtpError):
        rtcp.parse(bytes(good), 1)


# --- digits


def event(key, *, end=False, duration=160):
    return bytes((KEYS.index(key), 0x8A if end else 0x0A)) + duration.to_bytes(2, "big")


def test_one_key_press_is_one_digit_however_often_its_packets_come():
    reader = DigitReader()
    heard = [reader.feed(at, event(key)) for at, key in [(800, "1")] * 7 + [(960, "1"), (800, "1"), (960, "2")]]
    assert [key for key in heard if key] == ["1", "1"]


def test_digits_are_told_apart_over_the_wrap_of_the_timestamp():
    reader = DigitReader()
    assert reader.feed(2**32 - 100, event("9")) == "9"
    assert reader.feed(60, event("9")) == "9"
    assert reader.feed(2**32 - 100, event("9")) is None


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x01\x0a\x00"])
def test_a_cut_event_is_refused(payload):
    with pytest.raises(RtpError):
        DigitReader().feed(0, payload)


@pytest.mark.parametrize("number", [16, 66, 255])
def test_an_event_that_is_no_key_is_none(number):
    assert DigitReader().feed(0, bytes((number, 10, 0, 160))) is None


@pytest.mark.parametrize(
    ("keys", "choice"),
    [
        ("1", "accept"),
        ("2", "refuse"),
        ("99", "block"),
        ("9", None),
        ("9x9", None),
        ("9891", "accept"),
        ("3456780*#ABCD", None),
        ("91", "accept"),
        ("92", "refuse"),
    ],
)
def test_choice_of_the_called_party(keys, choice):
    choosing = Choosing()
    choosing.begin()
    made = [choosing.press(key) for key in keys]
    assert [item for item in made if item] == ([choice] if choice else [])
    if choice:
        assert choosing.press("1") is None  # one choice in a call


def test_what_is_pressed_before_the_notice_ends_never_counts():
    choosing = Choosing()
    assert [choosing.press(key) for key in "12991"] == [None] * 5
    choosing.begin()
    assert choosing.press("9") is None  # the nine before the notice was not the first of two
    assert choosing.press("1") == "accept"


# --- SRTP


def keys():
    return sdp.new_crypto(), sdp.new_crypto(suite=sdp.SUITES[0])


def test_sealed_voice_opens_at_the_other_end_alone():
    ours, theirs = keys()
    here, there = Sealer(ours, theirs), Sealer(theirs, ours)
    plain = rtp.build(packet(5, payload=b"spoken words" * 10))
    sealed = here.seal(plain)
    assert b"spoken" not in sealed
    assert there.open(sealed) == plain
    with pytest.raises(RtpError):
        there.open(sealed)  # repeated
    with pytest.raises(RtpError):
        there.open(here.seal(rtp.build(packet(6)))[:-1] + b"\x00\x00")
    with pytest.raises(RtpError):
        Sealer(*keys()).open(here.seal(rtp.build(packet(7))))
    report = rtcp.build(1, "name", b"", sent=None, unix_s=0)
    assert there.open_report(here.seal_report(report)) == report
    with pytest.raises(RtpError):
        there.open_report(report)


@given(st.binary(max_size=1600))
def test_any_bytes_are_refused_by_a_sealed_call(data):
    sealer = Sealer(*keys())
    for opener in (sealer.open, sealer.open_report):
        with pytest.raises(RtpError):
            opener(data)


def test_new_keys_of_the_peer_do_not_restart_our_key_stream():
    ours, theirs = keys()
    here = Sealer(ours, theirs)
    plain = [rtp.build(packet(seq, payload=bytes(160))) for seq in (65535, 65536)]
    sealed = [here.seal(data) for data in plain]
    here.rekey(ours, sdp.new_crypto())
    there = Sealer(theirs, ours)
    assert [there.open(data) for data in sealed] == plain
    again = here.seal(rtp.build(packet(65537, payload=bytes(160))))
    assert there.open(again) == rtp.build(packet(65537, payload=bytes(160)))  # needs the same roll-over count


# --- session descriptions

OFFER = (
    b"v=0\r\no=x 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
    b"m=video 5000 RTP/AVP 31\r\nm=audio 40000 RTP/AVP 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\na=sendonly\r\n"
)


def test_the_usable_line_is_found_and_the_others_are_refused_in_the_answer():
    session = sdp.parse(OFFER)
    audio = session.audio
    assert (audio.index, audio.address, audio.port, audio.rtcp_port) == (1, "192.0.2.9", 40000, 40001)
    assert (audio.event, audio.direction, audio.crypto) == (96, "sendonly", None)
    answer = sdp.build("192.0.2.1", 30000, version=(1, 2), crypto=None, event=96, answer_to=session).decode()
    assert "m=video 0 RTP/AVP 31\r\nm=audio 30000 RTP/AVP 0 96\r\n" in answer
    assert sdp.reverse("sendonly") == "recvonly"


def test_own_descriptions_are_read_back():
    crypto = sdp.new_crypto()
    for address in ("192.0.2.1", "2001:db8::1"):
        audio = sdp.parse(sdp.build(address, 30000, version=(1, 1), crypto=crypto), answer_to=crypto).audio
        assert (audio.address, audio.port, audio.event, audio.crypto) == (address, 30000, 101, crypto)
    assert crypto.key.hex() not in repr(crypto)


def test_media_address_and_rtcp_port_of_the_line_win():
    data = OFFER + b"c=IN IP4 192.0.2.77\r\na=rtcp:50001\r\n"
    audio = sdp.parse(data).audio
    assert (audio.address, audio.rtcp_port) == ("192.0.2.77", 50001)


SAVP = b"v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 40000 RTP/SAVP 0\r\na=crypto:%b\r\n"
KEY = b"A" * 40


@pytest.mark.parametrize(
    ("line", "usable"),
    [
        (b"1 AES_CM_128_HMAC_SHA1_80 inline:" + KEY, True),
        (b"1 AES_CM_128_HMAC_SHA1_80 inline:" + KEY + b"|2^31", True),
        (b"1 AES_CM_128_HMAC_SHA1_80 inline:" + KEY + b"|2^31|1:4", False),  # an MKI
        (b"2 AES_CM_128_HMAC_SHA1_80 inline:" + KEY, False),  # not the tag that we offered
        (b"1 AES_CM_128_HMAC_SHA1_32 inline:" + KEY, False),
        (b"1 NULL_HMAC_SHA1_80 inline:" + KEY, False),
        (b"1 AES_CM_128_HMAC_SHA1_80 inline:" + KEY + b" UNENCRYPTED_SRTP", False),
        (b"1 AES_CM_128_HMAC_SHA1_80 inline:short", False),
    ],
)
def test_only_the_protection_that_we_offered_is_taken(line, usable):
    own = sdp.new_crypto()
    if usable:
        assert sdp.parse(SAVP % line, answer_to=own).audio.crypto.tag == 1
    else:
        with pytest.raises(SdpError):
            sdp.parse(SAVP % line, answer_to=own)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_description_or_refused(data):
    for head in (b"", b"v=0\r\nm=audio 1 RTP/AVP 0\r\n"):
        with contextlib.suppress(SdpError):
            sdp.parse(head + data)


@given(st.data())
def test_a_damaged_description_is_read_or_refused_and_can_be_answered(data):
    good = bytearray(OFFER)
    for _ in range(data.draw(st.integers(1, 6))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        session = sdp.parse(bytes(good))
    except SdpError:
        return
    sdp.build("192.0.2.1", 30000, version=(1, 2), crypto=None, event=session.audio.event, answer_to=session)


@pytest.mark.parametrize(
    "data",
    [
        b"v=1\r\n",
        b"v=0\r\n" + b"a=x\r\n" * 300 + OFFER[5:],
        OFFER + b"m=audio 1 RTP/AVP 0\r\n" * 10,
        OFFER.replace(b"40000", b"65535"),
        OFFER.replace(b"40000", b"99999"),
        OFFER.replace(b"IP4 192.0.2.9\r\nt", b"IP4 host.example\r\nt"),
        OFFER.replace(b"c=IN IP4 192.0.2.9\r\n", b""),
        OFFER + b"nonsense\r\n",
        OFFER.replace(b"c=IN IP4 192.0.2.9", b"c=IN IP4 224.0.0.1"),
        OFFER.replace(b"c=IN IP4 192.0.2.9", b"c=IN IP4 1.2.3"),
    ],
)
def test_descriptions_past_the_limits_are_refused(data):
    with pytest.raises(SdpError):
        sdp.parse(data)
