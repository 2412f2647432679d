"""Reads a mapping and checks it: every problem at once, each with its line, its key and what was expected."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from engine.config_rules import template_faults
from engine.config_shape import shape_faults
from engine.eligibility import RULE_ROOTS
from engine.marked_yaml import Fault
from engine.yaml_problems import problems, read, refuse
from simulator.logged.mapping import LogMapping, MetricSpec, action_id, feature_name

MOST_ARMS = 200
_SUM_TOLERANCE = 1e-6


def load(path: Path) -> LogMapping:
    """The mapping in a file. Raises ``ConfigError`` that lists every problem."""
    marked = read(path)
    faults = list(shape_faults(marked.value, LogMapping))
    if not faults:
        faults += _meaning_faults(msgspec.convert(marked.value, LogMapping))
    refuse(path, problems(marked, faults))
    return msgspec.convert(marked.value, LogMapping)


def _meaning_faults(mapping: LogMapping) -> Iterator[Fault]:
    yield from _arm_faults(mapping)
    yield from _propensity_faults(mapping)
    yield from _feature_faults(mapping)
    for name, metric in mapping.metrics.items():
        yield from _metric_faults(name, metric)


def _arm_faults(mapping: LogMapping) -> Iterator[Fault]:
    if mapping.arms and not 2 <= len(mapping.arms) <= MOST_ARMS:
        yield Fault(("arms",), f"2 to {MOST_ARMS} arms, or none to take those in the file", str(len(mapping.arms)))
    yield from _name_faults("arms", mapping.arms, action_id, "a label that makes an id no other label makes")
    if mapping.arms and mapping.baseline is not None and mapping.baseline not in mapping.arms:
        yield Fault(("baseline",), "one of the arms", repr(mapping.baseline))
    for label, arm in mapping.arms.items():
        if arm.text is not None:
            yield from template_faults(arm.text, RULE_ROOTS, ("arms", label, "text"))


def _propensity_faults(mapping: LogMapping) -> Iterator[Fault]:
    given = mapping.propensity
    if isinstance(given, dict):
        if mapping.arms and given.keys() != mapping.arms.keys():
            yield Fault(("propensity",), "a probability for each arm, and for no other", ", ".join(given) or "none")
        if abs(math.fsum(given.values()) - 1.0) > _SUM_TOLERANCE or not all(given.values()):
            yield Fault(("propensity",), "probabilities above 0 that sum to 1", f"{math.fsum(given.values()):g}")
    elif isinstance(given, float) and not given:
        yield Fault(("propensity",), "a probability above 0", "0")


def _feature_faults(mapping: LogMapping) -> Iterator[Fault]:
    yield from _name_faults("features", mapping.features, feature_name, "a column that makes a name of its own")
    for column in mapping.features.keys() & mapping.columns.keys():
        expected = f"a column that is not {mapping.columns[column]}: a policy must not know it beforehand"
        yield Fault(("features", column), expected, repr(column))


def _name_faults(key: str, labels: Iterable[str], name_of: Callable[[str], str], expected: str) -> Iterator[Fault]:
    taken: set[str] = set()
    for label in labels:
        name = name_of(label)
        if not name or name in taken:
            yield Fault((key, label), expected, repr(name))
        taken.add(name)


def _metric_faults(name: str, metric: MetricSpec) -> Iterator[Fault]:
    if metric.range is None:
        return
    low, high = metric.range
    if not low <= 0.0 <= high or not low < high:
        found = f"[{low:g}, {high:g}]"
        yield Fault(("metrics", name, "range"), "two numbers, the smaller first, with 0 between them", found)
