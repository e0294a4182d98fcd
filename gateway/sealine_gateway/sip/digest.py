"""Digest authentication (RFC 7616, RFC 3261 section 22, RFC 8760) with MD5 and SHA-256, alone or with -sess."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

from sealine_gateway.sip.errors import DigestError
from sealine_gateway.sip.header import unquote
from sealine_gateway.sip.message import Response

MAX_CHALLENGES: Final = 8
_PAIR: Final = re.compile(r'\s*([A-Za-z0-9_-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s",]+)\s*(?:,|$)')
_ALGORITHMS: Final = ("SHA-256-SESS", "SHA-256", "MD5-SESS", "MD5")  # the strongest first


@dataclass(frozen=True)
class Challenge:
    """One challenge; `proxy` tells 407 from 401."""

    realm: str
    nonce: str
    algorithm: str
    qop: bool
    opaque: str | None
    stale: bool
    proxy: bool


class Authenticator:
    """Our answers to one peer's challenges within one call."""

    def __init__(self, user: str, password: str) -> None:
        """An empty `user` answers nothing."""
        self._user = user
        self._password = password
        self._challenge: Challenge | None = None
        self._count = 0

    def take(self, response: Response) -> None:
        """Keep the best challenge of a 401 or 407. Raises DigestError if there is none, or it refuses our answer."""
        proxy = response.status == 407
        values = response.all("proxy-authenticate" if proxy else "www-authenticate")
        found = [challenge for value in values[:MAX_CHALLENGES] if (challenge := parse_challenge(value, proxy=proxy))]
        if not found or not self._user:
            raise DigestError("authentication: no challenge that can be answered")
        best = min(found, key=lambda challenge: _ALGORITHMS.index(challenge.algorithm))
        if self._challenge is not None and self._count and not best.stale and best.proxy == self._challenge.proxy:
            raise DigestError("authentication: the peer refuses user or password")
        self._challenge = best
        self._count = 0

    def field(self, method: str, uri: str, cnonce: str = "") -> list[tuple[str, str]]:
        """The header field for a request; none before a challenge. `cnonce` is given by tests only."""
        challenge = self._challenge
        if challenge is None:
            return []
        self._count += 1
        name = "Proxy-Authorization" if challenge.proxy else "Authorization"
        cnonce = cnonce or secrets.token_hex(8)
        return [(name, _answer(challenge, self._user, self._password, method, uri, cnonce, self._count))]


def parse_challenge(value: str, *, proxy: bool) -> Challenge | None:
    """One challenge; None for one that we cannot answer (another scheme, algorithm or qop)."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    pairs: dict[str, str] = {}
    at = 0
    while at < len(rest):
        match = _PAIR.match(rest, at)
        if match is None or match[1].lower() in pairs:
            return None
        pairs[match[1].lower()] = unquote(match[2]) if match[2].startswith('"') else match[2]
        at = match.end()
    qop = [item.strip().lower() for item in pairs.get("qop", "").split(",") if item.strip()]
    algorithm = pairs.get("algorithm", "MD5").upper()
    if "realm" not in pairs or "nonce" not in pairs or algorithm not in _ALGORITHMS or (qop and "auth" not in qop):
        return None
    stale = pairs.get("stale", "").lower() == "true"
    return Challenge(pairs["realm"], pairs["nonce"], algorithm, bool(qop), pairs.get("opaque"), stale, proxy)


def _answer(challenge: Challenge, user: str, password: str, method: str, uri: str, cnonce: str, count: int) -> str:
    """RFC 7616 section 3.4."""

    def digest(*parts: str) -> str:
        data = ":".join(parts).encode("utf-8", "surrogateescape")
        if challenge.algorithm.startswith("SHA"):
            return hashlib.sha256(data).hexdigest()
        return hashlib.md5(data, usedforsecurity=False).hexdigest()  # what the trunk's operator asks for

    nc = f"{count:08x}"
    a1 = digest(user, challenge.realm, password)
    if challenge.algorithm.endswith("-SESS"):
        a1 = digest(a1, challenge.nonce, cnonce)
    a2 = digest(method, uri)
    middle = (challenge.nonce, nc, cnonce, "auth") if challenge.qop else (challenge.nonce,)
    fields = [
        f"username={_quote(user)}",
        f"realm={_quote(challenge.realm)}",
        f"nonce={_quote(challenge.nonce)}",
        f"uri={_quote(uri)}",
        f'response="{digest(a1, *middle, a2)}"',
        f"algorithm={challenge.algorithm.replace('-SESS', '-sess')}",
    ]
    if challenge.qop or challenge.algorithm.endswith("-SESS"):
        fields.append(f'cnonce="{cnonce}"')
    if challenge.qop:
        fields += ["qop=auth", f"nc={nc}"]
    if challenge.opaque is not None:
        fields.append(f"opaque={_quote(challenge.opaque)}")
    return "Digest " + ", ".join(fields)


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
