"""From a decision and its reward back to what the policy saw, using nothing but the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from engine.catalog import candidate_of
from engine.config import PlacementSpec, RewardSpec
from engine.encode.base import Calibration, Encoder, family_of
from engine.encode.open import encoder_of
from engine.errors import CorruptRecord
from engine.records.schema import ControlRecord, DecisionRecord, PersonalPart
from engine.records.sealing import Sealer
from engine.types import Candidate, TrainingExample


class ExampleMaker:
    """Makes training examples; knows the catalogue and encoder versions that the journal has announced."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._catalogues: dict[str, PlacementSpec] = {}
        self._encoders: dict[str, Encoder] = {}
        self._candidates: dict[tuple[str, str], dict[str, Candidate]] = {}

    def observe(self, record: ControlRecord) -> None:
        """Remember what a record announces, if it is a catalogue or an encoder."""
        if record.action == "catalogue":
            self.know(record.version, msgspec.convert(record.payload, PlacementSpec))
        elif record.action == "encoder":
            encoder = encoder_of(record.payload)
            if encoder is not None:
                self.know_encoder(encoder)
        elif record.action == "calibrate" and self.can_encode(record.payload["encoder"]):
            self.know_encoder(self._encoders[record.payload["encoder"]].calibrated(calibration_of(record)))

    def know(self, version: str, spec: PlacementSpec) -> None:
        """Remember a catalogue version."""
        self._catalogues[version] = spec

    def know_encoder(self, encoder: Encoder) -> None:
        """Remember an encoder version."""
        self._encoders[encoder.version] = encoder

    def can_encode(self, version: str) -> bool:
        """Whether this software can do what that encoder did."""
        return version in self._encoders

    def open(self, record: DecisionRecord) -> PersonalPart:
        """What the decision knew of its person. Raises ``SealError`` if that was forgotten."""
        return self._sealer.open(record.key_ref, record.sealed, PersonalPart, record.id.encode())

    def numbers(self, record: DecisionRecord, personal: PersonalPart) -> Iterable[tuple[str, float]]:
        """What there is to learn for the calibration. Raises ``KeyError`` like ``make``."""
        encoder = self._encoders[record.encoder_version]
        return encoder.numbers(personal.features, personal.freshness, personal.missing)

    def make(self, record: DecisionRecord, personal: PersonalPart, reward: float) -> TrainingExample:
        """The example of a decision with a chosen action.

        Raises:
            CorruptRecord: it chose nothing, or among actions that neither its catalogue nor the bot had.
            KeyError: its encoder is not known.
        """
        if record.chosen is None:
            raise CorruptRecord(f"decision {record.id} chose nothing, yet it was settled to be learned")
        encoder, spec = self._encoders[record.encoder_version], self._catalogues[record.catalogue]
        return TrainingExample(
            shared=encoder.shared(personal.features, personal.freshness, personal.missing, spec.crosses),
            candidates=self._seen(record, personal),
            chosen=record.chosen,
            propensity=record.pmf[record.chosen],
            reward=scaled(reward, spec.reward),
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
        family = family_of(encoder)
        if (catalogue, family) not in self._candidates:
            encode = self._encoders[encoder].action
            actions = self._catalogues[catalogue].actions
            self._candidates[catalogue, family] = {a.id: candidate_of(a.id, a.features, encode) for a in actions}
        return self._candidates[catalogue, family]


def calibration_of(record: ControlRecord) -> Calibration:
    """What a ``calibrate`` record tells. Raises ``msgspec.ValidationError`` if it is something else."""
    return msgspec.convert(record.payload["calibration"], dict[str, tuple[float, float]])


def scaled(reward: float, spec: RewardSpec) -> float:
    """A reward in the placement's units → [0, 1] by its declared range; beyond the range it is clipped."""
    low, high = spec.range
    return min(1.0, max(0.0, (reward - low) / (high - low)))
