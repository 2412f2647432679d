"""Which actions there are when: some come during a run, as many go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

FIRST, LAST = 0.25, 0.75
"""Between which parts of a run actions come and go."""


def lifetimes(actions: Sequence[str], turnover: float, seed: int) -> Mapping[str, tuple[float, float]]:
    """Action → from which to which part of a run it is there. The first one always is.

    Args:
        turnover: the part of the actions that come, and of those that go, in [0, 0.5].
    """
    rng = np.random.default_rng([seed, 7])
    others = [actions[1 + place] for place in rng.permutation(len(actions) - 1).tolist()]
    moving = int(turnover * len(others))
    found = dict.fromkeys(actions, (0.0, 1.0))
    for goes, comes, at in zip(others, reversed(others), rng.uniform(FIRST, LAST, (moving, 2)).tolist(), strict=False):
        found[goes] = (0.0, at[0])
        found[comes] = (at[1], 1.0)
    return found
