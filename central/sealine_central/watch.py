"""The watch beside the ingest: chains that have changed are looked at, alarms are logged once, metrics set."""

import time
from typing import Final

from sealine_protocol import log

from sealine_central import tree
from sealine_central.answers import Answers
from sealine_central.chains import Chain, chain, keys
from sealine_central.metrics import Metrics
from sealine_central.store import Store

HEAD_EVERY_S: Final = 3600.0


class Watch:
    """Holds the state of every chain. Used by the thread that owns the store."""

    def __init__(self, store: Store, answers: Answers, metrics: Metrics) -> None:
        self._store = store
        self._answers = answers
        self._metrics = metrics
        self._chains: dict[bytes, Chain] = {}
        self._alarms: dict[bytes, list[str]] = {}
        self._seen_leaf = -1
        self._next_head_s = 0.0

    def look(self) -> None:
        """Look at what is new since the last time, and at silence; sign the log's head if it has grown."""
        for key_id in self._touched():
            self._chains[key_id] = chain(self._store, key_id)
        alarmed = 0
        for key_id, found in self._chains.items():
            words = found.alarms()
            alarmed += bool(words)
            if words != self._alarms.get(key_id, []):
                text = "; ".join(words) or "none any more"
                log.warning("chain", facility=found.facility, terminal=log.short(key_id), state=text)
            self._alarms[key_id] = words
        self._metrics.alarms.set(alarmed)
        self._metrics.gaps.set(sum(found.missing for found in self._chains.values()))
        waiting = self._store.db.execute("SELECT count(*) FROM recording WHERE stored IS NULL").fetchone()[0]
        self._metrics.waiting.set(waiting)
        self._sign_head()

    def _touched(self) -> set[bytes]:
        db, since = self._store.db, self._seen_leaf
        if since < 0:
            found = set(keys(self._store))
        else:
            rows = db.execute(
                "SELECT key_id FROM record WHERE leaf > ?1 UNION SELECT key_id FROM tally WHERE leaf > ?1", (since,)
            )
            found = {bytes(row[0]) for row in rows}
        self._seen_leaf = db.execute("SELECT ifnull(max(idx), -1) FROM node WHERE level = 0").fetchone()[0]
        return found

    def _sign_head(self) -> None:
        """Keep a signed head an hour, for whoever compares what the log said when."""
        last = self._store.db.execute("SELECT ifnull(max(size), 0) FROM tree_head").fetchone()[0]
        if tree.size(self._store.db) == last or time.monotonic() < self._next_head_s:
            return
        self._next_head_s = time.monotonic() + HEAD_EVERY_S
        with self._store.writing() as db:
            db.execute("INSERT OR IGNORE INTO tree_head VALUES (?, ?)", self._answers.tree_head(db))
