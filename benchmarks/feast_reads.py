"""Feast's own online read, timed in a process of its own: importing Feast would burden whoever measures.

``python -m benchmarks.feast_reads HOME``: for every line with a number of calls it prints microseconds a call.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from api.settings import SHIPPED_REPO
from benchmarks.people import keys_of
from features.plan import load
from features.registry.compile import open_feast
from features.repository import plan_path

READY = "ready"


def main(home: Path, people: int) -> None:
    """Answer until the other side hangs up."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what Feast prints must not get between the replies
    store = open_feast(SHIPPED_REPO)
    views = load(plan_path(home)).stored_views
    features = [f"{view.name}:{feature.name}" for view in views for feature in view.features]
    print(READY, file=replies)
    for line in sys.stdin:
        calls = int(line)
        start = time.perf_counter()
        for number in range(calls):
            store.get_online_features(features=features, entity_rows=[keys_of(number % people)]).to_dict()
        print((time.perf_counter() - start) / calls * 1e6, file=replies)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
