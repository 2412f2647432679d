"""From a decision and its reward back to what the policy saw, using nothing but the record."""

from __future__ import annotations

from collections.abc import Mapping

from engine.catalog import candidate_of
from engine.config import PlacementSpec, RewardSpec
from engine.encode import Encoder
from engine.errors import CorruptRecord
from engine.records.schema import DecisionRecord, PersonalPart
from engine.records.sealing import Sealer
from engine.types import Candidate, TrainingExample


class ExampleMaker:
    """Makes training examples; knows the catalogue and encoder versions that the journal has announced."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._catalogues: dict[str, PlacementSpec] = {}
        self._encoders: dict[str, Encoder] = {}
        self._candidates: dict[tuple[str, str], dict[str, Candidate]] = {}

    def know(self, version: str, spec: PlacementSpec) -> None:
        """Remember a catalogue version."""
        self._catalogues[version] = spec

    def know_encoder(self, encoder: Encoder) -> None:
        """Remember an encoder version."""
        self._encoders[encoder.version] = encoder

    def can_encode(self, version: str) -> bool:
        """Whether this software can do what that encoder did."""
        return version in self._encoders

    def make(self, record: DecisionRecord, reward: float) -> TrainingExample:
        """The example of a decision with a chosen action.

        Raises:
            SealError: its person was forgotten.
            CorruptRecord: it chose nothing, or among actions that neither its catalogue nor the bot had.
            KeyError: its encoder is not known.
        """
        if record.chosen is None:
            raise CorruptRecord(f"decision {record.id} chose nothing, yet it was settled to be learned")
        personal = self._sealer.open(record.key_ref, record.sealed, PersonalPart, record.id.encode())
        return TrainingExample(
            shared=self._encoders[record.encoder_version].shared(personal.features, personal.freshness),
            candidates=self._seen(record, personal),
            chosen=record.chosen,
            propensity=record.pmf[record.chosen],
            reward=scaled(reward, self._catalogues[record.catalogue].reward),
        )

    def _seen(self, record: DecisionRecord, personal: PersonalPart) -> tuple[Candidate, ...]:
        known = self._known(record, personal)
        unknown = [id for id in record.candidates if id not in known]
        if unknown:
            raise CorruptRecord(f"decision {record.id} had the candidate {unknown[0]!r}, which nobody offered")
        return tuple(known[id] for id in record.candidates)

    def _known(self, record: DecisionRecord, personal: PersonalPart) -> Mapping[str, Candidate]:
        """The catalogue's actions and those the bot brought; the first of an id counts, as it did then."""
        known = self._catalogued(record.catalogue, record.encoder_version)
        if personal.offered is None:
            return known
        encode = self._encoders[record.encoder_version].action
        brought = {id: candidate_of(id, features, encode) for id, features, _ in reversed(personal.offered)}
        return {**brought, **known}

    def _catalogued(self, catalogue: str, encoder: str) -> dict[str, Candidate]:
        if (catalogue, encoder) not in self._candidates:
            encode = self._encoders[encoder].action
            actions = self._catalogues[catalogue].actions
            self._candidates[catalogue, encoder] = {a.id: candidate_of(a.id, a.features, encode) for a in actions}
        return self._candidates[catalogue, encoder]


def scaled(reward: float, spec: RewardSpec) -> float:
    """A reward in the placement's units → [0, 1] by its declared range; beyond the range it is clipped."""
    low, high = spec.range
    return min(1.0, max(0.0, (reward - low) / (high - low)))
