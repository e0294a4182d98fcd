"""The facility behind the pages: broker, central, gateway, and wall phones that are enrolled, locked and at rest."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sealine_hil.facility import Facility
from sealine_hil.phone import BOOT_S, WallPhone

from sealine_tools.phone import cast
from sealine_tools.phone.errors import PhoneError

AT_REST_S: Final = 30.0


class House:
    """Made in a temporary folder that goes with it."""

    def __init__(self, image: Path, names: Sequence[str], say: Callable[[str], None]) -> None:
        """Nothing runs yet; `say` is told each step."""
        self._image = image
        self._names = names
        self._say = say
        self._work = Path(tempfile.mkdtemp(prefix="sealine-phone-"))
        self._facility: Facility | None = None

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def facility(self) -> Facility:
        """Raises PhoneError before the house is open."""
        if self._facility is None:
            raise PhoneError("the facility does not run")
        return self._facility

    @property
    def phones(self) -> list[WallPhone]:
        """All wall phones."""
        return self.facility.phones

    def close(self) -> None:
        """End all that runs and remove its files."""
        if self._facility is not None:
            self._facility.close()
        shutil.rmtree(self._work, ignore_errors=True)

    def _open(self) -> None:
        # a copy, so that a build beside it changes nothing under a running phone
        image = self._work / "firmware.elf"
        try:
            shutil.copyfile(self._image, image)
        except OSError as error:
            raise PhoneError("there is no firmware image: run 'make firmware'") from error
        self._say("a facility is founded: keys, rules, a roster")
        self._facility = Facility(self._work / "facility", cast.plan(self._work / "far"))
        self._say("broker, central and gateway start")
        self._facility.start()
        self._say(f"{len(self._names)} wall phone(s) boot the firmware in QEMU and are enrolled")
        for phone in self._facility.rack(self._names, image):
            self._lock(phone)
        for phone in self.phones:
            phone.board.wait_display("SEALINE", AT_REST_S)

    @staticmethod
    def _lock(phone: WallPhone) -> None:
        """Locked as it hangs on a wall; the phone starts anew."""
        phone.board.blank_display()  # so that what is read next is the display of the locked phone
        phone.console().command("lock")
        phone.wait_console("locked", BOOT_S)
