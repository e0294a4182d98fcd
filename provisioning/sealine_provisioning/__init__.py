"""Sealine's authority, enrolment and directory signing."""
