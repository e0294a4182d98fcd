# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""Ed25519, X25519, sealed boxes and randomness through the module sodium."""

from binascii import unhexlify

import check
import sodium

# RFC 8032 section 7.1: seed, public key, message, signature
_RFC_8032 = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)

# RFC 7748 section 5.2: scalar, u, result
_RFC_7748 = (
    (
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    ),
    (
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
    ),
)

# RFC 7748 section 6.1: secret and public keys of two parties, their shared secret
_ALICE = unhexlify("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
_ALICE_PUBLIC = unhexlify("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
_BOB = unhexlify("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
_BOB_PUBLIC = unhexlify("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
_SHARED = unhexlify("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")

# Made by PyNaCl 1.6.2: crypto_box_seed_keypair(bytes(range(32))), crypto_box_seal(b"a share of a key", public key)
_BOX_PUBLIC = unhexlify("4701d08488451f545a409fb58ae3e58581ca40ac3f7f114698cd71deac73ca01")
_BOX_SECRET = unhexlify("3d94eea49c580aef816935762be049559d6d1440dede12e6a125f1841fff8e6f")
_BOX = unhexlify(
    "254fdb16f46e27eadb9b5b97ee011070405159eb895e1bc6b00b285587b6e944"
    "de04d3633b870441bc45dbfc8569411d3aca383cfaddea787e206eaa6ae6cc29"
)

# Points of small order on Curve25519: 0, 1, and one of order 8 (cr.yp.to/ecdh.html)
_SMALL_ORDER = (
    bytes(32),
    b"\x01" + bytes(31),
    unhexlify("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
)


def test_ed25519_of_rfc_8032() -> None:
    for seed, public, message, signature in _RFC_8032:
        pk, sk = sodium.sign_keypair(unhexlify(seed))
        check.equal(pk.hex(), public)
        check.equal(sk.hex(), seed + public)
        check.equal(sodium.sign(sk, unhexlify(message)).hex(), signature)
        check.equal(sodium.verify(pk, unhexlify(message), unhexlify(signature)), None)


def test_each_changed_byte_breaks_a_signature() -> None:
    pk, sk = sodium.sign_keypair(bytes(32))
    message = b"the record"
    signature = sodium.sign(sk, message)
    for at in range(64):
        broken = bytearray(signature)
        broken[at] ^= 1
        check.raises(sodium.Error, "signature", sodium.verify, pk, message, broken)
    check.raises(sodium.Error, "signature", sodium.verify, pk, b"The record", signature)
    check.raises(sodium.Error, "signature", sodium.verify, pk, b"", signature)
    check.raises(sodium.Error, "signature", sodium.verify, bytes(32), message, signature)
    # S + L is the same number modulo the group's order: a second signature, to be refused (RFC 8032 section 8.4)
    order = (1 << 252) + 27742317777372353535851937790883648493
    other = int.from_bytes(signature[32:], "little") + order
    check.raises(sodium.Error, "signature", sodium.verify, pk, message, signature[:32] + other.to_bytes(32, "little"))


def test_sign_lengths() -> None:
    pk, sk = sodium.sign_keypair(bytes(32))
    for length in (0, 31, 33, 64):
        check.raises(ValueError, "seed must be 32", sodium.sign_keypair, bytes(length))
    for length in (0, 32, 63, 65):
        check.raises(ValueError, "sk must be 64", sodium.sign, bytes(length), b"")
        check.raises(ValueError, "signature must be 64", sodium.verify, pk, b"", bytes(length))
    check.raises(ValueError, "pk must be 32", sodium.verify, sk, b"", bytes(64))
    check.raises(TypeError, "", sodium.sign, sk, None)


def test_x25519_of_rfc_7748() -> None:
    for scalar, point, result in _RFC_7748:
        check.equal(sodium.scalarmult(unhexlify(scalar), unhexlify(point)).hex(), result)
    check.equal(sodium.scalarmult_base(_ALICE), _ALICE_PUBLIC)
    check.equal(sodium.scalarmult_base(_BOB), _BOB_PUBLIC)
    check.equal(sodium.scalarmult(_ALICE, _BOB_PUBLIC), _SHARED)
    check.equal(sodium.scalarmult(bytearray(_BOB), memoryview(_ALICE_PUBLIC)), _SHARED)


def test_x25519_iterated_1000_times() -> None:
    # RFC 7748 section 5.2
    k = u = b"\x09" + bytes(31)
    for _ in range(1000):
        k, u = sodium.scalarmult(k, u), k
    check.equal(k.hex(), "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51")


def test_small_order_is_refused() -> None:
    for point in _SMALL_ORDER:
        check.raises(sodium.Error, "small order", sodium.scalarmult, _ALICE, point)
        check.raises(sodium.Error, "small order", sodium.seal, point, b"share")


def test_curve_lengths() -> None:
    for length in (0, 31, 33):
        check.raises(ValueError, "sk must be 32", sodium.scalarmult, bytes(length), _BOB_PUBLIC)
        check.raises(ValueError, "pk must be 32", sodium.scalarmult, _ALICE, bytes(length))
        check.raises(ValueError, "sk must be 32", sodium.scalarmult_base, bytes(length))
        check.raises(ValueError, "pk must be 32", sodium.seal, bytes(length), b"")
        check.raises(ValueError, "sk must be 32", sodium.seal_open, _BOX_PUBLIC, bytes(length), _BOX)


def test_box_of_another_library_opens() -> None:
    check.equal(sodium.seal_open(_BOX_PUBLIC, _BOX_SECRET, _BOX), b"a share of a key")


def test_sealed_boxes_open_and_differ() -> None:
    for length in (0, 1, 48, 1000):
        message = bytes(length)
        box = sodium.seal(_BOX_PUBLIC, message)
        check.equal(len(box), length + 48)
        check.equal(sodium.seal_open(_BOX_PUBLIC, _BOX_SECRET, box), message)
        if sodium.seal(_BOX_PUBLIC, message) == box:
            raise AssertionError("the ephemeral key was used twice")


def test_broken_boxes_do_not_open() -> None:
    for at in range(len(_BOX)):
        broken = bytearray(_BOX)
        broken[at] ^= 0x80 if at != 31 else 0x01  # the top bit of a point is ignored (RFC 7748 section 5)
        check.raises(sodium.Error, "", sodium.seal_open, _BOX_PUBLIC, _BOX_SECRET, broken)
    for length in (0, 1, 47):
        check.raises(sodium.Error, "short", sodium.seal_open, _BOX_PUBLIC, _BOX_SECRET, _BOX[:length])
    check.raises(sodium.Error, "", sodium.seal_open, _BOX_PUBLIC, _BOX_SECRET, _BOX[:48])
    check.raises(sodium.Error, "", sodium.seal_open, _BOX_PUBLIC, _ALICE, _BOX)


def test_secret_results_can_be_wiped() -> None:
    for secret in (
        sodium.sign_keypair(bytes(32))[1],
        sodium.scalarmult(_ALICE, _BOB_PUBLIC),
        sodium.seal_open(_BOX_PUBLIC, _BOX_SECRET, _BOX),
    ):
        check.equal(any(secret), True)
        sodium.memzero(secret)
        check.equal(any(secret), False)


def test_memzero_and_random_into_want_writable_memory() -> None:
    for function in (sodium.memzero, sodium.random_into):
        check.raises(TypeError, "", function, b"constant")
        check.equal(function(bytearray(0)), None)
    buffer = bytearray(40)
    sodium.random_into(memoryview(buffer)[4:36])
    check.equal((buffer[:4], buffer[36:]), (bytes(4), bytes(4)))
    check.equal(len(set(buffer)) > 10, True)


def test_random_is_bounded_and_differs() -> None:
    check.equal(sodium.random(0), b"")
    check.equal(len(sodium.random(4096)), 4096)
    check.equal(sodium.random(16) == sodium.random(16), False)
    for n in (-1, 4097, 1 << 30):
        check.raises(ValueError, "n must be 0 to 4096", sodium.random, n)
    check.raises(OverflowError, "", sodium.random, 1 << 80)


def test_equal() -> None:
    check.equal(sodium.equal(b"", b""), True)
    check.equal(sodium.equal(b"abc", bytearray(b"abc")), True)
    check.equal(sodium.equal(b"abc", b"abd"), False)
    check.equal(sodium.equal(b"abc", b"ab"), False)
    check.raises(TypeError, "", sodium.equal, b"abc", 3)


check.run(globals())
