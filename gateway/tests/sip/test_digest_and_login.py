"""Digest authentication: the standard's own examples, and calls to peers that ask for it."""

import pytest
from sealine_gateway.sip.digest import Authenticator, parse_challenge
from sealine_gateway.sip.errors import DigestError
from sealine_gateway.sip.message import Response, build, parse

NUMBER = "12025550123"
RING_AND_ANSWER = (100, 180, 200)


def response(status, *challenges):
    name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
    fields = [("Via", "SIP/2.0/UDP a;branch=z9hG4bKb"), ("From", "<sip:a@b>;tag=1"), ("To", "<sip:c@d>;tag=2")]
    fields += [("Call-ID", "x"), ("CSeq", "1 INVITE"), *((name, text) for text in challenges)]
    message = parse(build(f"SIP/2.0 {status} No", fields))
    assert isinstance(message, Response)
    return message


# RFC 7616 section 3.9.1
MUFASA = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_examples(algorithm, expected):
    authenticator = Authenticator("Mufasa", "Circle of Life")
    authenticator.take(response(401, MUFASA.format(algorithm)))
    ((name, value),) = authenticator.field("GET", "/dir/index.html", CNONCE)
    assert name == "Authorization"
    assert f'response="{expected}"' in value
    assert "nc=00000001" in value
    assert 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"' in value


def test_rfc_2617_example_and_the_older_kind_without_qop():
    authenticator = Authenticator("Mufasa", "Circle Of Life")
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
    authenticator.take(response(401, f'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="{nonce}"'))
    ((_, value),) = authenticator.field("GET", "/dir/index.html", "0a4f113b")
    assert 'response="6629fae49393a05397450978507c4ef1"' in value  # RFC 2617 section 3.5
    old = Authenticator("Mufasa", "Circle Of Life")
    old.take(response(401, f'Digest realm="testrealm@host.com", nonce="{nonce}"'))
    ((_, value),) = old.field("GET", "/dir/index.html")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in value  # RFC 2069's formula on the same values
    assert "nc=" not in value


def test_the_strongest_challenge_is_answered_and_the_count_goes_up():
    authenticator = Authenticator("u", "p")
    authenticator.take(
        response(407, 'Digest realm="r", nonce="a", algorithm=MD5', 'Digest realm="r", nonce="b", algorithm=SHA-256')
    )
    ((name, value),) = authenticator.field("INVITE", "sip:a")
    assert name == "Proxy-Authorization"
    assert 'nonce="b"' in value
    assert "password" not in repr(authenticator)


@pytest.mark.parametrize(
    "value",
    [
        "Basic realm=x",
        "Digest",
        'Digest realm="r"',
        'Digest realm="r", nonce="n", algorithm=SHA-512-256',
        'Digest realm="r", nonce="n", qop="auth-int"',
        'Digest realm="r", realm="r", nonce="n"',
        'Digest realm="r" nonce="n"',
        'Digest realm="r, nonce="n"',
    ],
)
def test_challenges_that_cannot_be_answered(value):
    assert parse_challenge(value, proxy=False) is None
    with pytest.raises(DigestError):
        Authenticator("u", "p").take(response(401, value))


def challenged(scene, status, *rounds, **account):
    it = scene(*rounds, **account)
    name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
    it.peer.extra[status] = [(name, 'Digest realm="trunk", nonce="n1", qop="auth"')]
    return it


@pytest.mark.parametrize("status", [401, 407])
def test_a_challenged_invite_is_sent_again_with_credentials(scene, status):
    it = challenged(scene, status, (100, status), RING_AND_ANSWER, user="u", password="p")
    call = it.dial()
    it.run(1)
    assert it.events == ["ringing", "answered"]
    first, second = it.peer.requests("INVITE")
    assert first.call_id == second.call_id
    assert first.sender.tag == second.sender.tag
    assert (first.cseq.number, second.cseq.number) == (1, 2)
    assert first.vias[0].branch != second.vias[0].branch
    field = "proxy-authorization" if status == 407 else "authorization"
    assert f'uri="sip:{NUMBER}@trunk.example"' in second.get(field)
    assert 'username="u"' in second.get(field)
    acks = it.peer.requests("ACK")
    assert [ack.cseq.number for ack in acks] == [1, 2]
    assert acks[1].get(field) == second.get(field)  # RFC 3261 section 22.1
    call.hang_up()
    it.run(1)
    (bye,) = it.peer.requests("BYE")
    assert "nc=00000002" in bye.get(field)


def test_wrong_credentials_end_the_call_behind_one_try(scene):
    it = challenged(scene, 401, (401,), user="u", password="wrong")
    it.dial()
    it.run(60)
    assert len(it.peer.requests("INVITE")) == 2
    assert it.events == [("over", 403)]
    assert it.agent.counts["unauthorised"] == 1


def test_no_credentials_end_the_call_at_once(scene):
    it = challenged(scene, 401, (401,))
    it.dial()
    it.run(60)
    assert len(it.peer.requests("INVITE")) == 1
    assert it.events == [("over", 403)]


def test_a_stale_nonce_is_renewed_but_not_for_ever(scene):
    it = challenged(scene, 401, (401,), user="u", password="p")
    it.peer.extra[401] = [("WWW-Authenticate", 'Digest realm="trunk", nonce="n1", stale=TRUE')]
    it.dial()
    it.run(60)
    assert 2 < len(it.peer.requests("INVITE")) < 8
    assert it.events == [("over", 403)]


def test_a_hang_up_is_not_undone_by_a_challenge(scene):
    it = challenged(scene, 401, (100,), user="u", password="p")
    call = it.dial()
    it.run(0.1)
    call.hang_up()
    it.channel.say(it.peer.reply(it.peer.requests("INVITE")[0], 401))
    it.run(5)
    assert len(it.peer.requests("INVITE")) == 1
    assert it.events == []
