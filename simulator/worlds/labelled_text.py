"""A classification set in Vowpal Wabbit's text: ``<class> | feature:value …``, as the bake-off's sets have it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.encode.codes import Encoded, logarithmic
from engine.encode.names import safe
from simulator.logged.errors import LogRefused
from simulator.logs.lines import BadLine, lines_of
from simulator.logs.vw_label import Example, parsed
from simulator.logs.vw_text import EXPECTED
from simulator.worlds.labelled import FEWEST_VALUES, Labelled, labelled

USUAL = 0.5
"""Features that so great a part of the rows have are numbers of every row, 0 where they are not mentioned."""


def read_labelled_text(path: Path) -> Labelled:
    """Numbers of every row are kept as they are, others, such as counts of words, by their logarithm.

    Raises:
        LogRefused: no rows, or a line that has no class or no features that can be read.
        UnreadableLog: the file cannot be read to its end.
    """
    labels: list[str] = []
    rows: list[Mapping[str, float]] = []
    for line in lines_of(path, EXPECTED):
        if not line.text.strip():
            continue
        try:
            example = parsed(line.text)
            labels.append(_class(example))
        except BadLine as bad:
            where = f"{path}: line {line.number}: {bad.field}"
            raise LogRefused(f"{where}: expected {bad.expected}, found {bad.found}") from bad
        rows.append(example.features)
    usual = _usual(rows)
    numbers = {safe(name): [row.get(name, 0.0) for row in rows] for name in usual}
    return labelled(path, labels, numbers, _others(rows, frozenset(usual)))


def _class(example: Example) -> str:
    if example.shared or len(example.costs) != 1 or example.costs[0].cost is not None:
        raise BadLine("label", "one class", "shared" if example.shared else [cost.action for cost in example.costs])
    return str(example.costs[0].action)


def _usual(rows: Sequence[Mapping[str, float]]) -> list[str]:
    found = Counter(name for row in rows for name in row)
    often = {name for name, count in found.items() if count >= USUAL * len(rows)}
    values: dict[str, set[float]] = defaultdict(set)
    for row in rows:
        for name in often & row.keys():
            values[name].add(row[name])
    return sorted(name for name in often if len(values[name]) >= FEWEST_VALUES)


def _others(rows: Sequence[Mapping[str, float]], usual: frozenset[str]) -> list[Encoded]:
    codes = {name: logarithmic(name) for row in rows for name in row}
    others: list[Encoded] = []
    for row in rows:
        encoded: Encoded = {}
        for name, value in row.items():
            if name not in usual:
                codes[name].add(value, encoded)
        others.append(encoded)
    return others
