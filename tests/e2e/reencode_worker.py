"""A process that has a journal and its keys, and nothing else: what each context was encoded to, as digests."""

from __future__ import annotations

import hashlib
import json
import sys
from contextlib import closing
from pathlib import Path

import msgspec

from engine.example import ExampleMaker
from engine.journal.sqlite import SqliteJournal
from engine.records.keys import KeyTable
from engine.records.schema import ControlRecord, DecisionRecord
from engine.records.sealing import Sealer
from engine.refold import records_of


def digest(encoded: dict[str, float]) -> str:
    """Of names, values to the last bit, and their order."""
    return hashlib.blake2b(msgspec.msgpack.encode(list(encoded.items())), digest_size=8).hexdigest()


def main(folder: Path) -> None:
    maker = ExampleMaker(Sealer(KeyTable(folder / "keys.db")))
    with closing(SqliteJournal(folder / "journal.db")) as journal:
        for stored in records_of(journal):
            if isinstance(stored.record, ControlRecord):
                maker.observe(stored.record)
            elif isinstance(stored.record, DecisionRecord):
                example = maker.make(stored.record, maker.open(stored.record), 0.0)
                print(json.dumps([stored.record.encoder_version, digest(example.shared)]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
