"""What a policy is: context × candidates → pmf."""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from engine.errors import PolicyError
from engine.types import Candidate, TrainingExample

SUM_TOLERANCE = 1e-3


class Policy(ABC):
    """Base of every policy.

    A subclass writes ``_pmf`` (and, if it learns, ``_learn``, ``save`` and ``load``); its constructor's keyword
    parameters, stored under their own names, are what the YAML may set under ``policy.params``. Subclasses are found
    by ``policies.registry`` and tested by ``policies.checks.check_policy`` without further registration.

    Attributes:
        check_params: constructor parameters under which the contract is checked, one set a construction.
    """

    name: ClassVar[str]
    learns: ClassVar[bool] = False
    check_params: ClassVar[Sequence[Mapping[str, Any]]] = ({},)

    @property
    def params(self) -> dict[str, Any]:
        """The constructor's parameters as they were given or defaulted."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    @property
    def resumes_exactly(self) -> bool:
        """Whether learning on after ``load`` gives the bytes it would have given without; if not, start from origin."""
        return True

    @property
    def named_actions(self) -> frozenset[str]:
        """Ids of the actions that its parameters name: there is a mistake if nobody ever offers them."""
        return frozenset()

    @property
    def alarms(self) -> int:
        """How often it noticed, while it learned, that what it had learned no longer holds."""
        return 0

    def pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> list[float]:
        """Probabilities of ``candidates``, in order; they sum to 1.

        Raises:
            PolicyError: the policy gave something that is not a pmf.
        """
        if not candidates:
            raise PolicyError("a pmf needs at least one candidate")
        return _normalised(self._pmf(shared, candidates), len(candidates))

    def learn(self, example: TrainingExample) -> float:
        """Learn one settled decision. Policies that do not learn ignore it.

        Returns the loss of the policy as it was just before, in whatever it minimises: their mean is its progressive
        validation loss (Blum, Kalai and Langford, "Beating the hold-out", 1999). 0 if it does not tell.
        """
        if not 0 <= example.chosen < len(example.candidates):
            raise PolicyError(f"chosen index {example.chosen} of {len(example.candidates)} candidates")
        return self._learn(example) or 0.0

    def save(self, path: Path) -> None:
        """Write the learned state to ``path``; the same state gives the same bytes."""
        raise PolicyError(f"policy {self.name!r} has no state to save")

    @classmethod
    def load(cls, path: Path, **params: Any) -> Policy:
        """The policy with the state that ``save`` wrote; it goes on as if never saved."""
        raise PolicyError(f"policy {cls.name!r} has no state to load")

    def contributions(self, shared: Mapping[str, float], candidate: Candidate) -> list[tuple[str, float]] | None:
        """What each feature adds to the candidate's score, largest magnitude first; ``None`` if not linear."""
        return None

    @abstractmethod
    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]: ...

    def _learn(self, example: TrainingExample) -> float | None:
        return None


def _normalised(pmf: Sequence[float], count: int) -> list[float]:
    if len(pmf) != count:
        raise PolicyError(f"{len(pmf)} probabilities for {count} candidates")
    total = math.fsum(pmf)
    if not abs(total - 1.0) < SUM_TOLERANCE:
        raise PolicyError(f"probabilities sum to {total}")
    if min(pmf) < 0.0:
        raise PolicyError("a probability is negative")
    return [p / total for p in pmf]
