"""File and mapping → experiment. Nothing is dropped silently: what cannot be used is kept as a fault with its line."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from feature_repo.table.schema import VIEW
from features.schema import FeatureSpec
from simulator.logged.cells import RowReader
from simulator.logged.errors import LogRefused
from simulator.logged.experiment import Arm, Experiment, LoggedRow, RowFault
from simulator.logged.mapping import LONGEST_LABEL, ArmSpec, FeatureKind, LogMapping, action_id, feature_name
from simulator.logged.mapping_file import MOST_ARMS
from simulator.logged.table import Table, read_table

FAULTS_NAMED = 10
TELLING, MOST_ERRORS, TOLERANCE = 100, 6.0, 0.05
"""From how many rows on a mean tells anything, and how far it may be from what it should be: in its standard errors,
and as a share, for what was rounded."""


def read_experiment(path: Path, mapping: LogMapping) -> Experiment:
    """The experiment in a file.

    Raises:
        LogRefused: no such table, a greater share of bad rows than the mapping allows, fewer than two arms, or
            propensities that cannot be those of the arms that were drawn.
    """
    table = read_table(path, [*mapping.columns, *mapping.features])
    arms = _arms(table, mapping)
    reader = RowReader(table, mapping, {arm.label: arm.id for arm in arms})
    read = [reader.read(line) for line in table.lines]
    rows = tuple(row for row in read if isinstance(row, LoggedRow))
    faults = tuple(fault for fault in read if isinstance(fault, RowFault))
    _require_most(table, mapping, rows, faults)
    _require_propensities(table, len(arms), [row.propensity for row in rows])
    ranges = {metric: spec.range or _span(rows, metric) for metric, spec in mapping.metrics.items()}
    return Experiment(mapping, arms, _features(mapping, rows), ranges, rows, faults)


def _arms(table: Table, mapping: LogMapping) -> tuple[Arm, ...]:
    specs = mapping.arms or dict.fromkeys(_labels(table, mapping), ArmSpec())
    arms = tuple(Arm(action_id(label), label, spec) for label, spec in specs.items())
    if not 2 <= len(arms) <= MOST_ARMS:
        raise LogRefused(f"{table.path}: {mapping.arm}: expected 2 to {MOST_ARMS} arms, found {len(arms)}")
    _require_labels(table, mapping, arms)
    missing = {arm.label for arm in arms} - _priced(mapping, arms)
    if missing or mapping.baseline not in {None, *specs}:
        found = ", ".join(sorted(missing)) or mapping.baseline
        raise LogRefused(f"{table.path}: expected the mapping's arms to be those of the file, found {found}")
    return arms


def _require_labels(table: Table, mapping: LogMapping, arms: Sequence[Arm]) -> None:
    ids = Counter(arm.id for arm in arms)
    unusable = [arm.label[:80] for arm in arms if not arm.id or ids[arm.id] > 1 or len(arm.label) > LONGEST_LABEL]
    if unusable:
        expected = f"labels of at most {LONGEST_LABEL} characters whose letters a-z and digits tell them apart"
        found = ", ".join(repr(label) for label in unusable)
        raise LogRefused(f"{table.path}: {mapping.arm}: expected {expected}, found {found}")


def _labels(table: Table, mapping: LogMapping) -> list[str]:
    at = table.index(mapping.arm)
    return sorted({line.cells[at] for line in table.lines if len(line.cells) == len(table.header)} - {""})


def _priced(mapping: LogMapping, arms: Sequence[Arm]) -> set[str]:
    given = mapping.propensity
    return set(given) if isinstance(given, dict) else {arm.label for arm in arms}


def _require_most(table: Table, mapping: LogMapping, rows: Sequence[LoggedRow], faults: Sequence[RowFault]) -> None:
    if rows and len(faults) <= mapping.max_bad_share * len(table.lines):
        return
    named = [f"  {fault}" for fault in faults[:FAULTS_NAMED]]
    counted = f"expected at most {mapping.max_bad_share:.2%} bad rows, found {len(faults):,} of {len(table.lines):,}"
    raise LogRefused("\n".join([f"{table.path}: {counted}", *named]))


def _require_propensities(table: Table, arms: int, propensities: Sequence[float]) -> None:
    """Where each arm can be drawn for each row, 1 / p of the drawn ones is on average the number of arms."""
    weights = 1.0 / np.asarray(propensities)
    mean, error = float(weights.mean()), float(weights.std()) / math.sqrt(len(weights))
    if len(weights) >= TELLING and abs(mean - arms) > MOST_ERRORS * error + TOLERANCE * arms:
        expected = f"probabilities p of the arms that were drawn, with 1 / p = {arms} on average"
        raise LogRefused(f"{table.path}: propensity: expected {expected}, found {mean:.3g}")


def _span(rows: Sequence[LoggedRow], metric: str) -> tuple[float, float]:
    values = [row.metrics[metric] for row in rows]
    low, high = min(0.0, *values), max(0.0, *values)
    return (low, high) if low < high else (0.0, 1.0)


def _features(mapping: LogMapping, rows: Sequence[LoggedRow]) -> tuple[FeatureSpec, ...]:
    return tuple(_feature(column, kind, rows) for column, kind in mapping.features.items())


def _feature(column: str, kind: FeatureKind, rows: Sequence[LoggedRow]) -> FeatureSpec:
    name = feature_name(column)
    if kind != "number":
        return FeatureSpec(VIEW, name, "string", "", column, free_text=kind == "text")
    values = [float(row.features[name]) for row in rows]
    low, high = min(values), max(values)
    return FeatureSpec(VIEW, name, "float", 0.0, column, range=(low, high) if low < high else None)
