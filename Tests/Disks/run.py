# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests of test_disks.py, or those named, side by side: each waits most of the time for the kiosk to look again."""

import concurrent.futures
import os
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
AT_ONCE = 8


def main() -> int:
    sys.path.insert(0, str(HERE))
    import test_disks
    tests = {name[5:]: getattr(test_disks, name) for name in dir(test_disks) if name.startswith("test_")}
    names = sys.argv[1:] or list(tests)
    work = pathlib.Path(tempfile.mkdtemp(prefix="kiosk-disks-"))
    began = time.monotonic()
    try:
        test_disks.make_seed(work / "seed")

        def attempt(name):
            kiosks = []
            try:
                return tests[name](work / name, kiosks)
            finally:
                for kiosk in kiosks:
                    kiosk.close()

        failures = 0
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            running = {pool.submit(attempt, name): name for name in names}
            for test in concurrent.futures.as_completed(running):
                fault = test.exception()
                failures += fault is not None
                print(f"{running[test]}: {'FAILED' if fault else 'ok'} ({time.monotonic() - began:.0f} s)", flush=True)
                if fault:
                    traceback.print_exception(fault)
    finally:
        # The mounts go with the namespace of this script.
        shutil.rmtree(work, ignore_errors=True)
    print(f"{len(names) - failures} of {len(names)} passed")
    return 1 if failures or not names else 0


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("disks that fail: skipped, they need root to mount them")
        sys.exit(0)
    sys.exit(main())
