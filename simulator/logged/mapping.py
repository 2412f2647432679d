"""How a table of a randomised experiment is to be read: one YAML, decoded into frozen nouns."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

from engine.config import Identifier, Share, Spec, Text
from features.vector import Scalar

FeatureKind = Literal["number", "category", "text"]
Column = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
LONGEST_LABEL, LONGEST_NAME = 200, 64
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_LABEL)]

_NOT_IN_IDS = re.compile(r"[^a-z0-9.-]+")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


class ArmSpec(Spec, frozen=True, kw_only=True):
    """What the bot says where this arm is chosen (its label, if ``None``), and what a policy may know about it."""

    text: Text | None = None
    features: dict[Identifier, Scalar] = msgspec.field(default_factory=dict)


class MetricSpec(Spec, frozen=True, kw_only=True):
    """A column with what came of showing the arm; 0 means nothing.

    Attributes:
        column: the metric's own name, if ``None``.
        range: least and greatest value, 0 between them; those of the column, if ``None``.
    """

    column: Column | None = None
    range: tuple[float, float] | None = None


class LogMapping(Spec, frozen=True, kw_only=True):
    """The whole YAML. Every row of the table is one user who was shown one arm, drawn at random.

    Attributes:
        arm: the column with the arm that was really shown.
        arms: label of an arm → what the bot says; the labels in the file, if empty.
        baseline: the label of business as usual; the first arm, if ``None``.
        propensity: with which probability the row's arm was drawn: a column, one number for all, or one for each
            label; 1 / number of arms, if ``None``.
        user: the column that names the user; the row's line does, if ``None``.
        metrics: outcomes by name; the first is what is learned unless another is asked for.
        features: column → what it holds.
        max_bad_share: the file is refused if a greater share of its rows cannot be used.
    """

    schema_version: Literal[1]
    name: Identifier
    placement: Identifier
    arm: Column
    arms: dict[Label, ArmSpec] = msgspec.field(default_factory=dict)
    baseline: Label | None = None
    propensity: Column | Share | dict[Label, Share] | None = None
    user: Column | None = None
    metrics: Annotated[dict[Identifier, MetricSpec], msgspec.Meta(min_length=1)]
    features: dict[Column, FeatureKind] = msgspec.field(default_factory=dict)
    max_bad_share: Share = 0.01

    def column_of(self, metric: str) -> str:
        """The column of a metric."""
        return self.metrics[metric].column or metric

    @property
    def columns(self) -> dict[str, str]:
        """Column → what it is used as, for every column but the features."""
        used = {self.column_of(metric): f"metrics.{metric}" for metric in self.metrics}
        used |= {self.arm: "arm"}
        used |= {self.user: "user"} if self.user is not None else {}
        return used | ({self.propensity: "propensity"} if isinstance(self.propensity, str) else {})


def action_id(label: str) -> str:
    """The id of an arm: ``"Mens E-Mail"`` → ``"mens-e-mail"``; empty if nothing of the label is left."""
    return _NOT_IN_IDS.sub("-", label.lower()).strip("-.")[:LONGEST_NAME]


def feature_name(column: str) -> str:
    """The name of a column's feature: ``"Zip Code"`` → ``"zip_code"``; empty if nothing of it is left."""
    name = _NOT_IN_NAMES.sub("_", column.lower()).strip("_")[:LONGEST_NAME]
    return f"c_{name}" if name[:1].isdigit() else name
