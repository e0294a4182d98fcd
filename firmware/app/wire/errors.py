"""The one error of this folder. Messages say what and where, and hold no value from a message, a key or a number."""


class WireError(Exception):
    """Bytes or a value that do not hold: `path` names rule and field, `reason` what is wrong."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason, path)
        self.reason = reason
        self.path = path

    def __str__(self) -> str:
        return self.path + ": " + self.reason if self.path else self.reason

    def inside(self, name: str) -> "WireError":
        """Put `name` in front of the path: called while the error travels out through the nested members."""
        self.path = name + "." + self.path if self.path else name
        return self
