"""No committed file names a package registry or an absolute path of somebody's machine.

usage: clean_text.py ROOT; prints one line for each finding, exits 1 if there is one.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

# each spelt so that it does not match itself
_REGISTRY = re.compile(r"deb\.debia[n]\.org|p[y]pi\.(org|python)|pythonhoste[d]|npmj[s]\.(org|com)")
_MACHINE = re.compile(r"(?<![\w.}])/(wor[k]|far[m]|roo[t]|hom[e]|Use[r]s)/|/tm[p]/brief")
_MAX_TEXT_BYTES = 5_000_000


def check(path: Path, name: str) -> list[str]:
    """Findings for one file; binary and very large files are passed over."""
    data = path.read_bytes()
    if b"\0" in data[:8192] or len(data) > _MAX_TEXT_BYTES:
        return []
    findings = []
    for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
        if _REGISTRY.search(line):
            findings.append(f"{name}:{number}: names a package registry")
        if _MACHINE.search(line):
            findings.append(f"{name}:{number}: names an absolute path of a machine")
    return findings


def main() -> int:
    """Check every file that git tracks in the tree named on the command line."""
    root = Path(sys.argv[1])
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
    names = [name for name in listed.decode().split("\0") if name and (root / name).is_file()]
    findings = [finding for name in names for finding in check(root / name, name)]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
