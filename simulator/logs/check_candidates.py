"""Candidates are told apart by their ids, and their features are theirs by place: both must be so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from simulator.logs.finding import Finding, null, rows_with
from simulator.logs.schema import Indices, LoggedBatch, Mask, offsets_of
from simulator.logs.single import LARGEST

_NUMBER = "finite numbers that 32 bits can hold"


def of_candidates(batch: LoggedBatch) -> Iterator[Finding]:
    """Each row's candidates have an id, and each its own."""
    nameless = batch.actions.is_null().to_numpy(zero_copy_only=False)
    candidates = batch.column("candidates")
    if batch.actions.null_count:
        yield Finding(rows_with(nameless, batch.offsets), "candidates", "an id each", candidates)
    yield Finding(_repeated(batch), "candidates", "each candidate once", candidates)


def of_context(batch: LoggedBatch) -> Iterator[Finding]:
    """Features of the situation are numbers."""
    maps = batch.column("context")
    yield Finding(_wrong(maps), "context", _NUMBER, maps)


def of_features(batch: LoggedBatch, has_candidates: bool) -> Iterator[Finding]:
    """Features of each candidate are there for each candidate, and are numbers."""
    lists = batch.column("features")
    if lists.null_count == len(lists):
        return
    counts = offsets_of(lists)
    if has_candidates:
        missing = ~null(batch, "features") & (np.diff(counts) != np.diff(batch.offsets))
        yield Finding(missing, "features", "those of each candidate", np.diff(counts))
    yield Finding(rows_with(_wrong(lists.flatten()), counts), "features", _NUMBER, lists)


def _wrong(maps: Any) -> Mask:
    """Which of the maps have values that are no numbers of any use."""
    ends = maps.offsets.to_numpy().astype(np.int64)
    values = maps.items[ends[0] : ends[-1]].to_numpy(zero_copy_only=False)
    return rows_with(~(np.abs(values) <= LARGEST), ends - ends[0])


def _repeated(batch: LoggedBatch) -> Mask:
    counts = np.diff(batch.offsets)
    codes: Indices = batch.actions.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
    if len(counts) and counts.min() == counts.max() and _alike(codes.reshape(len(counts), -1)):
        return np.full(len(counts), len(np.unique(codes[: counts[0]])) < counts[0])
    rows = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((codes, rows))
    again = (np.diff(codes[order]) == 0) & (np.diff(rows[order]) == 0)
    return np.bincount(rows[order][1:][again], minlength=len(counts)) > 0


def _alike(codes: Indices) -> bool:
    """Whether all rows offer the same, in the same order."""
    return bool((codes == codes[0]).all())
