"""MQTT topics: `sealine/1/<facility>/<gateway>/<leaf>` of a gateway, `sealine/1/<facility>/bundle/<kind>` for all."""

from __future__ import annotations

import re
from typing import Final

ANY: Final = "+"
"""Stands for any one level in what is subscribed to or allowed (MQTT 3.1.1 section 4.7.1.3)."""

UPLOADS: Final = ("records", "chunks", "status")
"""What a gateway writes; it reads `ANSWERS` and bundles, nothing else."""

ANSWERS: Final = "answers"

BUNDLE: Final = "bundle"
"""Stands where a gateway's name stands in its topics, so no gateway may be called so."""

_PREFIX: Final = "sealine/1"
_NAME: Final = "([A-Za-z0-9-]{1,32})"  # a name as the CDDL has it
_GATEWAY: Final = f"(?!{BUNDLE}/){_NAME}"
_UPLOAD: Final = re.compile(f"{_PREFIX}/{_NAME}/{_GATEWAY}/({'|'.join(UPLOADS)})")


def gateway(facility: str, name: str, leaf: str) -> str:
    """A topic of a gateway's own subtree."""
    return f"{_PREFIX}/{facility}/{name}/{leaf}"


def bundle(facility: str, kind: str) -> str:
    """The topic of a retained bundle."""
    return f"{_PREFIX}/{facility}/{BUNDLE}/{kind}"


def is_gateway(name: object) -> bool:
    """A name that a gateway may have."""
    return isinstance(name, str) and re.fullmatch(_NAME, name) is not None and name != BUNDLE


def read_upload(topic: str) -> tuple[str, str, str] | None:
    """Facility, gateway and leaf of a topic that a gateway writes; None for any other."""
    found = _UPLOAD.fullmatch(topic)
    return (found[1], found[2], found[3]) if found else None
