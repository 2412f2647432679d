"""What no policy of this package learns or answers, whatever it does with it: refused before anything changes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from engine.errors import UnsafeExample
from engine.types import Candidate, TrainingExample
from engine.vowpal_guards import check_candidates, safe_features


def check_question(shared: Mapping[str, float], candidates: Sequence[Candidate], max_actions: int) -> None:
    """Refuse a context that is not safe, too many candidates, or one twice (``UnsafeExample``)."""
    check_candidates(candidates, max_actions)
    safe_features(shared)


def check_example(example: TrainingExample, max_actions: int) -> None:
    """Refuse what would harm learned state for ever (``UnsafeExample``): one NaN in a covariance stays there."""
    check_question(example.shared, example.candidates, max_actions)
    safe_features(example.candidates[example.chosen].features)
    if not (math.isfinite(example.reward) and 0.0 <= example.reward <= 1.0):
        raise UnsafeExample(f"reward {example.reward} is not in [0, 1]")
    if not 0.0 < example.propensity <= 1.0:
        raise UnsafeExample(f"probability {example.propensity} is not in (0, 1]")
