"""A process that appends to a journal and says which records were acknowledged; it may be killed anywhere.

    python journal_writer.py URL NAME BATCHES [DURABILITY]

Each batch is two outcomes, so that a torn batch shows.
"""

from __future__ import annotations

import sys

from engine.journal.base import Durability
from engine.journal.open import open_journal
from engine.records.schema import OutcomeRecord


def main(url: str, name: str, batches: int, durability: Durability = "power") -> None:
    journal = open_journal(url, durability=durability)
    for i in range(batches):
        pair = [OutcomeRecord(id=f"{name}-{i}-{half}", decision_id=name, metric="m", value=float(i)) for half in "ab"]
        journal.append(pair)
        print(i, flush=True)
    journal.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])  # type: ignore[arg-type]
