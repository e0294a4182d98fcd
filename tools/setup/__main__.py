"""Set-up: `python3 tools/setup` makes this checkout ready to build and test; done twice it does nothing."""

import sys

if sys.version_info < (3, 11):
    sys.exit("set-up: Python 3.11 or newer is needed; this one is " + sys.version.split()[0])

import fcntl
import tomllib

import environment
import packages
import pio
import sources
from step import BUILD, ROOT, SetupError


def main() -> int:
    """Run every step that is not stamped; print one sentence and return 1 if a step cannot be done."""
    BUILD.mkdir(exist_ok=True)
    pins = tomllib.loads((ROOT / "tools/setup/pins.toml").read_text())
    with (BUILD / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            packages.install(pins["apt"]["packages"])
            sources.provide("micropython", pins["micropython"])
            sources.provide("lwip", pins["lwip"])
            environment.provide(pins["environment"]["built_from_source"])
            sources.provide("libsodium", pins["libsodium"])
            pio.provide()
        except SetupError as error:
            print(f"set-up: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
