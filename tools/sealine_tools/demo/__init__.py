"""The demo: one facility on loopback, real firmware, real speech, told step by step."""
