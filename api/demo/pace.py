"""How fast a run goes."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Concurrency, speed and patience.

    Attributes:
        concurrency: visits at the same time.
        seconds: no visit starts later than this.
        turns_per_second: at most so many, so that learning can keep up; ``None`` for as many as there can be.
        mean_delay_s, longest_delay_s: from a decision, or one outcome, to the next outcome.
        patience_s: how long the service may be away before the run fails.
    """

    concurrency: int = 24
    seconds: float = math.inf
    turns_per_second: float | None = None
    mean_delay_s: float = 0.0
    longest_delay_s: float = 0.0
    patience_s: float = 20.0
