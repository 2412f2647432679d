"""Lines of Vowpal Wabbit's text format: label, namespaces and features. Every number is checked here."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulator.logs.lines import BadLine

SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Cost:
    """One part of a contextual-bandit label: an action, and what choosing it cost, if it was chosen."""

    action: int
    cost: float | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """One line: whether it is the shared one, its costs and its features."""

    shared: bool
    costs: tuple[Cost, ...]
    features: dict[str, float]

    @property
    def known(self) -> list[Cost]:
        """Costs of what was chosen."""
        return [each for each in self.costs if each.cost is not None]


def parsed(line: str) -> Example:
    """A line with a label of ``--cb`` or ``--cb_adf``, or with none. Raises ``BadLine``."""
    label, bar, rest = line.partition("|")
    if not bar:
        raise BadLine("line", "features after a bar |", line[:40])
    words = label.split()
    shared = words[:1] == [SHARED]
    if shared:
        words = words[1:]
    elif words and label[-1:] not in (" ", "\t") and (":" not in words[-1] or words[-1].startswith("'")):
        words = words[:-1]  # what touches the bar is a tag
    words = [word for word in words if not word.startswith("'")]
    return Example(shared, tuple(_cost(word) for word in words), _features(bar + rest))


def _cost(word: str) -> Cost:
    parts = word.split(":")
    if len(parts) not in (1, 3) or not parts[0].isdecimal():
        raise BadLine("label", "action, or action:cost:probability", word)
    if len(parts) == 1:
        return Cost(int(parts[0]))
    return Cost(int(parts[0]), _number("cost", parts[1]), _number("probability", parts[2]))


def _features(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in text.split("|")[1:]:
        prefix, weight = "", 1.0
        words = part.split()
        if words and not part[:1].isspace():
            name, _, given = words.pop(0).partition(":")
            prefix, weight = f"{name}^" if name else "", _number("namespace", given) if given else 1.0
        for word in words:
            name, _, given = word.rpartition(":") if ":" in word else (word, "", "1")
            found[f"{prefix}{name}"] = found.get(f"{prefix}{name}", 0.0) + weight * _number("feature", given)
    return {name: value for name, value in found.items() if value}


def _number(field: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise BadLine(field, "a number", text) from None
    if not math.isfinite(value):
        raise BadLine(field, "a finite number", text)
    return value
