"""Write the vectors anew: `python protocol/vectors/generate.py`. Same bytes each time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import codec_cases
import crypto_cases
import number_cases
import signed_cases

HERE = Path(__file__).resolve().parent

FILES: dict[str, Any] = {
    "codec": lambda: {"positive": codec_cases.positive(), "negative": codec_cases.negative()},
    "cbor": lambda: {"source": "RFC 8949 appendix A", "vectors": codec_cases.appendix_a()},
    "cose": signed_cases.cose,
    "credential": signed_cases.credential,
    "bundle": signed_cases.bundle,
    "receipt": signed_cases.receipt,
    "crypto": crypto_cases.crypto,
    "derived": crypto_cases.derived,
    "number": number_cases.number,
}


def main() -> None:
    """Write all files."""
    for name, make in FILES.items():
        text = json.dumps(make(), indent=1, ensure_ascii=True)
        (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
