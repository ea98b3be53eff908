# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests of this folder, or those named (test_rig, test_kiosk.KioskOnLegacyController …).

What stands around a feed is Tests/Feed's."""

import logging
import pathlib
import signal
import sys
import unittest


def main() -> int:
    folder = pathlib.Path(__file__).resolve().parent
    sys.path[:0] = [str(folder), str(folder.parent / "Feed")]
    logging.basicConfig(level=logging.CRITICAL)  # bumble reports each refused command, which the rig means to provoke
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that clean-ups run
    names = sys.argv[1:] or ["test_rig", "test_kiosk", "test_iphones", "test_cases"]
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromNames(names))
    tests, classes = set(), set()
    for test, _ in result.failures + result.errors:
        name = test.id()
        (classes if name.startswith("setUpClass") else tests).add(name if name.startswith("setUpClass") else name.split(" ")[0])
    passed = result.testsRun - len(tests) - len(result.skipped)
    broken = tests | classes
    for test, reason in result.skipped:
        print(f"skipped: {test.id()}: {reason}")
    print(f"{max(0, passed)} passed, {len(broken)} failed")
    return 1 if broken or passed <= 0 else 0


if __name__ == "__main__":
    sys.exit(main())
