"""One call: the number, who may listen, the record. The errors of this package."""


class CallError(Exception):
    """Base of this package's errors; messages hold no number, name or key."""


class RefusedError(CallError):
    """A call that may not be placed; `reason` is a key of the panel's words, such as number-invalid."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
