"""A directory of 131072 entries (1 MiB) is installed and searched within the heap of the device."""

import gc

import authority
import sodium
from authority import DAY, DIRECTORY_KEY, NOW, Terminal
from call.directory import Directory
from check import equal, run
from nor import Nor
from wire.hashes import directory_entry

LISTED = "12025550100"
OTHER = "12025550199"


def test_full_directory_within_the_heap():
    """131072 entries, 1 MiB: what the owner's signer makes elsewhere is made here piece by piece."""
    unit = Terminal(Nor(1), path="terminal")
    unit.enrol()
    wanted = directory_entry(DIRECTORY_KEY, LISTED)
    place = int.from_bytes(wanted[:3], "big") >> 7  # 131072 entries over 2**64: one for each step of 2**47
    gc.collect()
    before = gc.mem_alloc()
    writer = begin(unit, place, wanted)
    most = 0
    for start in range(0, 131072, 512):
        writer.write(part(start, place, wanted))
        gc.collect()
        most = max(most, gc.mem_alloc() - before)
    writer.commit()
    unit.beacon({"directory": 1})
    directory = Directory(unit.bundles, unit.trust, unit.clock)
    gc.collect()
    resting = gc.mem_alloc() - before
    equal(directory.decide(LISTED)[0], "directory")
    equal(directory.decide(OTHER)[0], "none")
    print("directory of 131072 entries: live heap at most", most, "while installed,", resting, "at rest")
    equal(most < 16_000, True)  # live bytes of a 64-bit build: pointers twice as wide as the device's


def part(start, place, wanted):
    out = bytearray()
    for number in range(start, start + 512):
        out.extend(wanted if number == place else (number << 47).to_bytes(8, "big"))
    return bytes(out)


def begin(unit, place, wanted):
    state = sodium.Hash(32)
    for start in range(0, 131072, 512):
        state.update(part(start, place, wanted))
    fields = {
        "kind": "directory",
        "facility": authority.FACILITY,
        "version": 1,
        "issued": NOW,
        "expires": NOW + 30 * DAY,
        "length": 1 << 20,
        "hash": state.digest(),
        "directory": {
            "entries": 131072,
            "max_age_s": 259_200,
            "key_check": authority.directory_key_check(DIRECTORY_KEY),
        },
    }
    signed = authority.DIRECTORY.sign("bundle", authority.codec.encode("bundle-header", fields))
    return unit.bundles.begin(signed, authority.directory_key(1, unit.identity))


if __name__ == "__main__":
    run(globals())
