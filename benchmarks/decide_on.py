"""Decisions in process, one after the other, for whoever wants to look on.

``python -m benchmarks.decide_on HOME``: says that it is ready, goes on until standard input ends, and says how many
microseconds a decision took.
"""

from __future__ import annotations

import select
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from benchmarks.in_process import as_after_warm_up, engine_in

READY = "ready"
USERS = 200
BETWEEN_LOOKS = 256


def main(home: Path) -> None:
    """Decide until told to stop."""
    with tempfile.TemporaryDirectory() as folder:
        engine = engine_in(Path(folder), home, USERS)
        engine.records(range(BETWEEN_LOOKS))
        with as_after_warm_up():
            print(READY, flush=True)
            start, numbers = time.perf_counter(), count()
            while not select.select([sys.stdin], [], [], 0)[0]:
                for _ in range(BETWEEN_LOOKS):
                    engine.decide(next(numbers))
            print((time.perf_counter() - start) / next(numbers) * 1e6)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
