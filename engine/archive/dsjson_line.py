"""One settled decision as a line of DSJSON: what Vowpal Wabbit's driver and the tools of mwt-ds read.

Those tools cut a line at fixed offsets, so the order of the keys and the absence of spaces are part of the format:
``_label_cost`` comes first, ``o`` right after ``_labelIndex``, ``a`` after ``EventId`` and ``VWState`` last; event ids
shorter than 15 characters confuse them. Vowpal Wabbit itself drops a label that comes after ``c``.

Features are named as our own path names them, so that they hash alike: ``"tone=casual":1`` in a namespace of one
letter. Two kinds of names mean something else in JSON than in a dict: those that begin with ``_``, which are commands
or ignored, and those with a NUL character. They are written as the number that Vowpal Wabbit would hash them to.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import mmh3
import msgspec

from engine.archive.labels import Label
from engine.lru import Lru
from engine.records.schema import DecisionRecord, OutcomeRecord
from engine.types import Candidate, TrainingExample

SIGNIFICANT_DIGITS = 9
"""All that a 32-bit float has, and few enough for tools that look for ``p`` near the line's end."""

ACTIONS_REMEMBERED = 10_000

_TRIMMED = bytes(range(0x21))
_HASHES = 1 << 32


class Settled(NamedTuple):
    """What a line says.

    Attributes:
        pmf: of the candidates; empty where only the chosen one's probability is known.
        reward: in its own units; the example's is scaled.
        facts: more keys, which come before the context.
    """

    id: str
    decided_us: int
    pmf: Sequence[float]
    example: TrainingExample
    label: Label
    reward: float
    facts: Mapping[str, Any]
    model_version: str


class Lines:
    """Writes lines. Remembers actions, which come again and again."""

    def __init__(self) -> None:
        self._actions: Lru[str, msgspec.Raw] = Lru(ACTIONS_REMEMBERED)

    def line(
        self,
        decision: DecisionRecord,
        decided_us: int,
        example: TrainingExample,
        outcomes: Sequence[OutcomeRecord],
        label: Label,
        reward: float,
    ) -> bytes:
        """The line, with its end.

        ``_label_cost`` is the negative of the reward as it is learned, in [0, 1]; ``_original_label_cost`` that of
        ``reward``, in the placement's units. The logged probabilities are in ``p``, whatever the label's is.
        """
        facts = {"placement": decision.placement, "group": decision.group}
        settled = Settled(decision.id, decided_us, decision.pmf, example, label, reward, facts, decision.model_version)
        return self.written(settled, outcomes)

    def written(self, settled: Settled, outcomes: Sequence[OutcomeRecord] = ()) -> bytes:
        """The line of what is known of a settled decision, whoever logged it; with its end."""
        example, label, chosen = settled.example, settled.label, settled.example.chosen
        pmf = dict(enumerate(settled.pmf)) if settled.pmf else {chosen: example.propensity}
        ranked = [chosen, *(index for index in _by_probability(settled.pmf) if index != chosen)]
        actions = [self._action(candidate) for candidate in example.candidates]
        fields: dict[str, Any] = {
            "_label_cost": _decimal(-example.reward),
            "_label_probability": _decimal(label.probability),
            "_label_Action": chosen + 1,
            "_labelIndex": chosen,
            **({"o": [_outcome(outcome) for outcome in outcomes]} if outcomes else {}),
            **({"_skipLearn": True} if label.skip else {}),
            "Timestamp": _timestamp(settled.decided_us),
            "Version": "1",
            "EventId": settled.id,
            "a": [index + 1 for index in ranked],
            **settled.facts,
            "_original_label_cost": _decimal(-settled.reward),
            "c": {"S": features("S", example.shared), "_multi": actions},
            "p": [_decimal(pmf[index]) for index in ranked],
            "VWState": {"m": settled.model_version},
        }
        return msgspec.json.encode(fields) + b"\n"

    def _action(self, candidate: Candidate) -> msgspec.Raw:
        """Candidates of equal keys are equal."""
        written = self._actions.get(candidate.key)
        if written is None:
            named = {"_tag": candidate.id, "A": features("A", candidate.features)}
            written = msgspec.Raw(msgspec.json.encode(named))
            self._actions.put(candidate.key, written)
        return written


def features(namespace: str, named: Mapping[str, float]) -> dict[str, float]:
    """Features under names that hash in JSON as they do in a dict, and values that come out as the same floats."""
    return {
        json_name(namespace, name): 1.0 if value == 1.0 else _float32(value) for name, value in named.items() if value
    }


def json_name(namespace: str, name: str) -> str:
    """The name, or the number it hashes to where JSON would mean something else by it (Vowpal Wabbit's hashstring)."""
    if not name.startswith("_") and "\0" not in name:
        return name
    seed = mmh3.hash(namespace.encode(), 0, signed=False)
    trimmed = name.encode().strip(_TRIMMED)
    if trimmed.isdigit():
        return trimmed.decode()
    return str((mmh3.hash(trimmed, seed, signed=False) - seed) % _HASHES)


def _timestamp(time_us: int) -> str:
    seconds, fraction = divmod(time_us, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:06d}0Z"


def _by_probability(pmf: Sequence[float]) -> list[int]:
    return sorted(range(len(pmf)), key=lambda index: -pmf[index])


def _outcome(outcome: OutcomeRecord) -> dict[str, Any]:
    return {"v": outcome.value, "EventId": outcome.decision_id, "ActionTaken": False, "metric": outcome.metric}


def _decimal(number: float) -> float:
    return float(f"{number:.{SIGNIFICANT_DIGITS}g}") + 0.0


def _float32(value: float) -> float:
    """The same value to whoever reads a 32-bit float, whichever way it rounds."""
    return _decimal(struct.unpack("f", struct.pack("f", value))[0])
