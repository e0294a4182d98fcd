"""Watching the chains: gaps, forks, lost tails, silent terminals. Per key, after the commit, whatever came first."""

from dataclasses import dataclass
from typing import NamedTuple

import cbor2
from sealine_protocol.hashes import blake2b256

from sealine_central.store import Store, now_ms

SILENT_MS = 36 * 3600 * 1000
"""Every terminal sends a tally a day; a day and a half without a word is an alarm."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The state of one identity key's chain."""

    key_id: bytes
    facility: str
    terminal: str
    records: int
    head: int
    gaps: tuple[int, ...]
    forks: int
    broken: tuple[int, ...]
    lost_tail: int
    silent_ms: int

    @property
    def alarms(self) -> list[str]:
        """What a person should look at, in words."""
        words = []
        if self.gaps:
            words.append(f"{len(self.gaps)} missing")
        if self.forks:
            words.append(f"{self.forks} forked")
        if self.broken:
            words.append(f"{len(self.broken)} not linked to the one before")
        if self.lost_tail:
            words.append(f"{self.lost_tail} announced but not here")
        if self.silent_ms > SILENT_MS:
            words.append(f"silent for {self.silent_ms // 3_600_000} h")
        return words


class _Row(NamedTuple):
    key_id: bytes
    seq: int
    hash: bytes
    prev: bytes
    fork_of: bytes | None
    facility: str
    terminal: str
    received: int
    credentials: bytes


def chains(store: Store) -> list[Chain]:
    """Every chain in the store."""
    by_key: dict[bytes, list[_Row]] = {}
    for row in store.db.execute(f"SELECT {', '.join(_Row._fields)} FROM record ORDER BY key_id, seq, leaf"):  # noqa: S608 - own names
        by_key.setdefault(row[0], []).append(_Row(*row))
    announced: dict[bytes, tuple[int | None, int]] = {
        key_id: (seq, received)
        for key_id, seq, received in store.db.execute(
            "SELECT key_id, max(head_seq), max(received) FROM tally GROUP BY key_id"
        )
    }
    return [_chain(key_id, rows, *announced.get(key_id, (None, 0))) for key_id, rows in by_key.items()]


def _chain(key_id: bytes, rows: list[_Row], announced: int | None, heard: int) -> Chain:
    hashes: dict[int, set[bytes]] = {}
    for row in rows:
        hashes.setdefault(row.seq, set()).add(row.hash)
    head = max(hashes)
    return Chain(
        key_id=key_id,
        facility=rows[0].facility,
        terminal=rows[0].terminal,
        records=len(rows),
        head=head,
        gaps=tuple(seq for seq in range(head) if seq not in hashes),
        forks=sum(1 for row in rows if row.fork_of is not None),
        broken=tuple(row.seq for row in rows if not _is_linked(row, hashes)),
        lost_tail=max(0, (announced if announced is not None else -1) - head),
        silent_ms=now_ms() - max(heard, *(row.received for row in rows)),
    )


def _is_linked(row: _Row, hashes: dict[int, set[bytes]]) -> bool:
    """Whether prev is the record before, or the credential for seq 0; a gap before it is a gap, not a break."""
    if row.seq == 0:
        return row.prev == blake2b256(cbor2.loads(row.credentials)[0])
    before = hashes.get(row.seq - 1)
    return before is None or row.prev in before
