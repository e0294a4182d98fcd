"""Sealine's gateway in the facility: link, call, outbox, uplink."""
