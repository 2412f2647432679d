"""How likely users are to buy, or to leave: learned from what others did, judged on what came later."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import numpy as np
import sklearn

from features.errors import PredictionError
from features.predictions.auc import Auc, auc_of
from features.predictions.calibration import Method, calibration
from features.predictions.calibration_plot import calibration_plot
from features.predictions.models import Kind, goes_by, matrix_of, trained
from features.predictions.past_outcomes import Parts, parts_of
from features.predictions.reliability import Reliability, reliability
from features.predictions.shelf import Shelf, version_at
from features.predictions.table import Floats, Ints, Table

Of = Literal["conversion", "churn"]
CHANCE = 0.5
DOMINANT, LEAST_DOMINANT = 0.5, 0.1
"""A column that carries more of what is better than chance, and so much AUC, may be telling the outcome itself."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Some rows with a known outcome, and the share of them in which it happened."""

    rows: int
    rate: float


class Propensity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fit, in figures. There is no model to load: predictions are made when it is fitted.

    Attributes:
        at_us: when its rows were read, microseconds since the epoch.
        outcome: the column that says whether it happened.
        unknown_outcomes: rows whose outcome is not known yet.
        aucs: of either model on the rows to calibrate on, before it has learned from them; ``kind`` was taken.
        losses: of either calibration, log loss on later rows of that part.
        auc: on the test, of which the model knows nothing; ``test`` says the same of its probabilities.
        goes_by: column → AUC that is lost on the test when its values are shuffled.
    """

    manifest_version: int = 1
    version: str
    at_us: int
    of: Of
    target: str
    source: str
    outcome: str
    columns: tuple[str, ...]
    left_out: dict[str, str]
    unknown_outcomes: int
    parts: dict[str, Part]
    seed: int
    kind: Kind
    aucs: dict[Kind, float]
    method: Method
    losses: dict[Method, float]
    auc: Auc
    reliability: Reliability
    goes_by: dict[str, float]
    made_with: str

    @property
    def dominant(self) -> str | None:
        """A column that may be telling the outcome itself: is it known beforehand?"""
        column, loss = next(iter(self.goes_by.items()))
        return column if loss > max(LEAST_DOMINANT, DOMINANT * (self.auc.value - CHANCE)) else None

    @property
    def ranks(self) -> bool:
        """Whether it tells users apart, beyond chance, in rows that are later than those it was learned from."""
        return self.auc.low > CHANCE

    @property
    def verdict(self) -> str:
        """What it is good for, in words."""
        if not self.ranks:
            return (
                "of no use: in later rows it does not tell beyond chance who will from who will not; nothing is written"
            )
        return self.reliability.verdict


class Asked(NamedTuple):
    """What to fit."""

    of: Of
    outcome: str
    target: str
    source: str
    at_us: int
    seed: int

    @property
    def version(self) -> str:
        """What the fit will be called."""
        return version_at(self.at_us)


class Fitted(NamedTuple):
    """What was found: ``plot`` is an SVG, ``predicted`` a probability for each row of the table."""

    propensity: Propensity
    plot: str
    predicted: Floats


def fit_propensity(table: Table, happened: Floats, times: Ints, asked: Asked) -> Fitted:
    """Learn from the past, calibrate on what came next, test on the rest; then predict for everybody.

    Args:
        happened: 1, 0, or NaN where it is not known yet.
        times: in whose order rows happened.

    Raises:
        PredictionError: there is too little to learn from.
    """
    if not table.columns:
        raise PredictionError("no column is left to learn from")
    parts, matrix = parts_of(happened, times), matrix_of(table)
    model = trained(table, matrix, happened, parts, asked.seed)
    scores = model.scores(matrix)
    how = calibration(model.held_out, happened[parts.calibrate])
    predicted = how.probabilities(scores)
    before = float(happened[np.concatenate([parts.train, parts.calibrate])].mean())
    judged = reliability(happened[parts.test], predicted[parts.test], before, asked.seed)
    found = Propensity(
        version=asked.version,
        at_us=asked.at_us,
        of=asked.of,
        target=asked.target,
        source=asked.source,
        outcome=asked.outcome,
        columns=tuple(column.name for column in table.columns),
        left_out=dict(table.left_out),
        unknown_outcomes=int(np.isnan(happened).sum()),
        parts=_told(parts, happened),
        seed=asked.seed,
        kind=model.kind,
        aucs=model.aucs,
        method=how.method,
        losses=how.losses,
        auc=auc_of(happened[parts.test], predicted[parts.test]),
        reliability=judged,
        goes_by=goes_by(model, table, matrix[parts.test], happened[parts.test], asked.seed),
        made_with=sklearn.__version__,
    )
    return Fitted(found, calibration_plot(f"{asked.of}: what was said, and what came true", judged), predicted)


def propensity_shelf(home: Path, of: Of) -> Shelf[Propensity]:
    """Where a deployment's propensities are."""
    return Shelf(home / "predictions" / "propensity" / of, Propensity)


def _told(parts: Parts, happened: Floats) -> dict[str, Part]:
    named: Sequence[tuple[str, Ints]] = tuple(parts._asdict().items())
    return {name: Part(rows=len(places), rate=float(happened[places].mean())) for name, places in named}
