"""Dialled digits to the canonical number of E.164, by the policy's numbering plan; as `sealine_protocol.number`.

Two ways to dial one telephone give one canonical number; what the plan does not know is refused, never dialled.
"""

from micropython import const

from call import CallError

MAX_DIALLED = const(24)  # an international prefix, E.164's 15 digits, and room to be refused for the right reason
_MIN_INTERNATIONAL = const(7)
_MAX_E164 = const(15)


class NumberError(CallError):
    """Digits that are no telephone number by the plan. The message does not hold them."""


def normalise(dialled: str, plan: dict) -> str:
    """Return the canonical digits; `plan` is a `numbering-plan`. Raises NumberError."""
    international = dialled.startswith("+")
    digits = dialled[1:] if international else dialled
    if not 0 < len(digits) <= MAX_DIALLED or not _is_digits(digits):
        raise NumberError("number: not digits, or too many")
    if international:
        return _international(digits, plan)
    if plan["international"] and digits.startswith(plan["international"]):
        return _international(digits[len(plan["international"]) :], plan)
    number = plan["country"] + _national(digits, plan)
    if len(number) > _MAX_E164:
        raise NumberError("number: too long for the plan's country")
    return number


def _is_digits(text: str) -> bool:
    return all(character in "0123456789" for character in text)


def _international(digits: str, plan: dict) -> str:
    if digits.startswith(plan["country"]):
        if len(digits) != len(plan["country"]) + plan["national_length"]:
            raise NumberError("number: wrong length for the home country")
    elif not _MIN_INTERNATIONAL <= len(digits) <= _MAX_E164 or digits.startswith("0"):
        raise NumberError("number: not an international number")
    return digits


def _national(digits: str, plan: dict) -> str:
    length = plan["national_length"]
    trunk = plan["trunk"]
    if trunk and digits.startswith(trunk):
        # Without its trunk prefix such a number could be a shorter one with it, to some network on the way.
        if len(digits) != len(trunk) + length:
            raise NumberError("number: wrong length")
        return digits[len(trunk) :]
    if len(digits) == length:
        return digits
    if plan["area"] and len(digits) == length - len(plan["area"]):
        return plan["area"] + digits
    raise NumberError("number: wrong length")
