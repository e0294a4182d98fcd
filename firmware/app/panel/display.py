"""The 20x4 display and the lamp: text keys and their fields become four padded rows; only changes are written."""

from panel import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


COLUMNS = 20
ROWS = 4


LAMPS = {
    "": "LAMP_OFF",
    "none": "LAMP_RED",
    "directory": "LAMP_GREEN",
    "protected": "LAMP_GREEN",
    "doubt": "LAMP_AMBER",
}


class Front:
    """The display and the lamp of one phone, on a `board`-like object."""

    def __init__(self, board: "Any") -> None:
        self._board = board
        self._rows: list[str | None] = [None] * ROWS  # a display may still show what was there before a reset

    def show(self, key: str, language: str, source: "Any") -> None:
        """Show the text of `key`; `source.field(name)` gives (kind, value) for each field in it."""
        lines = _choose(texts.TEXTS[key], language).split("|")
        for index in range(ROWS):
            self._put(index, _fill(lines[index], language, source))

    def lamp(self, status: str) -> None:
        """Light the lamp for a call's status; an empty one puts it out."""
        self._board.lamp(getattr(self._board, LAMPS[status]))

    def _put(self, index: int, text: str) -> None:
        text = text[:COLUMNS]
        if text != self._rows[index]:
            self._rows[index] = text
            self._board.display(index, text + " " * (COLUMNS - len(text)))


def _fill(line: str, language: str, source: "Any") -> str:
    start = line.find("{")
    if start < 0:
        return line
    end = line.find("}")
    kind, value = source.field(line[start + 1 : end])
    return line[:start] + words(kind, value, language) + line[end + 1 :]


def words(kind: str, value: "Any", language: str) -> str:
    """A field in words; the kind says how the raw value reads. An empty or zero value is no words, save a price."""
    if kind == "price":
        return _phrase("per-minute", language, money(value)) if value else _phrase("free", language, "")
    if not value:
        return ""
    if kind == "text":
        return value
    if kind == "status":
        return _choose(texts.STATUS[value], language)
    if kind == "reason":
        return _choose(texts.REASONS.get(value, texts.REASONS["trunk-failed"]), language)
    return _phrase(kind, language, money(value) if kind == "cost" else str(value))


def money(micro_dollars: int) -> str:
    """Dollars, to the tenth of a cent rounded up, so that nobody pays more than he read."""
    mills = (micro_dollars + 999) // 1000
    text = f"${mills // 1000}.{mills % 1000:03d}"
    return text[:-1] if text[-1] == "0" else text


def _phrase(key: str, language: str, value: str) -> str:
    return _choose(texts.WORDS[key], language).replace("{}", value)


def _choose(pair: tuple[str, str], language: str) -> str:
    return pair[1] if language == "es" else pair[0]
