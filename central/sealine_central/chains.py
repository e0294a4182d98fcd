"""Watching the chains: gaps, forks, lost tails, silent terminals, clocks. Per key, after the commit, in any order."""

import json
import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

import cbor2
from sealine_protocol.clock import now_ms
from sealine_protocol.hashes import blake2b256

from sealine_central.store import Store

SILENT_MS = 36 * 3600 * 1000
"""Every terminal sends a tally a day; a day and a half without a word is an alarm."""

DRIFT_MS = 5 * 60 * 1000
"""A record that ended this much after it came: its terminal's clock is ahead. (Behind is not to be told from late.)"""

MAX_NAMED = 100
"""Missing and broken numbers that are listed; all are counted."""


class Health(NamedTuple):
    """What a terminal says of itself in its newest tally (CDDL `health`)."""

    resets: int
    journal: int
    quarantined: int
    frames_lost: int

    def __str__(self) -> str:
        words = ("resets", "waiting", "set aside", "lost frames")
        return ", ".join(f"{word} {count}" for word, count in zip(words, self, strict=True))


@dataclass(frozen=True, slots=True)
class Chain:
    """The state of one identity key's chain. `head` is -1 when only tallies have come."""

    key_id: bytes
    facility: str
    terminal: str
    records: int
    head: int
    missing: int
    gaps: tuple[int, ...]
    forks: int
    broken: tuple[int, ...]
    lost_tail: int
    other_head: bool
    ahead_ms: int
    flags: tuple[str, ...]
    heard_ms: int
    health: Health | None

    def alarms(self, at_ms: int | None = None) -> list[str]:
        """What a person should look at, in words, at a time (now, if not given)."""
        silent_ms = (now_ms() if at_ms is None else at_ms) - self.heard_ms
        named = ", ".join(map(str, self.gaps[:5])) + (" ..." if len(self.gaps) > 5 else "")
        words = {
            f"{self.missing} missing ({named})": self.missing,
            f"{self.forks} forked": self.forks,
            f"{len(self.broken)} not linked to the one before": self.broken,
            f"{self.lost_tail} announced but not here": self.lost_tail,
            "announces another record than the one here": self.other_head,
            f"clock ahead by {self.ahead_ms // 1000} s": self.ahead_ms > DRIFT_MS,
            f"flagged: {', '.join(self.flags)}": self.flags,
            f"{self.health.quarantined if self.health else 0} set aside by the terminal": self.health
            and self.health.quarantined,
            f"silent for {silent_ms // 3_600_000} h": silent_ms > SILENT_MS,
        }
        return [text for text, holds in words.items() if holds]


def keys(store: Store) -> list[bytes]:
    """Every identity key that has sent a record or a tally."""
    rows = store.db.execute("SELECT key_id FROM record UNION SELECT key_id FROM tally")
    return [bytes(row[0]) for row in rows]


def chains(store: Store) -> list[Chain]:
    """Every chain in the store."""
    return [chain(store, key_id) for key_id in keys(store)]


def chain(store: Store, key_id: bytes) -> Chain:
    """One key's chain, which must have a record or a tally."""
    db = store.db
    count, distinct, head, forks, ahead_ms, received = db.execute(
        "SELECT count(*), count(DISTINCT seq), ifnull(max(seq), -1), count(fork_of), "
        "ifnull(max(ended - received), 0), ifnull(max(received), 0) FROM record WHERE key_id = ?",
        (key_id,),
    ).fetchone()
    announced, told = db.execute(
        "SELECT ifnull(max(head_seq), -1), ifnull(max(received), 0) FROM tally WHERE key_id = ?", (key_id,)
    ).fetchone()
    facility, terminal = db.execute(
        "SELECT facility, terminal FROM record WHERE key_id = ?1 "
        "UNION ALL SELECT facility, terminal FROM tally WHERE key_id = ?1 LIMIT 1",
        (key_id,),
    ).fetchone()
    missing = head + 1 - distinct
    return Chain(
        key_id=key_id,
        facility=facility,
        terminal=terminal,
        records=count,
        head=head,
        missing=missing,
        gaps=_gaps(db, key_id) if missing else (),
        forks=forks,
        broken=_broken(db, key_id),
        lost_tail=max(0, announced - head),
        other_head=_has_other_head(db, key_id),
        ahead_ms=ahead_ms,
        flags=_flags(db, key_id),
        heard_ms=max(received, told),
        health=_health(db, key_id),
    )


def _gaps(db: sqlite3.Connection, key_id: bytes) -> tuple[int, ...]:
    """The first missing numbers below the head."""
    found: list[int] = []
    expected = 0
    for (seq,) in db.execute("SELECT DISTINCT seq FROM record WHERE key_id = ? ORDER BY seq", (key_id,)):
        found += range(expected, min(seq, expected + MAX_NAMED))
        if len(found) >= MAX_NAMED:
            break
        expected = seq + 1
    return tuple(found[:MAX_NAMED])


def _broken(db: sqlite3.Connection, key_id: bytes) -> tuple[int, ...]:
    """Numbers whose prev is not a record before them, or the credential for 0; behind a gap nothing can be said."""
    rows = db.execute(
        "SELECT DISTINCT r.seq FROM record r WHERE r.key_id = ?1 AND r.seq > 0 "
        "AND EXISTS (SELECT 1 FROM record b WHERE b.key_id = ?1 AND b.seq = r.seq - 1) "
        "AND NOT EXISTS (SELECT 1 FROM record b WHERE b.key_id = ?1 AND b.seq = r.seq - 1 AND b.hash = r.prev) "
        "ORDER BY r.seq LIMIT ?2",
        (key_id, MAX_NAMED),
    )
    found = [int(row[0]) for row in rows]
    first = db.execute("SELECT prev, credentials FROM record WHERE key_id = ? AND seq = 0", (key_id,)).fetchall()
    if any(prev != blake2b256(cbor2.loads(credentials)[0]) for prev, credentials in first):
        found.insert(0, 0)
    return tuple(found)


def _has_other_head(db: sqlite3.Connection, key_id: bytes) -> bool:
    """Whether a tally names a head whose number is here with other bytes only: a fork that was not delivered."""
    row = db.execute(
        "SELECT 1 FROM tally t WHERE t.key_id = ?1 AND t.head_seq IS NOT NULL "
        "AND EXISTS (SELECT 1 FROM record r WHERE r.key_id = ?1 AND r.seq = t.head_seq) "
        "AND NOT EXISTS (SELECT 1 FROM record r WHERE r.key_id = ?1 AND r.seq = t.head_seq AND r.hash = t.head_hash) "
        "LIMIT 1",
        (key_id,),
    ).fetchone()
    return row is not None


def _health(db: sqlite3.Connection, key_id: bytes) -> Health | None:
    row = db.execute(
        "SELECT resets, journal, quarantined, frames_lost FROM tally WHERE key_id = ? "
        "ORDER BY day DESC, leaf DESC LIMIT 1",
        (key_id,),
    ).fetchone()
    return None if row is None else Health(*row)


def _flags(db: sqlite3.Connection, key_id: bytes) -> tuple[str, ...]:
    rows = db.execute("SELECT DISTINCT flags FROM record WHERE key_id = ? AND flags != '[]'", (key_id,))
    return tuple(sorted({flag for row in rows for flag in json.loads(row[0])}))
