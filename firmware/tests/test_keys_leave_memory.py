"""What a recording's birth leaves in the memory of the process once key and shares are wiped: nothing of them."""

import os
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
BINARY = HERE.parents[1] / "build/firmware/unix/micropython"
MASK = 0x5A  # the program tells its secrets masked, so that telling them makes no copies
KEPT = "kept"  # a copy left on purpose: the search must find that one

PROGRAM = """
import shamir, sodium, sys
from binascii import hexlify
from wire.hashes import key_commitment, share_hash
key, record = bytearray(32), bytes(16)
sodium.random_into(key)
shares = shamir.split(key, 2, 3)
for secret in [key] + [memoryview(share)[1:] for share in shares]:
    print(hexlify(bytes(byte ^ 0x5A for byte in secret)).decode())
key_commitment(record, key)
for share in shares:
    share_hash(record, share[0], memoryview(share)[1:])
kept = bytes(key) if sys.argv[1] == "kept" else None
for secret in [key] + shares:
    sodium.memzero(secret)
print("ready")
sys.stdin.readline()
"""


@pytest.mark.timeout(30)
@pytest.mark.parametrize("ending", ["wiped", KEPT])
def test_no_copy_of_key_or_share_is_left(tmp_path: Path, ending: str) -> None:
    program = tmp_path / "birth.py"
    program.write_text(PROGRAM)
    with subprocess.Popen(
        [str(BINARY), "-X", "heapsize=512k", str(program), ending],
        env={**os.environ, "MICROPYPATH": f".frozen:{HERE.parent / 'app'}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        secrets = [bytes(byte ^ MASK for byte in bytes.fromhex(process.stdout.readline().decode())) for _ in range(4)]
        assert process.stdout.readline() == b"ready\n"
        memory = readable_memory(process.pid)
        found = [sum(part.count(secret) for part in memory) for secret in secrets]
        process.communicate(b"\n")
    assert found == ([1, 0, 0, 0] if ending == KEPT else [0, 0, 0, 0])


def readable_memory(pid: int) -> list[bytes]:
    """All of a process's memory that can be read."""
    parts = []
    maps = Path(f"/proc/{pid}/maps").read_text()
    with Path(f"/proc/{pid}/mem").open("rb") as memory:
        for low, high in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) r(?!.*\[v)", maps, re.MULTILINE):
            memory.seek(int(low, 16))
            parts.append(memory.read(int(high, 16) - int(low, 16)))
    return parts
