"""A placement at work: its catalogue, the features it reads and the policy that serves it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.catalog import Catalogue
from engine.choose import Served, choose
from engine.config import microseconds
from engine.eligibility import Facts
from engine.encode import Encoder
from features.assemble import Assembler


@dataclass(slots=True)
class Placement:
    """Everything one placement needs to decide. ``served`` is replaced, never changed, when a snapshot arrives."""

    name: str
    catalogue: Catalogue
    assemble: Assembler
    encoder: Encoder
    served: Served

    @property
    def window_us(self) -> int:
        """How long an outcome may take to count, in microseconds."""
        return microseconds(self.catalogue.spec.reward.window)

    def warm_up(self, now_us: int) -> None:
        """Walk the decision path once with nothing known, so that the first caller does not pay for caches."""
        vector = self.assemble({}, {}, now_us)
        facts = Facts(vector, consent=False)
        for action in self.catalogue.actions.values():
            action.content.render(None, facts.roots)
        candidates = [action.candidate for action in self.catalogue.actions.values()]
        shared = self.encoder.shared(vector.values, vector.freshness)
        spec = self.catalogue.spec
        choose("champion", self.served, shared, candidates, baseline=spec.baseline, epsilon=spec.epsilon)
