"""The steps of the demo, in order. Each raises an error with a plain sentence when something does not hold."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rich.table import Table
from sealine_hil.facility import CUSTODIANS, Facility
from sealine_hil.phone import WallPhone
from sealine_protocol.unit import Unit
from sealine_provisioning import technician
from sealine_provisioning.authority import fresh_challenge

from sealine_tools import theft, verify, wiretap
from sealine_tools.demo import burglary, cast, listening, words
from sealine_tools.demo.calls import Call
from sealine_tools.demo.custody import Opening
from sealine_tools.demo.errors import DemoError
from sealine_tools.demo.evidence import Evidence
from sealine_tools.demo.ledger import SYNC_S, Ledger
from sealine_tools.demo.stage import Stage
from sealine_tools.wiretap import Wiretap

PHONES: Final = ("wing-a-1", "wing-b-1")
RULES_S: Final = 30.0


@dataclass
class Scenes:
    """What the steps share."""

    stage: Stage
    evidence: Evidence
    work: Path
    image: Path
    facility: Facility = field(init=False)
    ledger: Ledger = field(init=False)
    wiretap: Wiretap | None = None
    technician: Unit = field(init=False)
    technician_chain: list[bytes] = field(init=False)
    speech: dict[str, bytes] = field(default_factory=dict)
    record_ids: list[str] = field(default_factory=list)

    def play(self) -> None:
        """All steps."""
        self.prepare()
        self.start()
        self.enrol()
        self.rules()
        recorded = self.recorded_call()
        self.sync(recorded)
        self.custody(recorded)
        self.private_call()
        self.refused_call()
        self.thief()
        self.verify()

    def close(self) -> None:
        """End all that runs, and keep the logs."""
        if self.wiretap is not None:
            self.wiretap.close()
        if hasattr(self, "facility"):
            self.facility.close()
            self.evidence.logs(self.facility)

    # ---------------------------------------------------------------- before the first call

    def prepare(self) -> None:
        """Keys, rules and configuration of one facility."""
        with self.stage.step("prepare", "A facility is founded: everybody makes own keys, the root signs") as step:
            step.doing("root, central, gateway, three custodians, a requester, a technician")
            (self.work / "far").mkdir()
            self.facility = Facility(self.work / "facility", cast.plan(self.work / "far"))
            self.ledger = Ledger(self.facility)
            self._hire_technician()
            people = ", ".join(f"{class_} ({organisation})" for class_, organisation in CUSTODIANS)
            step.say(f"custodians, any two of whom can open a recording: {people}")
            step.say("privileged lines: one attorney; it is in the directory as a keyed hash, never as a number")
            step.facts = {"custodians": [class_ for class_, _ in CUSTODIANS], "k": 2}

    def start(self) -> None:
        """Broker, central, gateway; the thief's ear is on the wire before the first message."""
        with self.stage.step("start", "Broker, central and gateway start on this machine") as step:
            facility = self.facility
            step.doing("the broker")
            holder = facility.admit(wiretap.NAME, wiretap.ACCESS)
            facility.broker.start()
            self.wiretap = Wiretap(self.evidence.folder / "theft" / "mqtt", facility.mqtt_port, holder)
            step.doing("central and gateway")
            facility.central.start()
            facility.gateway.start()
            step.say("a wiretap writes down every MQTT message from the first one on")

    def enrol(self) -> None:
        """Two wall phones, powered on, enrolled, locked."""
        with self.stage.step("enrol", "Two wall phones boot the real firmware in QEMU and are enrolled") as step:
            for name in PHONES:
                step.doing(f"{name}: power on, keys are born inside, the root signs, the console is locked")
                phone = self.facility.phone(name, self.image)
                key_id = phone.credential.key_id.hex() if phone.credential else ""
                step.say(f"{name}: key {key_id[:16]}…, made in the phone and never outside of it; locked")
            step.facts = {"phones": list(PHONES)}

    def rules(self) -> None:
        """The signed bundles arrive over MQTT and the link."""
        with self.stage.step("rules", "The signed rules arrive: trust, privilege directory, policy, tariff") as step:
            wanted = ",".join(f"{kind}:{version}" for kind, version in sorted(self.facility.versions.items()))
            for phone in self.facility.phones:
                step.doing(f"{phone.name} fetches and verifies")
                self._wait_status(phone, {"bundles": wanted, "service": "idle"}, RULES_S)
                step.screen(phone.name, phone.board.display(), "white")
            step.say(f"both phones verified and installed: {wanted.replace(':', ' version ').replace(',', ', ')}")
            step.facts = {"versions": dict(self.facility.versions)}

    # ---------------------------------------------------------------- the recorded call

    def recorded_call(self) -> str:
        """Human speech both ways over an ordinary line; returns the record id."""
        title = "A call to an ordinary line: both talk, and the phone seals each second of it"
        with self.stage.step("call", title) as step:
            near, far = cast.spoken(cast.NEAR_CLIPS), cast.spoken(cast.FAR_CLIPS)
            call = Call(step, self.facility.phones[0], cast.MARISOL, cast.SISTER)
            call.place()
            call.talk(near, len(far) / 16_000, self.facility.directory / "central" / "recordings")
            call.hang_up()
            call.expect_status("RECORDED")
            signed = self.ledger.wait_record(self.facility.phones[0], 0)
            record = words.read(signed)
            recording = record["recording"]
            if recording is None or recording["state"] != "complete":
                raise DemoError("the call was not recorded whole")
            self._keep_speech(record, near, far)
            step.facts = {
                "record": record["id"].hex(),
                "talk_ms": record["talk_ms"],
                "chunks": recording["chunks"],
                "bytes": recording["bytes"],
            }
            step.say(f"{recording['chunks']} sealed seconds, {recording['bytes']} bytes; no key left the handset whole")
            return str(record["id"].hex())

    def sync(self, record_id: str) -> None:
        """The record at central, and its receipt back at the phone."""
        title = "The signed record travels to central over MQTT, and a receipt comes back"
        with self.stage.step("sync", title) as step:
            phone = self.facility.phones[0]
            signed = self.ledger.wait_record(phone, 0)
            step.show(words.table(words.read(signed), len(signed)))
            proof = self.ledger.receipt(signed, self.work / "export")
            step.say(f"central: signature, credential and chain hold; leaf {proof.index} of a log of {proof.size}")
            step.doing("the phone verifies the receipt against the bytes in its own journal, and only then lets go")
            status = self._wait_status(phone, {"waiting": "0", "chunks": "0"}, SYNC_S)
            if (status["quarantined"], status["refused_answers"]) != ("0", "0"):
                raise DemoError("the phone refused an answer of central's")
            step.say("phone (asked by a technician's signed command): receipt verified, journal empty")
            self.ledger.wait_stored(record_id)
            step.facts = {"record": record_id, "leaf": proof.index, "log_size": proof.size, "waiting": 0}

    def custody(self, record_id: str) -> None:
        """One custodian is not enough; two are. The opened audio is compared with the spoken."""
        with self.stage.step("open", f"Custody: case {cast.CASE} asks for this one recording") as step:
            opening = Opening(self.facility, record_id, self.work / "case")
            step.doing("the requester signs, central logs the request")
            opening.prepare()
            step.say("request signed by the prosecutor, and a leaf of the log")
            first, second = CUSTODIANS[1][0], CUSTODIANS[2][0]
            step.doing(f"the {first} grants")
            opening.grant(first)
            step.say(f"one custodian ({first}) granted; opening refused: [bold]{opening.refused()}[/]")
            step.doing(f"the {second} grants too")
            opening.grant(second)
            opening.open()
            self.evidence.opened(record_id, opening.folder)
            step.say(f"two custodians ({first}, {second}) granted: [bold]opened/{record_id[:8]}….wav[/], both legs")
            step.say("both grants and the opening are signed, and leaves of the log")
            step.doing("PESQ of opened against spoken")
            spoken = self.evidence.folder / "spoken"
            scores = listening.compare(
                step, spoken, record_id, opening.folder / "opened.wav", phone=self.facility.phones[0]
            )
            step.facts = {"record": record_id, "pesq": scores}

    # ---------------------------------------------------------------- what is never recorded

    def private_call(self) -> None:
        """A call to a number in the directory: no key, no chunk, no reader."""
        title = "A call to an attorney: the second phone finds the number in the signed directory"
        with self.stage.step("private", title) as step:
            phone = self.facility.phones[1]
            near, far = cast.spoken(cast.PRIVATE_NEAR_CLIPS), cast.spoken(cast.PRIVATE_FAR_CLIPS)
            before = self.ledger.sealed_files()
            call = Call(step, phone, cast.MARISOL, cast.ATTORNEY)
            call.place()
            call.talk(near, len(far) / 16_000, self.facility.directory / "central" / "recordings")
            call.hang_up()
            call.expect_status("PRIVATE")
            signed = self.ledger.wait_record(phone, 0)
            record = words.read(signed)
            self._expect_closed(record, "directory", before)
            if any(envelope["kind"] == "share" for envelope in record["envelopes"]):
                raise DemoError("the record of a privileged call has shares of a key")
            self._keep_speech(record, near, far)
            step.show(words.table(record, len(signed)))
            step.say("no key was made, no second was sealed, nobody can ever open it: there is nothing to open")
            self._wait_status(phone, {"waiting": "0"}, SYNC_S)
            step.facts = {"record": record["id"].hex(), "readers": 0, "chunks": 0}

    def refused_call(self) -> None:
        """A Spanish speaker's call that is refused: the key dies unused."""
        title = "A call in Spanish: the called party hears the notice, and refuses"
        with self.stage.step("refused", title) as step:
            phone = self.facility.phones[1]
            before = self.ledger.sealed_files()
            call = Call(step, phone, cast.TOMAS, cast.COUSIN)
            call.place()
            call.wait_end()
            call.expect_status("GRABADA")
            signed = self.ledger.wait_record(phone, 1)
            record = words.read(signed)
            if record["end_reason"] != "refused" or record["charge"]["amount"] != 0:
                raise DemoError(f"the record says {record['end_reason']}, charge {record['charge']['amount']}")
            self._expect_closed(record, "none", before)
            step.show(words.table(record, len(signed)))
            step.say("not accepted: nothing was sealed, nothing charged, the key was wiped unused")
            self._wait_status(phone, {"waiting": "0"}, SYNC_S)
            step.facts = {"record": record["id"].hex(), "end_reason": "refused", "chunks": 0}

    # ---------------------------------------------------------------- afterwards

    def thief(self) -> None:
        """Everything that gateway, broker and central have on disk, searched by somebody who knows the secrets."""
        title = "A thief copies the disks of gateway, broker and central, and has all MQTT traffic"
        with self.stage.step("theft", title) as step:
            step.doing("copying")
            stolen = self.evidence.steal(self.facility)
            burglary.expect_whole(stolen)
            step.doing("searching")
            secrets = cast.secrets()
            loot = theft.search(stolen, secrets, self.speech)
            self.stage.facts["secrets"] = secrets
            step.say(
                f"searched {loot.files} files, {loot.size / 1e6:.1f} MB, for {len(secrets)} names, numbers and PINs in "
                f"{loot.needles} forms, and for {loot.audio_pieces:,} pieces of the spoken audio, 1 ms each"
            )
            if loot.finds:
                raise DemoError("; ".join(map(str, loot.finds[:5])))
            step.doing("the same search where there is something to find")
            script, spoken = self.facility.directory / "parties.toml", self.evidence.folder / "spoken"
            control = burglary.control(self.work / "control", script, spoken, secrets, self.speech)
            step.say(f"[bold green]found: nothing[/]; {control}")
            step.facts = {"files": loot.files, "bytes": loot.size, "mqtt": self.wiretap.count if self.wiretap else 0}
            step.facts |= {"needles": loot.needles, "audio_pieces": loot.audio_pieces, "finds": 0}

    def verify(self) -> None:
        """The one-file verifier over the evidence."""
        with self.stage.step("verify", "An independent verifier, one file, checks all of it offline") as step:
            step.doing("collecting the evidence")
            self.evidence.collect(self.facility, self.work / "auditor")
            step.doing("from the root key to the last chunk")
            root = (self.evidence.folder / "trust" / "root.pub").read_bytes()
            report = verify.verify(self.evidence.folder, root)
            rows = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
            for what, subject, text, holds in report.lines:
                if what in {"chain", "opening", "opened WAV"} or not holds:
                    rows.add_row("[green]ok[/]" if holds else "[red]FAIL[/]", what, subject, text)
            step.show(rows)
            if report.failures:
                raise DemoError(f"{report.failures} of {len(report.lines)} checks do not hold")
            step.say(f"all {len(report.lines)} checks hold; again with: sealine verify {self.evidence.folder}")
            step.facts = {"checks": len(report.lines), "failures": 0}

    # ---------------------------------------------------------------- helpers

    def _hire_technician(self) -> None:
        self.technician = Unit.create(self.work / "technician", "technician", b"technician's laptop")
        challenge = fresh_challenge()
        self.technician_chain = [
            self.facility.authority.issue(
                self.technician.request(challenge), subject="technician", role="technician", challenge=challenge
            )
        ]

    def _wait_status(self, phone: WallPhone, wanted: Mapping[str, str], timeout_s: float) -> dict[str, str]:
        """Ask the locked phone, by signed commands, until it says so."""
        if phone.credential is None:
            raise DemoError(f"{phone.name} is not enrolled")
        end = time.monotonic() + timeout_s
        while True:
            said = technician.status(phone.console(), self.technician, self.technician_chain, phone.credential.key_id)
            wrong = {name: said.get(name) for name, value in wanted.items() if said.get(name) != value}
            if not wrong:
                return said
            if time.monotonic() > end:
                raise DemoError(f"{phone.name} still says {wrong} after {timeout_s:g} s")
            time.sleep(0.3)

    def _expect_closed(self, record: dict[str, Any], privilege: str, before: set[Path]) -> None:
        """Nothing was recorded in this call. Raises DemoError."""
        if record["privileged"] != privilege or record["recording"] is not None:
            raise DemoError(f"the record says {record['privileged']}, and names a recording or readers")
        if any(record["id"].hex() in str(path) for path in self.ledger.sealed_files() - before):
            raise DemoError("there are chunks of a call that must have none")

    def _keep_speech(self, record: dict[str, Any], near: bytes, far: bytes) -> None:
        record_id = record["id"].hex()
        self.evidence.spoken(record_id, near, far)
        self.speech |= {f"{record_id[:8]} near": near, f"{record_id[:8]} far": far}


def copy_image(image: Path, work: Path) -> Path:
    """The firmware as it is now: a build meanwhile changes nothing. Raises DemoError."""
    if not image.exists():
        raise DemoError(f"no firmware image at {image}: run 'make firmware'")
    return Path(shutil.copyfile(image, work / "firmware.elf"))
