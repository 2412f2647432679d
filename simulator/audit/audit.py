"""What can be said of a log before any number: collected over batches in any order, then judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce

from simulator.audit.actions import Actions
from simulator.audit.rows import Rows
from simulator.audit.shared_seed import Agreement
from simulator.audit.weights import Weights
from simulator.logs.schema import Array, Indices, LoggedBatch, Propensities
from simulator.ope.evaluated import Evaluated


@dataclass(frozen=True, slots=True)
class Audit:
    """All that a verdict is made of; ``merge`` is associative and commutative to rounding, ``Audit()`` its neutral.

    Attributes:
        rows: what became of the log's rows.
        weights: of the target on the usable ones.
        actions: how often each was chosen, and should have been.
        agreement: of the target's draws with the logger's; empty if the target drew nothing.
        bad: rows that were split off when the log was read.
        propensities: ``estimated`` if those of any row are.
    """

    rows: Rows = field(default_factory=Rows)
    weights: Weights = field(default_factory=Weights)
    actions: Actions = field(default_factory=Actions)
    agreement: Agreement = field(default_factory=Agreement)
    bad: int = 0
    propensities: Propensities = "logged"

    @classmethod
    def of(
        cls,
        batch: LoggedBatch,
        evaluated: Evaluated,
        rows: Rows,
        *,
        target_pmf: Array | None = None,
        drawn: Indices | None = None,
    ) -> Audit:
        """Of one batch.

        Args:
            batch: the usable rows, as ``sifted`` gave them; ``rows`` is what became of the others.
            evaluated: the same rows, with what the target says of them.
            target_pmf: the target's probabilities of all candidates of all rows, as ``batch.actions`` has them; without
                it nothing is said of actions that the logger could not choose.
            drawn: what the target drew in each row, where it draws instead of giving probabilities.
        """
        return cls(
            rows,
            Weights.of(batch, evaluated),
            Actions.of(batch, target_pmf) if "candidates" in batch.rows.schema.names else Actions(),
            Agreement() if drawn is None else Agreement.of(batch, evaluated, drawn),
            propensities=batch.propensities,
        )

    def merge(self, other: Audit) -> Audit:
        """Of both sets of rows together."""
        return Audit(
            self.rows.merge(other.rows),
            self.weights.merge(other.weights),
            self.actions.merge(other.actions),
            self.agreement.merge(other.agreement),
            self.bad + other.bad,
            "estimated" if "estimated" in (self.propensities, other.propensities) else "logged",
        )


def merged(parts: Iterable[Audit]) -> Audit:
    """Of all parts together."""
    return reduce(Audit.merge, parts, Audit())
