"""Known answers of the primitives, and what this protocol derives with them."""

from __future__ import annotations

from typing import Any

from keys import seed
from sealine_protocol import hashes, recording, shamir


def crypto() -> dict[str, Any]:
    """Published answers: RFC 8032 section 7.1 (tests 1 to 3), RFC 7748 section 5.2."""
    return {
        "ed25519": [
            {
                "seed": "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "public": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                "message": "",
                "signature": "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            },
            {
                "seed": "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "public": "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                "message": "72",
                "signature": "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            },
            {
                "seed": "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                "public": "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
                "message": "af82",
                "signature": "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
            },
        ],
        "x25519": [
            {
                "scalar": "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                "u": "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                "result": "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
            },
            {
                "scalar": "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                "u": "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
                "result": "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
            },
            {
                "scalar": "0900000000000000000000000000000000000000000000000000000000000000",
                "u": "0900000000000000000000000000000000000000000000000000000000000000",
                "result": "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
            },
        ],
        "x25519_low_order": ["00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f"],
    }


def derived() -> dict[str, Any]:
    """Tokens, commitments, share hashes, shares and sealed chunks."""
    record, key = seed("record id")[:16], seed("content key")
    facility_key, terminal, directory_key = seed("token key"), seed("terminal id")[:16], seed("directory key")
    token_key = hashes.terminal_token_key(facility_key, terminal)
    coefficients = [key, seed("coefficient 1"), seed("coefficient 2")]
    shares = [bytes([x]) + shamir._evaluate(coefficients, x) for x in range(1, 6)]  # noqa: SLF001 - fixed coefficients
    chunks = [_chunk(key, record, 0, 16000, final=False), _chunk(key, record, 1, 16000, final=False)]
    chunks += [_chunk(key, record, 2, 320, final=True), _chunk(key, record, 3, 0, final=True)]
    return {
        "record": record.hex(),
        "content_key": key.hex(),
        "key_id": {"public": seed("any").hex(), "id": hashes.key_id(seed("any")).hex()},
        "token_key": {"facility": facility_key.hex(), "terminal": terminal.hex(), "key": token_key.hex()},
        "person": {"person": "40217", "token": hashes.person_token(token_key, "40217").hex()},
        "number": {"number": "15555550100", "token": hashes.number_token(token_key, "15555550100").hex()},
        "directory": {
            "key": directory_key.hex(),
            "number": "15555550100",
            "entry": hashes.directory_entry(directory_key, "15555550100").hex(),
            "key_check": hashes.directory_key_check(directory_key).hex(),
        },
        "key_commitment": hashes.key_commitment(record, key).hex(),
        "shares": {
            "k": 3,
            "shares": [share.hex() for share in shares],
            "hashes": [hashes.share_hash(record, share[0], share[1:]).hex() for share in shares],
        },
        "chunks": chunks,
        "digest": recording.digest([bytes.fromhex(chunk["hash"]) for chunk in chunks]).hex(),
    }


def _chunk(key: bytes, record: bytes, index: int, size: int, *, final: bool) -> dict[str, Any]:
    """A chunk of `size` bytes; the plaintext's byte i is i * 7 + index, so that the file need not hold it."""
    plain = bytes((i * 7 + index) & 0xFF for i in range(size))
    sealed = recording.seal_chunk(key, record, index, plain, final=final)
    vector = {"index": index, "final": final, "size": size, "hash": recording.chunk_hash(sealed).hex()}
    return vector | ({"sealed": sealed.hex()} if size <= 320 else {"head": sealed[:32].hex()})
