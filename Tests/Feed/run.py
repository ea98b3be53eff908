# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests of this folder, or those named (test_feed.FeedTest.test_oldManifest_isRefused …)."""

import pathlib
import sys
import unittest


def main() -> int:
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    names = sys.argv[1:] or ["test_feed", "test_kill"]
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromNames(names))
    return 0 if result.wasSuccessful() and result.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
