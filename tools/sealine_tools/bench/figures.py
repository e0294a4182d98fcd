"""Measured figures, their limits, and how both are shown."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

from rich.console import Console
from rich.table import Table

Verdict = Literal["ok", "MISS", ""]
GROUPS: Final = ("talk", "quality", "receipt", "instructions")


@dataclass(frozen=True)
class Figure:
    """One number. `most` and `least` are its limits, both inclusive; without them it is for information."""

    group: str
    name: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None
    remark: str = ""

    @property
    def verdict(self) -> Verdict:
        """Whether it keeps its limits; empty where it has none. Not-a-number keeps none."""
        if self.most is None and self.least is None:
            return ""
        high = self.most is None or self.value <= self.most
        low = self.least is None or self.value >= self.least
        return "ok" if high and low else "MISS"

    @property
    def limit(self) -> str:
        """The limits in words."""
        if self.most is not None and self.most == self.least:
            return f"= {self.most:g}"
        parts = [
            f"<= {self.most:g}" if self.most is not None else "",
            f">= {self.least:g}" if self.least is not None else "",
        ]
        return " ".join(part for part in parts if part)


def missed(figures: Sequence[Figure]) -> list[Figure]:
    """Those that do not keep their limits."""
    return [figure for figure in figures if figure.verdict == "MISS"]


def show(figures: Sequence[Figure], console: Console) -> None:
    """A table, one section per group."""
    table = Table(show_edge=False, pad_edge=False)
    for heading, justify in (("", "left"), ("measured", "right"), ("limit", "right"), ("", "left"), ("remark", "left")):
        table.add_column(heading, justify=justify, no_wrap=heading != "remark")  # type: ignore[arg-type]
    before = None
    for figure in figures:
        if before not in (None, figure.group):
            table.add_section()
        before = figure.group
        table.add_row(figure.name, number(figure), figure.limit, figure.verdict, figure.remark)
    console.print(table)


def number(figure: Figure) -> str:
    """The value with its unit, in as many digits as help."""
    value = figure.value
    digits = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.4g}"
    return f"{digits} {figure.unit}".strip()


def to_json(figures: Sequence[Figure], conditions: dict[str, str]) -> str:
    """All of it for a machine."""
    rows = [asdict(figure) | {"verdict": figure.verdict} for figure in figures]
    return json.dumps({"conditions": conditions, "figures": rows, "missed": len(missed(figures))}, indent=1) + "\n"


def middle(values: Sequence[float]) -> float:
    """Median; not-a-number of nothing, which keeps no limit."""
    return statistics.median(values) if values else float("nan")


def worst(values: Sequence[float]) -> float:
    """The largest; not-a-number of nothing."""
    return max(values, default=float("nan"))
