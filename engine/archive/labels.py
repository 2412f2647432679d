"""Which settlements become lines of an export, and what their labels say."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import msgspec

from engine.archive.line_file import START, LineFile, Mark
from engine.archive.told import Told
from engine.encode.base import family_of
from engine.errors import NotEvaluable, UnsafeExample
from engine.lineage import ORDERED, STARTS, Origin, Start
from engine.policies import registry
from engine.policies.vw import VwPolicy
from engine.records.schema import ControlRecord, DecisionRecord, SettlementRecord
from engine.types import TrainingExample
from engine.vowpal_guards import MIN_PROBABILITY, check_candidates


class Label(NamedTuple):
    """What a line says about its decision. ``skip``: it is there to be counted, not to be learned or evaluated."""

    probability: float
    skip: bool = False


class _Known(NamedTuple):
    """What a published version had learned: so much of the file, after the imported snapshot of that version."""

    mark: Mark
    imported: str


class Labels(Protocol):
    """Chooses lines and labels, while the file is written."""

    def control(self, record: ControlRecord, file: LineFile) -> None:
        """Something about the placement has changed."""
        ...

    def wants(self, settlement: SettlementRecord, decision: DecisionRecord) -> bool:
        """Whether the settlement becomes a line."""
        ...

    def label(self, position: int, decision: DecisionRecord, example: TrainingExample, told: Told) -> Label:
        """The label of a settlement at this position. Raises ``UnsafeExample`` if there should be no line after all."""
        ...


class Logged:
    """What happened: every final settlement, with the propensity of what was chosen.

    Answers that nobody saw, or that nothing was left to chance in, are skipped: their propensity is no probability.
    """

    def control(self, record: ControlRecord, file: LineFile) -> None:
        """Lineages do not matter."""

    def wants(self, settlement: SettlementRecord, decision: DecisionRecord) -> bool:
        """See ``Labels.wants``."""
        return not settlement.early

    def label(self, position: int, decision: DecisionRecord, example: TrainingExample, told: Told) -> Label:
        """See ``Labels.label``."""
        shown = told.seen and not decision.not_shown
        return Label(example.propensity, skip=not (decision.learnable and shown))


class Learned:
    """What the placement's present lineage learned, in its order, with the label probability that it learned with.

    A lineage that starts from nothing empties the file; a rollback takes back the lines after the version it goes to.

    Args:
        skipped: positions of settlements that no fold learns (``engine.skip``).

    Raises:
        NotEvaluable: (while records pass) the lineage's policy is not Vowpal Wabbit's, or it was rolled back to a
            version whose lines cannot be told any more.

    Attributes:
        flags: what the driver must be started with.
        imported: version of the snapshot with which the lineage starts, if a person brought it.
    """

    def __init__(self, skipped: frozenset[int] = frozenset()) -> None:
        self._skipped = skipped
        self.flags = ""
        self.imported = ""
        self._lineage = ""
        self._encoder = ""
        self._policy: VwPolicy | None = None
        self._settled = 0
        self._published: dict[str, _Known] = {}

    def control(self, record: ControlRecord, file: LineFile) -> None:
        """See ``Labels.control``."""
        if record.action == "publish" and record.payload.get("lineage") == self._lineage:
            if record.payload.get("settled_position", -1) >= self._settled:
                self._published[record.version] = _Known(file.mark(), self.imported)
        elif record.action in STARTS:
            first = self._first(record)
            file.cut(first.mark)
            self._start(record, first.imported)
            if record.action in ORDERED:
                self._published[Start.of(record).after] = first

    def wants(self, settlement: SettlementRecord, decision: DecisionRecord) -> bool:
        """See ``Labels.wants``."""
        return settlement.learn and family_of(decision.encoder_version) == self._encoder

    def label(self, position: int, decision: DecisionRecord, example: TrainingExample, told: Told) -> Label:
        """See ``Labels.label``."""
        assert self._policy is not None
        if position in self._skipped:
            raise UnsafeExample(f"the settlement at position {position} killed the learner, and was learned by no fold")
        check_candidates(example.candidates, self._policy.max_actions)
        self._settled = position
        unweighted = self._policy.label_probability == "one"
        return Label(1.0 if unweighted else max(MIN_PROBABILITY, example.propensity))

    def _first(self, record: ControlRecord) -> _Known:
        """What the new lineage has learned already."""
        if record.action != "rollback":
            return _Known(START, Start.of(record).after if record.action == "import" else "")
        version = Start.of(record).source
        if version not in self._published:
            raise NotEvaluable(f"{record.placement} was rolled back to {version}: what that had learned is not told")
        return self._published[version]

    def _start(self, record: ControlRecord, imported: str) -> None:
        origin = msgspec.convert(record.payload, Origin)
        policy = registry.build(origin.policy, origin.params)
        if not isinstance(policy, VwPolicy):
            raise NotEvaluable(f"{record.placement} learns by {policy.name!r}, not by Vowpal Wabbit")
        self._policy, self.flags, self.imported = policy, policy.flags, imported
        self._lineage, self._encoder, self._settled = record.version, origin.encoder_version, 0
