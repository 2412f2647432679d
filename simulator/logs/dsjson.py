"""DSJSON, the lines of Vowpal Wabbit's decision service: read, and written by the line writer of our own exports."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from simulator.logs.dsjson_features import features_of
from simulator.logs.faults import Faults, RowFault
from simulator.logs.lines import BadLine, Line, lines_of
from simulator.logs.rows import Numbered, Row, batches_of
from simulator.logs.schema import LoggedBatch

OURS = ("S", "A")
"""Namespaces of our own exports: their features' names are whole."""


@dataclass(frozen=True)
class DsjsonReader:
    """Reads a file of one decision a line. A line with several slots is none."""

    path: Path

    @property
    def taken_for(self) -> str:
        """See ``Reader.taken_for``."""
        return "DSJSON"

    def batches(self, faults: Faults, columns: Collection[str] | None = None) -> Iterator[LoggedBatch]:
        """See ``Reader.batches``."""
        return batches_of(self._rows(faults), columns)

    def _rows(self, faults: Faults) -> Iterator[Numbered]:
        for line in lines_of(self.path, "DSJSON"):
            if not line.text.strip():
                continue
            try:
                yield Numbered(line.number, row_of(line))
            except BadLine as bad:
                faults.add(RowFault(line.number, bad.field, bad.expected, bad.found))


def row_of(line: Line) -> Row:
    """One line as a row. Raises ``BadLine``."""
    said = _object(line)
    context = said.get("c")
    if not isinstance(context, dict):
        raise BadLine("c", "an object with the context", context)
    if "_slots" in context or "_outcomes" in said:
        raise BadLine("c._slots", "one decision a line", "several slots")
    actions = context.get("_multi")
    if not isinstance(actions, list) or not actions or not all(isinstance(each, dict) for each in actions):
        raise BadLine("c._multi", "a list of the candidates' objects", actions)
    chosen, propensity, reward = _label(said)
    return Row(
        id=_text(said, "EventId") or f"line-{line.number}",
        time=_time(said),
        context=features_of({name: value for name, value in context.items() if name != "_multi"}, OURS),
        candidates=_ids(actions),
        features=[features_of(each, OURS) for each in actions],
        pmf=_pmf(said, len(actions)),
        chosen=chosen,
        propensity=propensity,
        reward=reward,
        policy=_model(said),
        group=_text(said, "group"),
        keep=1.0 - _number(said, "pdrop", 0.0),
        learnable=said.get("_skipLearn") is not True,
    )


def _object(line: Line) -> dict[str, Any]:
    try:
        return msgspec.json.decode(line.text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise BadLine("line", "one JSON object", str(error)) from error


def _label(said: dict[str, Any]) -> tuple[int | None, float | None, float | None]:
    """Index of what was chosen, its probability, and the reward in its own units."""
    if "_label_cost" not in said:
        return None, None, None
    chosen = said.get("_labelIndex")
    action = said.get("_label_Action")
    if type(chosen) is not int or action != chosen + 1:
        raise BadLine("_labelIndex", "an index from 0, with _label_Action counting from 1", (chosen, action))
    cost = _number(said, "_original_label_cost" if "_original_label_cost" in said else "_label_cost")
    return chosen, _number(said, "_label_probability"), -cost


def _pmf(said: dict[str, Any], count: int) -> list[float] | None:
    """In the candidates' order; ``a`` counts from 1, or from 0 where it has a 0."""
    order, probabilities = said.get("a"), said.get("p")
    if not isinstance(order, list) or not isinstance(probabilities, list) or len(probabilities) < min(count, 2):
        return None
    first = 0 if 0 in order else 1
    if sorted(each if type(each) is int else -1 for each in order) != list(range(first, first + count)):
        raise BadLine("a", f"each of {count} candidates once", order)
    if len(probabilities) != count or not all(type(each) in (int, float) for each in probabilities):
        raise BadLine("p", f"{count} numbers, as many as candidates", probabilities)
    placed = dict(zip(order, probabilities, strict=True))
    return [float(placed[first + index]) for index in range(count)]


def _ids(actions: list[dict[str, Any]]) -> list[str]:
    """The candidates' tags, or their numbers from 1 where they have none, or not each its own."""
    tags = [each.get("_tag") for each in actions]
    if all(isinstance(tag, str) for tag in tags) and len(set(tags)) == len(tags):
        return [str(tag) for tag in tags]
    return [str(number) for number in range(1, len(actions) + 1)]


def _time(said: dict[str, Any]) -> int | None:
    given = _text(said, "Timestamp")
    if given is None:
        return None
    try:
        time = datetime.fromisoformat(given.removesuffix("Z") + "+00:00")
    except ValueError as error:
        raise BadLine("Timestamp", "a time of ISO 8601", given) from error
    return round(time.timestamp() * 1_000_000)


def _model(said: dict[str, Any]) -> str | None:
    state = said.get("VWState")
    return _text(state, "m") if isinstance(state, dict) else None


def _text(said: dict[str, Any], key: str) -> str | None:
    value = said.get(key)
    return value if isinstance(value, str) and value else None


def _number(said: dict[str, Any], key: str, default: float | None = None) -> float:
    value: Any = said.get(key, default)
    if type(value) not in (int, float) or not math.isfinite(value):
        raise BadLine(key, "a number", value)
    return float(value)


def dsjson_lines(batches: Iterable[LoggedBatch], low: float = 0.0, high: float = 1.0) -> Iterator[bytes]:
    """Lines of a log, each with its end; rows without a chosen action or a reward are left out.

    Args:
        low, high: the range of rewards, which ``_label_cost`` scales to [0, -1].
    """
    from simulator.logs.dsjson_write import written

    for batch in batches:
        yield from written(batch, low, high)
