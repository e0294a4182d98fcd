"""A peer on real sockets of the loopback interface: SIP over UDP, TCP or TLS, and raw RTP in the test's hand."""

import asyncio
import contextlib
from dataclasses import dataclass, field

from sealine_gateway.sip import rtp, sdp
from sealine_gateway.sip.message import Framer, parse
from sealine_gateway.sip.rtp import Packet
from sealine_gateway.sip.settings import PeerConfig
from sealine_gateway.sip.trunk import SipTrunk
from sealine_gateway.trunk import Ended, Listener

from .conftest import Peer

HOST = "127.0.0.1"
FRAME = bytes(range(160))


class _Signalling(asyncio.DatagramProtocol):
    def __init__(self, live):
        self.live = live

    def connection_made(self, transport):
        self.live.udp = transport

    def datagram_received(self, data, addr):
        self.live.remote = addr
        self.live.take(data)


class _Sound(asyncio.DatagramProtocol):
    def __init__(self, live):
        self.live = live

    def connection_made(self, transport):
        self.live.sound = transport

    def datagram_received(self, data, addr):
        self.live.heard.append((data, addr))
        if self.live.echo:
            self.live.sound.sendto(data, addr)


class LivePeer:
    """A scripted UAS. `say` sends SIP, `play` sends RTP to where our INVITE asked for it."""

    def __init__(self):
        self.clock = asyncio.get_running_loop()
        self.heard = []
        self.reports = []
        self.echo = False
        self.deaf = False
        self.options_status = 200
        self.udp = None
        self.writer = None
        self.writers = []
        self.remote = None
        self.peer = None

    async def start(self, *script, transport="udp", context=None, body=None):
        loop = self.clock
        await loop.create_datagram_endpoint(lambda: _Sound(self), local_addr=(HOST, 0))
        media_port = self.sound.get_extra_info("sockname")[1]
        if transport == "udp":
            await loop.create_datagram_endpoint(lambda: _Signalling(self), local_addr=(HOST, 0))
            self.port = self.udp.get_extra_info("sockname")[1]
        else:
            self.server = await asyncio.start_server(self.serve, HOST, 0, ssl=context)
            self.port = self.server.sockets[0].getsockname()[1]
        body = sdp.build(HOST, media_port, version=(1, 1), crypto=None) if body is None else body
        self.peer = Peer(self, *(script or ((100, 180, 200),)), body=body)
        self.transport = transport
        return self

    async def serve(self, reader, writer):
        self.writer = writer
        self.writers.append(writer)
        framer = Framer()
        with contextlib.suppress(asyncio.CancelledError):
            while data := await reader.read(4096):
                for message in framer.feed(data):
                    self.take(message)

    def take(self, data):
        if self.deaf:
            return
        if data.startswith(b"OPTIONS"):
            self.say(self.peer.reply(parse(data), self.options_status))
            return
        self.peer.receive(data)

    def say(self, data):
        if self.udp is not None:
            self.udp.sendto(data, self.remote)
        else:
            self.writer.write(data)

    @property
    def offer(self):
        return sdp.parse(self.peer.requests("INVITE")[-1].body).audio

    def play(self, data):
        self.sound.sendto(data, (self.offer.address, self.offer.port))

    def voice(self, seq, payload=FRAME, *, ssrc=77, kind=0, timestamp=None):
        at = seq * 160 if timestamp is None else timestamp
        self.play(rtp.build(Packet(kind, False, seq & 0xFFFF, at, ssrc, payload)))

    def key(self, digit, seq, timestamp):
        for end in (0, 0, 0, 0x80, 0x80, 0x80):
            payload = bytes(("0123456789*#".index(digit), end | 10, 0, 160))
            self.voice(seq, payload, kind=101, timestamp=timestamp)
            seq += 1
        return seq

    def config(self, **changes):
        return PeerConfig(host=HOST, port=self.port, transport=self.transport, caller="facility", **changes)

    def close(self):
        self.sound.close()
        if self.udp is not None:
            self.udp.close()
        else:
            self.server.close()
            for writer in self.writers:
                writer.close()


@dataclass
class Ear:
    """The listener of a leg under test."""

    events: list = field(default_factory=list)
    frames: list = field(default_factory=list)

    def listener(self):
        return Listener(on_event=self.events.append, on_voice=self.frames.append)

    @property
    def names(self):
        return [event.reason if isinstance(event, Ended) else type(event).__name__ for event in self.events]


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the other side is a socket
            await asyncio.sleep(0.005)


async def make_trunk(directory, *configs):
    trunk = SipTrunk(configs, directory, bind=HOST, ports=(20_000, 29_999))
    await until(lambda: any(line.channel.connected for line in trunk.lines))
    return trunk
