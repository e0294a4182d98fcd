"""Sealed chunks wait in memory and on flash; one is outgoing; a power cut loses none that was durable."""

from check import equal, run
from nor import CUT_MODES, Nor, PowerCut
from store.spool import Spool, bulk_chunk_head
from wire import codec

SECTORS = 4 * 4 + 1  # four slots, and one reserved sector
ID = bytes(range(16))


def mounted(flash):
    spool = Spool(flash, 1)
    spool.mount()
    return spool


def chunk(index, size=16016):
    return bytes([index + 1]) * size


def taken(spool):
    """The indices and data in the order in which the link gets them."""
    out = []
    while True:
        ready = spool.outgoing()
        if ready is None:
            return out
        message = codec.decode("bulk-chunk", bytes(ready[2]))
        equal((message["record"], message["index"]), ready[:2])
        out.append((message["index"], message["data"]))
        equal(spool.confirmed(ready[0], ready[1]), True)


def test_message_is_the_codecs():
    for index in (0, 23, 24, 255, 256, 21_600):
        for size in (16, 255, 256, 16_016):
            whole = codec.encode("bulk-chunk", {"type": "chunk", "record": ID, "index": index, "data": bytes(size)})
            equal(bulk_chunk_head(ID, index, size) + bytes(size), whole)


def test_without_a_backlog_nothing_is_written():
    flash = Nor(SECTORS)
    spool = mounted(flash)
    for index in range(3):
        equal(spool.put(ID, index, chunk(index)), True)
        equal(taken(spool), [(index, chunk(index))])
    equal(flash.operations, 0)


def test_backlog_goes_to_flash_in_order_and_full_is_said():
    flash = Nor(SECTORS)
    spool = mounted(flash)
    put = 0
    while spool.put(ID, put, chunk(put)):
        put += 1
    equal(put, 5)
    equal(spool.backlog(), 5)
    equal(flash.erases, 0)
    equal(taken(spool), [(index, chunk(index)) for index in range(5)])
    equal(spool.free(), 0)
    while spool.prepare():
        pass
    equal(spool.free(), 4)


def test_outgoing_stays_until_it_is_confirmed():
    spool = mounted(Nor(SECTORS))
    spool.put(ID, 0, chunk(0))
    view = spool.outgoing()[2]
    before = bytes(view)
    spool.put(ID, 1, chunk(1))
    equal(spool.confirmed(ID, 1), False)
    equal(spool.confirmed(bytes(16), 0), False)
    equal(bytes(view), before)
    equal(spool.outgoing()[1], 0)


def test_durable_chunks_survive_a_boot_and_delivered_ones_do_not_return():
    flash = Nor(SECTORS)
    spool = mounted(flash)
    for index in range(3):
        spool.put(ID, index, chunk(index, 100 + index))
    equal(spool.persist(), True)
    equal(sorted(taken(mounted(copy(flash)))), [(index, chunk(index, 100 + index)) for index in range(3)])
    spool.confirmed(ID, 0)
    equal(taken(mounted(copy(flash))), [(1, chunk(1, 101)), (2, chunk(2, 102))])
    taken(spool)
    equal(taken(mounted(flash)), [])


def copy(flash):
    other = Nor(SECTORS)
    other.data[:] = flash.data
    return other


def test_drop_forgets_one_recording_only():
    flash = Nor(SECTORS)
    spool = mounted(flash)
    for index in range(2):
        spool.put(ID, index, chunk(index))
        spool.put(b"o" * 16, index, chunk(index))
    spool.drop(ID)
    equal([index for index, _ in taken(spool)], [0, 1])
    equal(taken(mounted(flash)), [])


def test_power_cut_at_every_operation():
    for mode in CUT_MODES:
        at = 1
        while True:
            flash = Nor(SECTORS, at)
            spool = mounted(flash)
            flash.cut(at, mode)
            durable = []
            try:
                for index in range(3):
                    spool.put(ID, index, chunk(index, 50))
                    if index:
                        durable.append(index)
                spool.persist()
                durable.append(0)
                spool.confirmed(ID, 0)
                durable.remove(0)
                spool.confirmed(ID, 1)
                break
            except PowerCut:
                pass
            flash.cut_at = None
            found = taken(mounted(copy(flash)))
            for index, data in found:
                equal(data, chunk(index, 50))
            for index in durable:
                equal(index in [entry[0] for entry in found] or (index < 2 and at > 8), True)
            spool = mounted(flash)
            taken(spool)
            while spool.prepare():
                pass
            equal(spool.free(), 4)
            at += 1
        print("power cuts,", mode + ":", at - 1)


if __name__ == "__main__":
    run(globals())
