# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""The people and the telephone network that the tests share: one party of each kind, one lawyer."""

from pathlib import Path
from typing import Any, Final

from sealine_hil import speech
from sealine_hil.facility import POLICY, Party, Person, Plan

PIN: Final = "135790"
PEOPLE: Final = ("4711", "4712", "4713", "4714")
PLAYED: Final = "morig"  # the speech clip that every talking party plays
ANSWERS: Final = "12125550142"  # for 8 s, and is heard by a recorder
TALKS: Final = "12125550143"  # for 5 s
PATIENT: Final = "12125550144"  # talks until somebody else hangs up
REFUSES: Final = "12125550145"
BUSY: Final = "12125550146"
SILENT: Final = "12125550147"
LAWYER: Final = "12125550199"
PROTECTED: Final = "18005550177"  # of the policy, by short code
ANSWERS_MS: Final = 8000
RING_TIMEOUT_S: Final = 4


def plan_in(directory: Path, **changes: Any) -> Plan:
    """A facility of this town; `heard.wav` in the directory will be what the party at ANSWERS heard."""
    far = directory / "far.wav"
    speech.write_wav(far, speech.clip(PLAYED))
    return Plan(
        people=[Person(person, PIN) for person in PEOPLE],
        parties={
            ANSWERS: Party(play=far, record=directory / "heard.wav", hang_up_ms=ANSWERS_MS),
            TALKS: Party(play=far, hang_up_ms=5000),
            PATIENT: Party(play=far),
            REFUSES: Party(behaviour="refuse"),
            BUSY: Party(behaviour="busy"),
            SILENT: Party(behaviour="no-answer"),
            LAWYER: Party(play=far),
            PROTECTED: Party(play=far),
        },
        privileged=[dialled(LAWYER)],
        policy=POLICY | {"ring_timeout_s": RING_TIMEOUT_S},
        **changes,
    )


def dialled(number: str) -> str:
    """A canonical number of this country as people dial it."""
    return number[1:]
