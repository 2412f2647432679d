"""What must be true of everything that goes into Vowpal Wabbit, which itself checks almost nothing.

One NaN or one label with probability 0 stops a model from ever learning again, without an error, a warning or a sign in
the loss. These functions raise before that happens, and change nothing when they do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from engine.errors import PolicyError, UnsafeExample
from engine.types import Candidate

MAX_MAGNITUDE = 1e3
MAX_NAME_BYTES = 128
MIN_PROBABILITY = 1e-3
SUM_TOLERANCE = 1e-3


def safe_features(features: Mapping[str, float]) -> dict[str, float]:
    """The features as Vowpal Wabbit may see them: zeros dropped, nothing else changed.

    Raises:
        UnsafeExample: a value that is not a number, not finite or above 1,000 in magnitude; a name that is empty,
            longer than 128 bytes or not encodable.
    """
    if not features:
        return {}
    try:
        values_are_safe = sum(map(abs, features.values())) <= MAX_MAGNITUDE
        names_are_safe = "".join(features).isascii() and max(map(len, features)) <= MAX_NAME_BYTES
    except TypeError as error:
        raise UnsafeExample("features must map text to numbers") from error
    if not values_are_safe:
        _check_values(features)
    if not names_are_safe or "" in features:
        _check_names(features)
    if not all(features.values()):
        return {name: value for name, value in features.items() if value}
    return features if type(features) is dict else dict(features)


def safe_label(cost: float, probability: float) -> str:
    """The label of the chosen action.

    ``cost`` is clipped to [-1, 0]. The *training weight* 1 / ``probability`` is clipped at 1,000: smaller propensities
    count as 0.001 here, and only here; whoever evaluates uses the true one.

    Raises:
        UnsafeExample: a cost that is not finite, a probability outside (0, 1].
    """
    if not math.isfinite(cost):
        raise UnsafeExample(f"cost {cost} is not finite")
    if not 0.0 < probability <= 1.0:
        raise UnsafeExample(f"probability {probability} is not in (0, 1]")
    return f"0:{min(0.0, max(-1.0, cost)):.9f}:{max(MIN_PROBABILITY, probability):.9f}"


def check_candidates(candidates: Sequence[Candidate], max_actions: int) -> None:
    """Refuse what makes Vowpal Wabbit slow or wrong: no actions, too many, or one twice (``UnsafeExample``)."""
    count = len(candidates)
    if not 0 < count <= max_actions:
        raise UnsafeExample(f"{count} candidates; between 1 and {max_actions} can be scored")
    if len({candidate.key for candidate in candidates}) < count or len({c.id for c in candidates}) < count:
        raise UnsafeExample("the same candidate twice in one request")


def check_chosen(chosen: int, count: int) -> None:
    """Refuse an index outside the candidates; -1 would put the label on the shared example (``UnsafeExample``)."""
    if not 0 <= chosen < count:
        raise UnsafeExample(f"chosen index {chosen} of {count} candidates")


def check_pmf(pmf: Sequence[float], count: int) -> None:
    """Refuse what is not a pmf over ``count`` candidates (``PolicyError``). NaN fails every comparison."""
    if len(pmf) != count:
        raise PolicyError(f"{len(pmf)} probabilities for {count} candidates")
    if not (min(pmf) >= 0.0 and abs(sum(pmf) - 1.0) < SUM_TOLERANCE):
        raise PolicyError("the model's probabilities are negative, not finite or do not sum to 1")


def _check_values(features: Mapping[str, float]) -> None:
    for name, value in features.items():
        if not abs(value) <= MAX_MAGNITUDE:
            raise UnsafeExample(f"feature {name[:MAX_NAME_BYTES]!r} is not finite or above {MAX_MAGNITUDE:g}")


def _check_names(features: Mapping[str, float]) -> None:
    for name in features:
        try:
            size = len(name.encode())
        except UnicodeEncodeError as error:
            raise UnsafeExample(f"feature name {name[:MAX_NAME_BYTES]!r} is not valid text") from error
        if not 0 < size <= MAX_NAME_BYTES:
            raise UnsafeExample(f"a feature name of {size} bytes; between 1 and {MAX_NAME_BYTES} are allowed")
