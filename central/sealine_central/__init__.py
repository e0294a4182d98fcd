"""Sealine's central system: ingest, log, store, custody."""
