"""Custody: opening one recording, for one case, with a quorum of custodians. See docs/operations.md."""
