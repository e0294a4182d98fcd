"""Make one recorded call with the real journal, recorder and spool; leave in the working folder what leaves a terminal.

`plain` is what was spoken, for the comparison. Read by firmware/tests/test_recording_on_host.py.
"""

import authority
import littlefs
import sodium
from authority import CUSTODIANS, Terminal
from call import record
from call.directory import Directory
from call.envelope import Envelopes
from call.recorder import Recorder
from nor import Nor
from store.journal import Journal
from store.spool import Spool
from wire import codec

SECONDS_AND_A_HALF = 725  # frames
ID = bytes(range(16))
NUMBER = "12025550123"


def keep(name, data):
    with open(name, "wb") as file:
        file.write(data)


littlefs.start()
unit = Terminal(Nor(1))
unit.enrol()
unit.install_directory(1, ["12025550100"])
unit.beacon({"directory": 1})
spool = Spool(Nor(4 * 4 + 1), 1)
spool.mount()
journal = Journal(Nor(64), unit.identity)
journal.mount()
recorder = Recorder(spool)
privilege = Directory(unit.bundles, unit.trust, unit.clock).decide(NUMBER)
envelopes = Envelopes(ID)
envelopes.person("1017", unit.trust.billing_key())
envelopes.number(NUMBER, unit.trust.billing_key())
born = recorder.prepare(ID, unit.identity.key_id, unit.trust, envelopes)
drafted = record.draft(
    record_id=ID,
    place=journal.next(),
    identity=unit.identity,
    clock=unit.clock,
    firmware={"version": "test", "hash": bytes(32)},
    person_token=bytes(16),
    number_token=bytes(16),
    envelopes=envelopes.refs,
    privilege=privilege,
    policy=None,
    trust=unit.trust.ref,
    tariff=None,
    recording=born,
    started=unit.clock.now_ms(),
)
journal.open_record({"record": drafted, "envelopes": envelopes.sealed})
unit.ticks.ms += 2000
accepted_at = unit.clock.now_ms()
journal.accepted(ID, accepted_at, accepted_at - 500)
recorder.start(unit.ticks.ms)

near, far = bytearray(), bytearray()


def frame(buf, place, frames_per_leg):
    if len(near) >= SECONDS_AND_A_HALF * 160:
        return False
    for leg, at in ((near, place), (far, frames_per_leg + place)):
        heard = sodium.random(160)
        leg.extend(heard)
        buf[at * 160 : at * 160 + 160] = heard
    return True


def deliver():
    while spool.outgoing() is not None:
        record_id, index, message = spool.outgoing()
        keep("chunk-%d" % index, codec.decode("bulk-chunk", bytes(message))["data"])
        spool.confirmed(record_id, index)
        recorder.confirmed(record_id, index, unit.ticks.ms)


while recorder.pump(frame, unit.ticks.ms):
    unit.ticks.ms += 1000
    deliver()
    point = recorder.checkpoint(unit.clock.now_ms())
    if point is not None:
        signed = unit.identity.sign("checkpoint", point)
        journal.checkpoint(ID, signed)
        keep("checkpoint.cose", signed)
final = record.finish(
    drafted,
    end_reason="caller-hangup",
    ended=unit.clock.now_ms(),
    answered=accepted_at - 500,
    accepted_at=accepted_at,
    talk_ms=14_500,
    notice=[],
    recording=recorder.finish(unit.ticks.ms),
)
keep("record.cose", journal.close_record(codec.encode("record", final)))
deliver()
keep("terminal.pub", unit.identity.public_key)
keep("credential.cose", unit.identity.chain[0])
keep("root.pub", authority.ROOT.public)
for place, sealed in enumerate(envelopes.sealed):
    keep("envelope-%d" % place, sealed)
for place, key in enumerate(CUSTODIANS):
    keep("custodian-%d.key" % place, key.link_secret)
keep("billing.key", authority.BILLING.link_secret)
keep("plain", near + far)
print("1 passed, 0 failed")
