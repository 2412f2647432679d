"""Rows of a batch as the examples that policies learn from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import msgspec
import numpy as np

from engine.types import Candidate, TrainingExample
from simulator.logs.schema import LoggedBatch

Named = list[tuple[str, float]]


def examples(batch: LoggedBatch, low: float, high: float) -> Iterator[TrainingExample]:
    """See ``LoggedBatch.decisions``."""
    wanted = batch.filter((batch.chosen >= 0) & ~np.isnan(batch.reward))
    contexts = wanted.column("context").to_pylist() if wanted.has("context") else [None] * len(wanted)
    features = wanted.column("features").to_pylist() if wanted.has("features") else [None] * len(wanted)
    rewards = np.clip((wanted.reward - low) / (high - low), 0.0, 1.0).tolist()
    rows = zip(contexts, wanted.column("candidates").to_pylist(), features, rewards, strict=True)
    chosen, propensity = wanted.chosen.tolist(), wanted.propensity.tolist()
    known: dict[str, Candidate] = {}
    newest: tuple[list[str], list[Named] | None] | None = None
    candidates: tuple[Candidate, ...] = ()
    for row, (context, ids, named, reward) in enumerate(rows):
        if newest != (ids, named):  # rows that offer the same share one tuple: whoever learns them sees that at once
            newest = (ids, named)
            candidates = tuple(
                _candidate(known, id, None if named is None else named[index]) for index, id in enumerate(ids)
            )
        yield TrainingExample(_features(context), candidates, chosen[row], propensity[row], reward)


def _candidate(known: dict[str, Candidate], id: str, named: Named | None) -> Candidate:
    """An action without features of its own is told from others by its id."""
    if named is None and id in known:
        return known[id]
    features = {f"id={id}": 1.0} if named is None else _features(named)
    content = msgspec.json.encode([id, features], order="deterministic")
    candidate = Candidate(id, hashlib.blake2b(content, digest_size=16).hexdigest(), features)
    if named is None:
        known[id] = candidate
    return candidate


def _features(named: Named | None) -> Mapping[str, float]:
    return {name: value for name, value in named or () if value}
