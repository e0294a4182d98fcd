# The terminal's end of a link over TCP, for tests with the host's end: `peer.py PORT FACILITY STATIC_HEX GATEWAY_HEX`.
# Answers each control message with its echo, each bulk message with its echo in three parts and
# each voice frame with the next sequence. Prints one line per event; ends when the link is down.
import asyncio
import sys
from time import ticks_ms

from wire.channel import LinkFullError, PeerError
from wire.link import Link
from wire.link_stream import LinkStream

PORT, FACILITY, STATIC, GATEWAY = sys.argv[1:]


def check_peer(hello: bytes, static: bytes) -> object:
    if hello != b"gateway" * 400 or static != bytes.fromhex(GATEWAY):
        raise PeerError("not who it must be", "link")
    return hello


async def main() -> None:
    reader, _ = await asyncio.open_connection("127.0.0.1", int(PORT))
    stream = None
    echoed = bytearray(160)

    def on_voice(sequence: int, frame: memoryview) -> None:
        echoed[:] = frame
        stream.send_voice(sequence + 1, echoed)

    link = Link(FACILITY, bytearray(bytes.fromhex(STATIC)), b"terminal" * 400, check_peer, ticks_ms(), on_voice)
    stream = LinkStream(link, reader)
    pump = asyncio.create_task(stream.run())
    while True:
        event = await stream.next_event()
        print(event[0], event[1] if event[0] in ("down", "bulk-sent") else len(event[1]))
        if event[0] == "control":
            stream.send_control(event[1])
        elif event[0] == "bulk":
            message = event[1]
            third = len(message) // 3
            parts = message[:third], memoryview(message)[third : 2 * third], bytearray(message[2 * third :])
            while True:
                try:
                    stream.send_bulk(*parts)
                    break
                except LinkFullError:
                    await asyncio.sleep_ms(10)
        elif event[0] == "down":
            break
    print("ran", await pump, link.counters())


asyncio.run(main())
