"""A placement at work: its catalogue, the features it reads and the policy that serves it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from engine.catalog import Catalogue, CatalogueAction
from engine.choose import Choice, Hindrance, Served, choose
from engine.config import microseconds
from engine.eligibility import Facts
from engine.privacy import Person
from engine.refusal import Note, Refusal, unnoted
from engine.types import DecisionRequest, Group
from features.assemble import Assembler
from features.vector import FeatureVector, ViewRow


@dataclass(frozen=True, slots=True)
class Options:
    """What can be chosen for one request: the eligible actions, why not the others, what is known, and who chooses."""

    served: Served
    vector: FeatureVector
    facts: Facts
    eligible: list[CatalogueAction]
    filtered: dict[str, str]


@dataclass(slots=True)
class Placement:
    """Everything one placement needs to decide. ``served`` is replaced, never changed, when a snapshot arrives."""

    name: str
    catalogue: Catalogue
    assemble: Assembler
    served: Served
    note: Note = unnoted

    @property
    def window_us(self) -> int:
        """How long an outcome may take to count, in microseconds."""
        return microseconds(self.catalogue.spec.reward.window)

    @property
    def deadline_ms(self) -> int:
        """How long a decision may take."""
        return self.catalogue.spec.deadline_ms

    def options(
        self,
        request: DecisionRequest,
        rows: Mapping[str, ViewRow],
        *,
        person: Person,
        taken: Collection[str],
        now_us: int,
    ) -> Options:
        """What can be chosen now; ``taken`` are the actions that the same turn shows already."""
        vector = self.assemble(rows, request.context, now_us, person.purposes)
        facts = Facts(vector, self.assemble.roots, consent=person.consent)
        eligible, filtered = self.catalogue.candidates(facts, {*request.exclude, *taken}, request.actions)
        return Options(self.served, vector, facts, eligible, filtered)

    def note_mistyped(self, vector: FeatureVector, decision_id: str) -> None:
        """Tell of the request's features that came with values they cannot have."""
        for feature, reason in vector.mistyped.items():
            self.note(Refusal("context", feature, reason, decision_id))

    def choose(
        self, group: Group, options: Options, *, explore: bool = True, hindered: Hindrance | None = None
    ) -> Choice:
        """The final pmf over the eligible actions, for a unit of this traffic group."""
        served, vector, spec = options.served, options.vector, self.catalogue.spec
        return choose(
            group,
            served,
            served.encoder.shared(vector.values, vector.freshness, vector.missing, spec.crosses),
            [action.candidate for action in options.eligible],
            baseline=spec.baseline,
            epsilon=spec.epsilon,
            explore=explore,
            hindered=hindered,
        )

    def serve(self, served: Served) -> None:
        """Answer with this from now on. Its caches are warm before anybody waits for it; in any thread."""
        for action in self.catalogue.actions.values():
            served.policy.pmf({}, [action.candidate])
        self.served = served

    def warm_up(self, now_us: int) -> None:
        """Walk the decision path once with nothing known, so that the first caller does not pay for caches."""
        vector = self.assemble({}, {}, now_us)
        facts = Facts(vector, self.assemble.roots, consent=False)
        for action in self.catalogue.actions.values():
            action.content.render(None, facts.roots)
        self.choose("champion", Options(self.served, vector, facts, list(self.catalogue.actions.values()), {}))
