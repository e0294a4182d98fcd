"""Dialled digits to the canonical number of E.164, by the numbering plan of the policy.

The one rule that matters: two ways to dial one telephone give one canonical number, and what could reach a telephone
in a way that this plan does not know is refused. So a number of the home country has its exact length, however dialled.
"""

from __future__ import annotations

from typing import Any

from sealine_protocol.errors import NumberError

MAX_DIALLED = 24
"""Digits that are looked at: an international prefix of 4, E.164's 15, and room to be refused for the right reason."""

MIN_INTERNATIONAL = 7
MAX_E164 = 15


def normalise(dialled: str, plan: dict[str, Any]) -> str:
    """Canonical digits, without `+`; `plan` is a `numbering-plan`. Raises NumberError, which does not hold them."""
    international = dialled.startswith("+")
    digits = dialled[1:] if international else dialled
    if not digits or len(digits) > MAX_DIALLED or not (digits.isascii() and digits.isdigit()):
        raise NumberError("number: not digits, or too many")
    if international:
        return _international(digits, plan)
    if plan["international"] and digits.startswith(plan["international"]):
        return _international(digits[len(plan["international"]) :], plan)
    number: str = plan["country"] + _national(digits, plan)
    if len(number) > MAX_E164:
        raise NumberError("number: too long for the plan's country")
    return number


def _international(digits: str, plan: dict[str, Any]) -> str:
    if digits.startswith(plan["country"]):
        if len(digits) != len(plan["country"]) + plan["national_length"]:
            raise NumberError("number: wrong length for the home country")
    elif not MIN_INTERNATIONAL <= len(digits) <= MAX_E164 or digits.startswith("0"):
        raise NumberError("number: not an international number")
    return digits


def _national(digits: str, plan: dict[str, Any]) -> str:
    length = plan["national_length"]
    trunk = plan["trunk"]
    if trunk and digits.startswith(trunk):
        # without its trunk prefix such a number could be a shorter one with it, to some network on the way
        if len(digits) != len(trunk) + length:
            raise NumberError("number: wrong length")
        return digits[len(trunk) :]
    if len(digits) == length:
        return digits
    if plan["area"] and len(digits) == length - len(plan["area"]):
        area: str = plan["area"]
        return area + digits
    raise NumberError("number: wrong length")
