"""What one run or replay of a policy has measured; it knows neither its labels nor its place in an experiment."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["world", "log"]
Trust = Literal["trust", "caution", "not evaluable"]


class ActionShare(msgspec.Struct, frozen=True, kw_only=True):
    """How often an action is shown.

    Attributes:
        share: of all decisions; on a log, the mean probability that the policy gives it.
        late: of the last fifth of a run; ``None`` on a log.
    """

    action: str
    share: float
    late: float | None = None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the decisions, looked at by themselves: a segment of a world's users, a day of a log.

    Attributes:
        name: empty for all decisions together.
        value: mean reward a decision; ``None`` where it is not evaluable.
        influence: of each block of a log's units on the value, see ``blocks``; empty in a world.
    """

    name: str
    decisions: int
    value: float | None
    influence: tuple[float, ...] = ()


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Regret summed over the rounds up to each mark; empty on a log, whose best actions nobody knows."""

    rounds: tuple[int, ...] = ()
    regret: tuple[float, ...] = ()


class Weighing(msgspec.Struct, frozen=True, kw_only=True):
    """What importance weights leave of a log, see ``simulator.audit``.

    Attributes:
        learned: from how many decisions the policy learned.
    """

    rows: int
    learned: int
    effective: float
    largest: float
    top_share: float
    mean_weight: float
    unsupported: float


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of a grid.

    Attributes:
        whole: all decisions; ``parts``: some of them.
        earned: what was really earned a decision; ``best``: what the best candidates would have. Worlds only.
        reasons: for the ``verdict``, in words, worst first.
        own_history: whether chance decided what the policy learned.
    """

    kind: Kind
    whole: Part
    parts: tuple[Part, ...] = ()
    earned: float | None = None
    best: float | None = None
    curve: Curve = Curve()
    shares: tuple[ActionShare, ...] = ()
    weights: Weighing | None = None
    verdict: Trust = "trust"
    reasons: tuple[str, ...] = ()
    own_history: bool = True

    def part(self, name: str) -> Part | None:
        """The part of this name, the whole for ``""``; ``None`` if there is none."""
        return next((part for part in (self.whole, *self.parts) if part.name == name), None)
