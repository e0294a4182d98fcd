"""Whether a theft proves anything: it must be whole, and the search must see."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sealine_tools import theft
from sealine_tools.demo import cast
from sealine_tools.demo.errors import DemoError

PLACES: Final = frozenset({"mqtt", "gateway", "broker", "central", "logs"})


def expect_whole(stolen: Path) -> None:
    """Every place was copied, and every sealed chunk was seen on the wire. Raises DemoError."""
    places = {path.name for path in stolen.iterdir()}
    chunks = [path.read_bytes() for path in (stolen / "central").rglob("*.chunk")]
    if not places >= PLACES or not chunks:
        raise DemoError("the theft is not complete: to find nothing in it would prove nothing")
    wire = [path.read_bytes() for path in (stolen / "mqtt").iterdir()]
    if not all(any(chunk in payload for payload in wire) for chunk in chunks):
        raise DemoError("the wiretap did not hear everything: to find nothing in it would prove nothing")


def control(folder: Path, script: Path, spoken: Path, secrets: Mapping[str, str], speech: Mapping[str, bytes]) -> str:
    """The same search over the telephone network's own files, copied to `folder`, finds them. Raises DemoError."""
    folder.mkdir()
    shutil.copyfile(script, folder / script.name)
    shutil.copytree(spoken, folder / spoken.name)
    found = {find.secret for find in theft.search(folder, secrets, speech).finds}
    numbers = [name for name in found if name.endswith("'s number")]
    voices = [name for name in found if name.startswith("speech")]
    if len(numbers) < len(cast.CALLED) or len(voices) < len(speech):
        raise DemoError(f"the search is blind: where all is in the open it finds only {sorted(found)}")
    return f"as a control, the telephone network's own files gave it {len(numbers)} numbers and {len(voices)} voices"
