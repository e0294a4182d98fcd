"""A test runner of a few lines: every function `test_*` of a module runs; "N passed, N failed", exit code."""

import sys


def run(names):
    passed = failed = 0
    for name in sorted(names):
        if name.startswith("test_"):
            try:
                names[name]()
                passed += 1
            except Exception as error:  # a test's failure of any kind is one line and a trace
                failed += 1
                print("FAILED", name)
                sys.print_exception(error)
    print(passed, "passed,", failed, "failed")
    sys.exit(1 if failed else 0)


def equal(have, want):
    if have != want:
        raise AssertionError("{!r} is not {!r}".format(have, want))
