"""Wire formats and the link: bytes to values and back. No storage, no call, no panel."""
