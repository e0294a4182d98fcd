"""The server against those who are not our page: other users of the machine, other sites, hostile input."""

import json
import socket
import time
from urllib.parse import urlsplit

import psutil
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

pytestmark = pytest.mark.timeout(90)
LIFT, HANG_UP = '{"type":"lift"}', '{"type":"hang-up"}'


def line(running, *, origin=None, path=None):
    address = f"ws://127.0.0.1:{running.port}{path or urlsplit(running.pages[1]).path}/line"
    return connect(address, origin=origin or running.origin, proxy=None)


def wait_state(socket_, wanted, timeout_s=5.0):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        data = socket_.recv(timeout=timeout_s)
        if isinstance(data, str) and (said := json.loads(data))["type"] == "state" and wanted(said):
            return said
    raise AssertionError("no such state")


def code_of(socket_):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            socket_.recv(timeout=10)
        except ConnectionClosed as closed:
            return closed.rcvd and closed.rcvd.code
    raise AssertionError("the line is still open")


def test_it_tells_what_to_do(running):
    said = "\n".join(running.said)
    assert len(running.pages) == 2
    assert all(word in said for word in ("number 4711200936", "PIN 1357902468", "dial 2125550142", "10 s"))


def test_it_listens_on_this_machine_only(running):
    family = [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]
    found = [one for process in family for one in process.net_connections() if one.status == psutil.CONN_LISTEN]
    assert {one.laddr.ip for one in found} == {"127.0.0.1"}


def test_the_page_may_load_from_its_own_server_only(running):
    response = running.get(urlsplit(running.pages[0]).path)
    assert response.status == 200
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert (response.headers["Referrer-Policy"], response.headers["Cache-Control"]) == ("no-referrer", "no-store")


def test_the_first_phone_is_at_the_door(running):
    path = urlsplit(running.pages[0]).path
    response = running.get(path.rsplit("/", 1)[0] + "/")
    assert (response.status, response.headers["Location"]) == (307, path)


@pytest.mark.parametrize(
    "path", ["/", "/wing-a-1", "/x/wing-a-1", "/x/static/phone.js", "/x/", "/%00/wing-a-1", "/%C3%BC/"]
)
def test_without_the_token_there_is_nothing(running, path):
    assert running.get(path).status == 404


@pytest.mark.parametrize(
    "name", ["wing-a-9", "static/", "static/none.js", "static/../server.py", "static/..%2fserver.py", "static/%2e%2e"]
)
def test_nothing_else_is_served(running, name):
    assert running.get(urlsplit(running.pages[0]).path.rsplit("/", 1)[0] + "/" + name).status == 404


def test_another_name_for_this_machine_is_refused(running):
    assert running.get(urlsplit(running.pages[0]).path, Host="rebound.example").status == 400


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"])
def test_another_site_gets_no_line(running, origin):
    with pytest.raises(InvalidStatus) as caught:
        line(running, origin=origin)
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize("path", ["/x/wing-a-1", "/wing-a-1/line/wing-a-1"])
def test_a_line_needs_the_token(running, path):
    with pytest.raises(InvalidStatus) as caught:
        line(running, path=path)
    assert caught.value.response.status_code in (403, 404)


def test_a_line_without_an_origin_is_refused(running):
    address = urlsplit(running.pages[0])
    request = (
        f"GET {address.path}/line HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", running.port), 5) as raw:
        raw.sendall(request.encode())
        assert raw.recv(1000).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("{}", 1008), ('{"type":"key","key":"A"}', 1008), ("x" * 65, 1008), (b"", 1008), (bytes(319), 1008),
        (bytes(1601), 1009), ("x" * 100_000, 1009), (bytes(2_000_000), 1009),
    ],
)  # fmt: skip
def test_hostile_input_ends_the_line_and_nothing_else(running, data, code):
    with line(running) as hostile:
        hostile.send(data)
        assert code_of(hostile) == code
    with line(running) as honest:
        assert "SEALINE" in wait_state(honest, lambda _: True)["display"][0]


def test_a_flood_ends_the_line(running):
    with line(running) as hostile:
        try:
            for _ in range(2000):
                hostile.send(HANG_UP)
        except ConnectionClosed:
            pass
        assert code_of(hostile) == 1008


def test_lift_keys_and_hang_up_reach_the_firmware(running):
    with line(running) as page:
        page.send(LIFT)
        wait_state(page, lambda said: said["lifted"] and "English" in said["display"][0])
        page.send('{"type":"key","key":"2"}')
        wait_state(page, lambda said: "Su numero" in said["display"][0])
        page.send(HANG_UP)
        wait_state(page, lambda said: not said["lifted"] and "SEALINE" in said["display"][0])


def test_a_newer_page_takes_the_phone(running):
    with line(running) as first, line(running) as second:
        assert code_of(first) == 4001
        assert wait_state(second, lambda _: True)
