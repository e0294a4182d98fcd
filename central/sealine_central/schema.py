"""The tables of central's store. Times are unix milliseconds."""

from sealine_central import tree

SCHEMA = (
    tree.SCHEMA
    + """
CREATE TABLE IF NOT EXISTS record (
    hash BLOB PRIMARY KEY, key_id BLOB NOT NULL, seq INTEGER NOT NULL, prev BLOB NOT NULL, record_id BLOB NOT NULL,
    facility TEXT NOT NULL, gateway TEXT NOT NULL, terminal TEXT NOT NULL, started INTEGER NOT NULL,
    ended INTEGER NOT NULL, flags TEXT NOT NULL, fork_of BLOB, received INTEGER NOT NULL, leaf INTEGER NOT NULL UNIQUE,
    folder TEXT NOT NULL, signed BLOB NOT NULL, credentials BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_chain ON record (key_id, seq);
CREATE INDEX IF NOT EXISTS record_id ON record (record_id);
CREATE TABLE IF NOT EXISTS object (
    hash BLOB PRIMARY KEY, leaf INTEGER NOT NULL UNIQUE, content TEXT NOT NULL, signed BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS quarantine (
    delivery BLOB PRIMARY KEY, hash BLOB NOT NULL, facility TEXT NOT NULL, gateway TEXT NOT NULL, reason TEXT NOT NULL,
    what TEXT NOT NULL, received INTEGER NOT NULL, delivered BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS quarantine_share (
    facility TEXT NOT NULL, gateway TEXT NOT NULL, bytes INTEGER NOT NULL, not_kept INTEGER NOT NULL,
    PRIMARY KEY (facility, gateway)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally (
    hash BLOB PRIMARY KEY, key_id BLOB NOT NULL, facility TEXT NOT NULL, terminal TEXT NOT NULL, day INTEGER NOT NULL,
    head_seq INTEGER, head_hash BLOB, resets INTEGER NOT NULL, journal INTEGER NOT NULL, quarantined INTEGER NOT NULL,
    frames_lost INTEGER NOT NULL, protected INTEGER NOT NULL, received INTEGER NOT NULL,
    leaf INTEGER NOT NULL UNIQUE, signed BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tally_key ON tally (key_id);
CREATE TABLE IF NOT EXISTS recording (
    record_id BLOB NOT NULL, hash BLOB NOT NULL, facility TEXT NOT NULL, chunks INTEGER NOT NULL, digest BLOB NOT NULL,
    stored INTEGER, PRIMARY KEY (record_id, hash)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS recording_waiting ON recording (facility) WHERE stored IS NULL;
CREATE TABLE IF NOT EXISTS upload (
    record_id BLOB PRIMARY KEY, facility TEXT NOT NULL, gateway TEXT NOT NULL, since INTEGER NOT NULL,
    is_open INTEGER NOT NULL, chunks INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS upload_open ON upload (facility, gateway) WHERE is_open = 1;
CREATE TABLE IF NOT EXISTS chunk (
    record_id BLOB NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (record_id, idx)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tree_head (
    size INTEGER PRIMARY KEY, signed BLOB NOT NULL
) WITHOUT ROWID;
"""
)
