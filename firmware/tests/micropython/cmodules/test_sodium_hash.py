# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""BLAKE2b and SHA-256 through the module sodium."""

import check
import sodium

_SHA256_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def _sequence(length: int, seed: int) -> bytearray:
    # RFC 7693 appendix E: a Fibonacci generator
    out = bytearray(length)
    a = 0xDEAD4BAD * seed & 0xFFFFFFFF
    b = 1
    for i in range(length):
        a, b = b, (a + b) & 0xFFFFFFFF
        out[i] = b >> 24
    return out


def test_blake2b_self_test_of_rfc_7693() -> None:
    whole = sodium.Hash(32)
    for size in (20, 32, 48, 64):
        for length in (0, 3, 128, 129, 255, 1024):
            data = _sequence(length, length)
            whole.update(sodium.hash(data, size))
            whole.update(sodium.hash(data, size, _sequence(size, size)))
    check.equal(whole.digest().hex(), "c23a7800d98123bd10f506c61e29da5603d763b8bbad2e737f5e765a7bccd475")


def test_blake2b_abc_of_rfc_7693() -> None:
    check.equal(
        sodium.hash(b"abc", size=64).hex(),
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
    )


def test_blake2b_keyed_kat() -> None:
    # first entry of the keyed known-answer tests of the BLAKE2 authors
    check.equal(
        sodium.hash(b"", size=64, key=bytes(range(64))).hex(),
        "10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786"
        "b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568",
    )


def test_blake2b_sizes() -> None:
    for size in (1, 8, 16, 32, 64):
        check.equal(len(sodium.hash(b"x", size)), size)
        check.equal(len(sodium.Hash(size=size).digest()), size)
    for size in (0, 65, -1, 1 << 20):
        check.raises(ValueError, "size", sodium.hash, b"x", size)
        check.raises(ValueError, "size", sodium.Hash, size)
    check.raises(ValueError, "key", sodium.hash, b"x", key=bytes(65))
    check.raises(ValueError, "key", sodium.Hash, key=bytes(65))
    check.raises(TypeError, "", sodium.hash, b"x", size="32")
    check.raises(TypeError, "", sodium.hash, "x".encode)


def test_pieces_equal_the_whole() -> None:
    data = _sequence(700, 3)
    for key in (b"", b"key"):
        for piece in (1, 63, 64, 127, 128, 129, 700):
            state = sodium.Hash(key=key)
            other = sodium.Sha256()
            for at in range(0, len(data), piece):
                state.update(memoryview(data)[at : at + piece])
                other.update(memoryview(data)[at : at + piece])
            check.equal(state.digest(), sodium.hash(data, key=key))
            check.equal(other.digest(), sodium.sha256(data))


def test_digest_leaves_the_state_alone() -> None:
    for make, whole in ((sodium.Hash, sodium.hash), (sodium.Sha256, sodium.sha256)):
        state = make()
        check.equal(state.digest(), whole(b""))
        state.update(b"one")
        check.equal(state.digest(), state.digest())
        copy = state.copy()
        state.update(b"two")
        check.equal(state.digest(), whole(b"onetwo"))
        check.equal(copy.digest(), whole(b"one"))
        copy.update(b"three")
        check.equal(copy.digest(), whole(b"onethree"))


def test_sha256_of_fips_180() -> None:
    check.equal(sodium.sha256(b"abc").hex(), _SHA256_ABC)
    check.equal(
        sodium.sha256(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    )
    check.equal(sodium.sha256(bytearray(b"abc")).hex(), _SHA256_ABC)


def test_types_are_checked() -> None:
    check.raises(TypeError, "", sodium.sha256, 5)
    check.raises(TypeError, "", sodium.Sha256, b"data")
    check.raises(TypeError, "", sodium.Hash().update, None)


check.run(globals())
