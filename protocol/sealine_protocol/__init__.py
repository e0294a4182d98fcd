"""Sealine's wire contract on the host: COSE, credentials, frames, Noise."""
