"""The wall phone in the browser: a facility on this machine, and one page per phone."""
