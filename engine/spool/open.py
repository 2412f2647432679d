"""The journal as a serving process has it: what it cannot take now waits on the local disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.journal.base import BeforeCommit, Lookup
from engine.journal.lookup import InlineLookup, ThreadedLookup
from engine.journal.sharded_commits import ShardedCommits
from engine.journal.sharded_lookup import ShardedLookup
from engine.journal.shards import Shards
from engine.spool.commits import SpoolingCommits
from engine.spool.folder import MAX_BYTES
from engine.spool.lookup import SpoolLookup
from engine.spool.spool import Spool
from engine.spool.watch import SpoolWatch


@dataclass(frozen=True, slots=True)
class Spooled:
    """Both faces of a journal with spools.

    Attributes:
        shards: the committers of the shards, in their order.
    """

    commits: ShardedCommits
    lookup: SpoolLookup
    shards: tuple[SpoolingCommits, ...]


def spooled(
    shards: Shards,
    folder: Path,
    *,
    local: bool,
    watch: SpoolWatch,
    before_append: BeforeCommit | None = None,
    max_bytes: int = MAX_BYTES,
) -> Spooled:
    """Put a spool before every shard.

    Args:
        folder: below which every shard has a folder of its own.
        local: the journal is a file of this machine, so that looking something up waits for nothing.
        before_append: as the journal has it.
        max_bytes: of one process and one shard.
    """
    each = tuple(
        SpoolingCommits(journal, Spool(folder / name, max_bytes, before_append), watch, name)
        for name, journal in zip(shards.names, shards.journals, strict=True)
    )
    lookup = SpoolLookup(InlineLookup(shards) if local else _threaded(shards, each), [one.spool for one in each])
    return Spooled(ShardedCommits(shards, each, lookup), lookup, each)


def _threaded(shards: Shards, each: Sequence[SpoolingCommits]) -> Lookup:
    lookups = [ThreadedLookup(journal, one.breaker) for journal, one in zip(shards.journals, each, strict=True)]
    return lookups[0] if len(lookups) == 1 else ShardedLookup(shards, lookups)
