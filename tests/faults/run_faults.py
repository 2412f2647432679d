"""``python -m tests.faults.run_faults``: make every known fault in a copy of the project, and see who notices."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.faults.copy_of_tree import CopyOfTree, Verdict
from tests.faults.fault import Fault
from tests.faults.known import FAULTS


def main() -> int:
    """0 if every fault was noticed by a test that passes without it."""
    faults = _wanted()
    with tempfile.TemporaryDirectory() as folder:
        tree = CopyOfTree(Path(folder).resolve())
        right = tree.run(sorted({file for fault in faults for file in fault.tests}))
        if not right.passed:
            print(f"without any fault the tests must pass:\n{right.output}", file=sys.stderr)
            return 1
        print(f"{'fault':<56}{'s':>6}  noticed by")
        survivors = [fault for fault in faults if not _noticed(fault, tree)]
    print(f"{len(faults) - len(survivors)} of {len(faults)} faults noticed")
    return 1 if survivors else 0


def _wanted() -> Sequence[Fault]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", default=[""], help="only faults whose name or file contains one of these")
    words = parser.parse_args().words
    return [fault for fault in FAULTS if any(word in fault.name or word in fault.file for word in words)]


def _noticed(fault: Fault, tree: CopyOfTree) -> bool:
    try:
        with tree.with_fault(fault):
            verdict = tree.run(fault.tests)
    except LookupError as error:
        print(f"{fault.name:<56}{'':>6}  CANNOT BE MADE: {error.args[0]}", flush=True)
        return False
    print(f"{fault.name:<56}{verdict.seconds:>6.1f}  {_told(verdict)}", flush=True)
    return verdict.failed is not None


def _told(verdict: Verdict) -> str:
    if verdict.failed is not None:
        return verdict.failed
    return "NOBODY" if verdict.passed else f"NO TEST; the run broke:\n{verdict.output[-2000:]}"


if __name__ == "__main__":
    sys.exit(main())
