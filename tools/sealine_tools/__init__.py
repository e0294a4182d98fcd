"""Sealine's demo, bench and verifier."""
