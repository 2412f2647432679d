"""A process that decides and reports through a journal of several shards, and says what was acknowledged.

    python -m tests.e2e.shard_writer URL NAME

One line of JSON for each acknowledged record: its shard, kind, key and position. What fails is sent again, as clients
do, until it is acknowledged. Ends when its input does.
"""

from __future__ import annotations

import json
import select
import sys
import time
from itertools import count

from engine.errors import JournalError
from engine.journal.base import Appended
from engine.journal.open import open_shards
from engine.journal.shards import Shards
from engine.records.codec import kind_of
from engine.records.schema import AnyRecord, OutcomeRecord
from tests.sample_decision import decision

PAUSE_S = 0.02
"""Before something that failed is sent again."""


def main(url: str, name: str) -> None:
    shards = open_shards(url)
    placements = [_placement(shards, shard) for shard in shards.everywhere]
    for turn in count():
        if select.select([sys.stdin], [], [], 0)[0]:
            return
        placement = placements[turn % len(placements)]
        decided = decision(f"{name}-{turn}", placement, sealed=b"x" * 500)
        outcome = OutcomeRecord(id="o", decision_id=decided.id, metric="click", value=1.0)
        for record in (decided, outcome):
            place = _until_acknowledged(shards, record)
            said = [shards.of(placement), kind_of(record), record.idempotency_key, place.position]
            print(json.dumps(said), flush=True)


def _until_acknowledged(shards: Shards, record: AnyRecord) -> Appended:
    while True:
        try:
            return shards.append([record])[0]
        except JournalError:
            time.sleep(PAUSE_S)


def _placement(shards: Shards, shard: int) -> str:
    return next(name for name in map(str, count()) if shards.of(name) == shard)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
