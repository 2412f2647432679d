"""Which columns of somebody's table are what of a log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.logged.mapping import FeatureKind, LogMapping

NAMED_ALIKE = ("id", "time", "unit", "policy", "position", "group", "keep")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Columns by their use.

    Attributes:
        reward, action: of the row, and the id of the action that was shown.
        propensity: the column with the probability of what was shown, one number for all rows, or one an action;
            ``None`` where it was not logged.
        uniform: every candidate was equally probable; stands in for ``propensity``.
        actions: ids of the candidates of every row, or the column with each row's list; those in the file, if empty.
        pmf: the column with the probabilities of the candidates.
        features: column → what it holds: the context.
        id: the row's number, if ``None``.
        time, unit, policy, position, group, keep: as in ``LOG``.
    """

    reward: str
    action: str
    propensity: str | float | Mapping[str, float] | None = None
    uniform: bool = False
    actions: str | tuple[str, ...] = ()
    pmf: str | None = None
    features: Mapping[str, FeatureKind] = field(default_factory=dict)
    id: str | None = None
    time: str | None = None
    unit: str | None = None
    policy: str | None = None
    position: str | None = None
    group: str | None = None
    keep: str | None = None

    @classmethod
    def of_experiment(cls, mapping: LogMapping, metric: str | None = None) -> Columns:
        """A randomised experiment's mapping, with one of its metrics as the reward (the first, if ``None``)."""
        chosen = metric or next(iter(mapping.metrics))
        return cls(
            reward=mapping.column_of(chosen),
            action=mapping.arm,
            propensity=mapping.propensity,
            uniform=mapping.propensity is None,
            actions=tuple(mapping.arms),
            features=mapping.features,
            unit=mapping.user,
        )

    @property
    def used(self) -> dict[str, str]:
        """Column → what of the log is made of it."""
        return dict(self._used())

    def _used(self) -> Iterator[tuple[str, str]]:
        for name in ("reward", "action", "propensity", "actions", "pmf", *NAMED_ALIKE):
            column = getattr(self, name)
            if isinstance(column, str):
                yield column, name
        for column in self.features:
            yield column, "context"
