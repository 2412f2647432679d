"""Records that go to several shards, and one answer for each record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from engine.journal.base import Appended

Route = tuple[int, ...]
"""The shards that one record goes to."""


def by_shard(routes: Sequence[Route]) -> dict[int, list[int]]:
    """Shard → the places, among the records, of those that go there; in their order."""
    indices: defaultdict[int, list[int]] = defaultdict(list)
    for index, route in enumerate(routes):
        for shard in route:
            indices[shard].append(index)
    return dict(sorted(indices.items()))


def answers(indices: Mapping[int, Sequence[int]], places: Mapping[int, Sequence[Appended]]) -> list[Appended]:
    """What became of each record: its place in its first shard; a duplicate if it was in all of them before."""
    found: dict[int, Appended] = {}
    for shard, own in indices.items():
        for index, place in zip(own, places[shard], strict=True):
            found[index] = _together(found[index], place) if index in found else place
    return [found[index] for index in sorted(found)]


def _together(first: Appended, other: Appended) -> Appended:
    return first._replace(duplicate=first.duplicate and other.duplicate, spooled=first.spooled or other.spooled)
