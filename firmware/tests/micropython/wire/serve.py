"""Answers questions about the device's codec, one per line, so that a host test can ask thousands of them quickly.

decode RULE HEX     ->  ok HEX (the value, written again)  |  error PATH: REASON
"""

import sys
from binascii import hexlify, unhexlify

from wire.codec import decode, encode
from wire.errors import WireError


def answer(words: list[str]) -> str:
    rule = words[1]
    data = unhexlify(words[2]) if len(words) > 2 else b""
    try:
        return "ok " + hexlify(encode(rule, decode(rule, data))).decode()
    except WireError as error:
        return "error " + str(error)


while True:
    line = sys.stdin.readline()
    if not line:
        break
    print(answer(line.split()))
