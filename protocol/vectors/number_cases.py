"""What is dialled, by which plan, and the canonical number it must give; None where it must be refused.

Written by hand, not by the code under test. Sources: E.164, the North American plan, Ofcom's numbering plan.
"""

from __future__ import annotations

from typing import Any

PLANS: dict[str, dict[str, Any]] = {
    "NANP": {"country": "1", "international": "011", "trunk": "1", "national_length": 10, "area": ""},
    "NANP with local dialling": {
        "country": "1",
        "international": "011",
        "trunk": "1",
        "national_length": 10,
        "area": "212",
    },
    "United Kingdom": {"country": "44", "international": "00", "trunk": "0", "national_length": 10, "area": ""},
    "no trunk prefix": {"country": "47", "international": "00", "trunk": "", "national_length": 8, "area": ""},
    "too long for E.164": {"country": "999", "international": "", "trunk": "", "national_length": 13, "area": ""},
}

DIALLED: dict[str, list[tuple[str, str | None]]] = {
    "NANP": [
        ("2125550100", "12125550100"),
        ("12125550100", "12125550100"),
        ("0111 2125550100", None),
        ("+12125550100", "12125550100"),
        ("01112125550100", "12125550100"),
        ("5550100", None),
        ("125550100", None),
        ("1212555010", None),
        ("112125550100", None),
        ("121255501000", None),
        ("21255501001", None),
        ("0114420794601234", "4420794601234"),
        ("011442079460123", "442079460123"),
        ("+442079460123", "442079460123"),
        ("0111212555010", None),
        ("011121255501001", None),
        ("011", None),
        ("0110442079460123", None),
        ("011123456", None),
        ("0112345678901234567", None),
        ("+", None),
        ("", None),
        ("911", None),
        ("*67", None),
        ("#1", None),
        ("2125550100#", None),
        ("212555010O", None),
        ("212 5550100", None),
        ("212-555-0100", None),
        ("٢١٢٥٥٥٠١٠٠", None),
        ("++12125550100", None),
        ("1111111111111111111111111", None),
        ("+2222222222222222", None),
        ("+222222222222222", "222222222222222"),
        ("+2222222", "2222222"),
        ("+222222", None),
        ("0000000000", "10000000000"),
    ],
    "NANP with local dialling": [
        ("5550100", "12125550100"),
        ("1555010", None),
        ("2125550100", "12125550100"),
        ("12125550100", "12125550100"),
        ("550100", None),
    ],
    "United Kingdom": [
        ("02079460123", "442079460123"),
        ("2079460123", "442079460123"),
        ("00442079460123", "442079460123"),
        ("+442079460123", "442079460123"),
        ("0207946012", None),
        ("004402079460123", None),
        ("+4402079460123", None),
        ("0012125550100", "12125550100"),
    ],
    "no trunk prefix": [
        ("22334455", "4722334455"),
        ("02233445", "4702233445"),
        ("004722334455", "4722334455"),
        ("2233445", None),
        ("+4722334455", "4722334455"),
    ],
    "too long for E.164": [
        ("1234567890123", None),
    ],
}


def number() -> dict[str, Any]:
    """The table as vectors."""
    return {
        "plans": PLANS,
        "vectors": [
            {"plan": plan, "dialled": dialled, "canonical": canonical}
            for plan, rows in DIALLED.items()
            for dialled, canonical in rows
        ],
    }
