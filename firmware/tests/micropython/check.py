# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""A test runner of a few lines: every function `test_*` of a module runs; "N passed, N failed", exit code."""

import sys


def run(names: dict[str, object]) -> None:
    """Run a module's tests, given its globals(), and end the program."""
    passed = failed = 0
    for name in sorted(names):
        if name.startswith("test_"):
            try:
                names[name]()
                passed += 1
            except Exception as error:  # noqa: BLE001 -- a failure of any kind is one line and a trace
                failed += 1
                print("FAILED", name)
                sys.print_exception(error)
    print(passed, "passed,", failed, "failed")
    sys.exit(1 if failed else 0)


def equal(have: object, want: object) -> None:
    """Raise where two values differ."""
    if have != want:
        raise AssertionError(f"{have!r} is not {want!r}")


def raises(error: type, message: str, function: object, *args: object, **kwargs: object) -> None:
    """Raise where a call does not fail with this type and, if given, this text in its message."""
    try:
        function(*args, **kwargs)
    except error as caught:
        if message not in str(caught):
            raise AssertionError(f"{caught!r} does not say {message!r}")
        return
    raise AssertionError(f"{error.__name__} was not raised")
