"""Answers questions about the device's formats, one per line, so that a host test can ask thousands of them quickly.

    decode RULE HEX           ->  ok HEX (the value, written again)  |  error PATH: REASON
    cose CONTENT KEY HEX      ->  ok HEX (the payload)               |  error ...
    receipt KEY OBJECT HEX    ->  ok HEX (the time, 8 bytes)         |  error ...

Empty bytes are written as `-`.
"""

import sys
from binascii import hexlify, unhexlify

from wire import cose, receipt
from wire.codec import decode, encode
from wire.errors import WireError
from wire.hashes import key_id


def from_hex(word: str) -> bytes:
    return b"" if word == "-" else unhexlify(word)


def result(words: list[str]) -> bytes:
    verb, first, rest = words[0], words[1], [from_hex(word) for word in words[2:]]
    if verb == "decode":
        return encode(first, decode(first, rest[0]))
    if verb == "cose":
        return cose.verify(rest[1], first, rest[0])
    key = from_hex(first)
    return receipt.verify(rest[1], rest[0], key, key_id(key)).to_bytes(8, "big")


def answer(words: list[str]) -> str:
    try:
        return "ok " + hexlify(result(words)).decode()
    except WireError as error:
        return "error " + str(error)


while True:
    line = sys.stdin.readline()
    if not line:
        break
    print(answer(line.split()))
