# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""ChaCha20-Poly1305 and XChaCha20-Poly1305 through the module sodium."""

from binascii import unhexlify

import check
import sodium

_KEY = bytes(range(0x80, 0xA0))
_AD = unhexlify("50515253c0c1c2c3c4c5c6c7")
_TEXT = (
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    b"sunscreen would be it."
)

# RFC 8439 section 2.8.2
_NONCE = unhexlify("070000004041424344454647")
_CIPHERTEXT = unhexlify(
    "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
    "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
    "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"
)

# draft-irtf-cfrg-xchacha-03 appendix A.3.1
_XNONCE = bytes(range(0x40, 0x58))
_XCIPHERTEXT = unhexlify(
    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
    "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
    "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49"
)

# encrypt, encrypt_into, decrypt, decrypt_into, nonce, ciphertext of the vector
_ALGORITHMS = (
    (
        sodium.aead_encrypt,
        sodium.aead_encrypt_into,
        sodium.aead_decrypt,
        sodium.aead_decrypt_into,
        _NONCE,
        _CIPHERTEXT,
    ),
    (
        sodium.xaead_encrypt,
        sodium.xaead_encrypt_into,
        sodium.xaead_decrypt,
        sodium.xaead_decrypt_into,
        _XNONCE,
        _XCIPHERTEXT,
    ),
)


def test_published_vectors() -> None:
    for encrypt, encrypt_into, decrypt, decrypt_into, nonce, ciphertext in _ALGORITHMS:
        check.equal(encrypt(_KEY, nonce, _AD, _TEXT), ciphertext)
        check.equal(decrypt(_KEY, nonce, _AD, ciphertext), _TEXT)
        out = bytearray(200)
        check.equal(encrypt_into(out, bytearray(_KEY), nonce, memoryview(_AD), _TEXT), len(ciphertext))
        check.equal(out[: len(ciphertext)], ciphertext)
        check.equal(out[len(ciphertext) :], bytes(200 - len(ciphertext)))
        out = bytearray(len(_TEXT))
        check.equal(decrypt_into(out, bytearray(_KEY), nonce, _AD, ciphertext), len(_TEXT))
        check.equal(out, _TEXT)


def test_in_place() -> None:
    for _, encrypt_into, _, decrypt_into, nonce, ciphertext in _ALGORITHMS:
        memory = bytearray(4 + len(ciphertext))
        text = memoryview(memory)[4 : 4 + len(_TEXT)]
        whole = memoryview(memory)[4:]
        text[:] = _TEXT
        check.equal(encrypt_into(whole, _KEY, nonce, _AD, text), len(ciphertext))
        check.equal(memory, bytes(4) + ciphertext)
        check.equal(decrypt_into(text, _KEY, nonce, _AD, whole), len(_TEXT))
        check.equal(bytes(text), _TEXT)


def test_empty_text_and_empty_data() -> None:
    for encrypt, encrypt_into, decrypt, decrypt_into, nonce, _ in _ALGORITHMS:
        tag = encrypt(_KEY, nonce, b"", b"")
        check.equal(len(tag), 16)
        check.equal(decrypt(_KEY, nonce, b"", tag), b"")
        check.equal(decrypt_into(bytearray(0), _KEY, nonce, b"", tag), 0)
        out = bytearray(16)
        check.equal(encrypt_into(out, _KEY, nonce, b"", b""), 16)
        check.equal(out, tag)
        check.raises(sodium.Error, "verify", decrypt, _KEY, nonce, b"x", tag)


def test_each_changed_byte_is_refused() -> None:
    for _, _, decrypt, decrypt_into, nonce, ciphertext in _ALGORITHMS:
        for what in range(4):
            parts = [_KEY, nonce, _AD, ciphertext]
            for at in range(len(parts[what])):
                broken = bytearray(parts[what])
                broken[at] ^= 1
                parts_with_it = parts[:what] + [broken] + parts[what + 1 :]
                check.raises(sodium.Error, "verify", decrypt, *parts_with_it)
        broken = bytearray(ciphertext)
        broken[-1] ^= 1
        out = bytearray(b"\xaa" * len(_TEXT))
        check.raises(sodium.Error, "verify", decrypt_into, out, _KEY, nonce, _AD, broken)
        check.equal(out, bytes(len(_TEXT)))  # no unverified text, and nothing that looks like one


def test_short_ciphertexts_are_refused() -> None:
    for _, _, decrypt, decrypt_into, nonce, ciphertext in _ALGORITHMS:
        for length in (0, 1, 15):
            check.raises(sodium.Error, "short", decrypt, _KEY, nonce, _AD, ciphertext[:length])
            check.raises(sodium.Error, "short", decrypt_into, bytearray(9), _KEY, nonce, _AD, ciphertext[:length])
        check.raises(sodium.Error, "verify", decrypt, _KEY, nonce, _AD, ciphertext[:16])
        check.raises(sodium.Error, "verify", decrypt, _KEY, nonce, _AD, ciphertext[:-1])


def test_wrong_lengths_are_named() -> None:
    for encrypt, encrypt_into, decrypt, decrypt_into, nonce, ciphertext in _ALGORITHMS:
        for wrong in (b"", _KEY[:31], _KEY + b"x"):
            check.raises(ValueError, "key must be 32", encrypt, wrong, nonce, _AD, _TEXT)
            check.raises(ValueError, "key must be 32", decrypt, wrong, nonce, _AD, ciphertext)
        for wrong in (b"", nonce[1:], nonce + b"x"):
            check.raises(ValueError, "nonce must be", encrypt, _KEY, wrong, _AD, _TEXT)
            check.raises(ValueError, "nonce must be", decrypt_into, bytearray(99), _KEY, wrong, _AD, ciphertext)
        out = bytearray(len(ciphertext) - 1)
        check.raises(ValueError, "out is too short", encrypt_into, out, _KEY, nonce, _AD, _TEXT)
        out = bytearray(len(_TEXT) - 1)
        check.raises(ValueError, "out is too short", decrypt_into, out, _KEY, nonce, _AD, ciphertext)
        check.equal(any(out), False)
        check.raises(TypeError, "", encrypt_into, bytes(200), _KEY, nonce, _AD, _TEXT)
        check.raises(TypeError, "", encrypt, _KEY, nonce, None, _TEXT)
        check.raises(TypeError, "", encrypt, _KEY, nonce, _AD)


def test_overlap_is_refused() -> None:
    for _, encrypt_into, _, decrypt_into, nonce, _ in _ALGORITHMS:
        memory = bytearray(300)
        view = memoryview(memory)
        size = len(_TEXT)
        for shift in (1, 16, size - 1):
            arguments = (_KEY, nonce, _AD, view[shift : shift + size])
            check.raises(ValueError, "overlap", encrypt_into, view, *arguments)
            arguments = (_KEY, nonce, _AD, view[:size])
            check.raises(ValueError, "overlap", encrypt_into, view[shift:], *arguments)
        check.raises(ValueError, "overlap", encrypt_into, view, view[:32], nonce, _AD, _TEXT)
        check.raises(ValueError, "overlap", encrypt_into, view, _KEY, view[8 : 8 + len(nonce)], _AD, _TEXT)
        check.raises(ValueError, "overlap", encrypt_into, view, _KEY, nonce, view[:5], _TEXT)
        check.equal(memory, bytes(300))
        # a header before the text in the same memory is the normal case of a frame
        view[:5] = b"frame"
        check.equal(encrypt_into(view[5:], _KEY, nonce, view[:5], _TEXT), size + 16)
        check.equal(decrypt_into(view[5:], _KEY, nonce, view[:5], view[5 : 5 + size + 16]), size)
        check.equal(bytes(view[5 : 5 + size]), _TEXT)


def test_long_texts() -> None:
    for encrypt, _, decrypt, _, nonce, _ in _ALGORITHMS:
        for length in (63, 64, 65, 16016):
            text = bytes(length)
            box = encrypt(_KEY, nonce, _AD, text)
            check.equal(len(box), length + 16)
            check.equal(decrypt(_KEY, nonce, _AD, box), text)


check.run(globals())
