"""A log, read for one policy: its usable rows, what the policy would have done in each, and the audit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np
import pyarrow.compute as pc

from engine.errors import ConfigError
from engine.policies.base import Policy
from engine.stats.sums import Moments
from simulator.audit.audit import Audit
from simulator.audit.rows import sifted
from simulator.audit.verdict import judged
from simulator.evaluate.evaluation import Evaluation
from simulator.evaluate.targets import target_pmf
from simulator.logs.faults import Faults
from simulator.logs.log import Log
from simulator.logs.schema import Array, LoggedBatch
from simulator.ope.evaluated import Evaluated
from simulator.watch import Watch, unwatched


@dataclass(slots=True)
class Read:
    """What was read, batch by batch.

    Attributes:
        pmfs: the policy's probabilities, flat, of each batch.
        parts: each batch as estimators see it, without a reward model.
        offered: those of the actions that the policy names which some row has among its candidates.
    """

    policy: str
    taken_for: str
    batches: list[LoggedBatch] = field(default_factory=list)
    pmfs: list[Array] = field(default_factory=list)
    parts: list[Evaluated] = field(default_factory=list)
    audits: list[Audit] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    offered: set[str] = field(default_factory=set)

    def add(self, batch: LoggedBatch, policy: Policy) -> None:
        """One more batch. Raises ``NotEvaluable`` if the policy learns."""
        good, counted = sifted(batch)
        if not len(good):
            self.audits.append(Audit(counted))
            return
        if not policy.named_actions <= self.offered:
            self.offered |= policy.named_actions.intersection(pc.unique(good.actions).to_pylist())
        pmf = target_pmf(policy, good)
        part = _weighed(good, pmf)
        self.batches.append(good)
        self.pmfs.append(pmf)
        self.parts.append(part)
        self.audits.append(Audit.of(good, part, counted, target_pmf=pmf))

    def evaluation(self) -> Evaluation:
        """The verdict, without numbers."""
        audit = replace(reduce(Audit.merge, self.audits, Audit()), bad=self.faults.count)
        logged = reduce(Moments.merge, (Moments.from_array(part.reward) for part in self.parts), Moments())
        return Evaluation(self.policy, self.taken_for, logged, (), audit, judged(audit), self.faults)


def read_for(log: Log, policy: Policy, watch: Watch = unwatched) -> Read:
    """Read all of a log.

    Raises:
        UnreadableLog: nothing of the log may be believed.
        NotEvaluable: the policy learns.
        ConfigError: it names actions that no row offers.
    """
    read = Read(policy.name, log.taken_for)
    for batch in log.batches(read.faults):
        read.add(batch, policy)
        watch(read.faults.good)
    strange = sorted(policy.named_actions - read.offered)
    if read.batches and strange:
        raise ConfigError(f"policy {policy.name}: no row of the log offers {', '.join(map(repr, strange))}")
    return read


def _weighed(batch: LoggedBatch, pmf: Array) -> Evaluated:
    target = pmf[batch.offsets[:-1] + batch.chosen]
    keep = None if float(np.min(batch.keep)) == 1.0 else batch.keep
    return Evaluated(batch.reward, batch.propensity, target, keep=keep)
