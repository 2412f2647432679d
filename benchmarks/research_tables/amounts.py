"""How much is drawn for a table: as much as its source drew, or just enough to see that it is still made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Amounts:
    """Of one run.

    Attributes:
        draws: of the Thompson sampler, for its probabilities; ``bootstrap_draws`` for the table of bootstraps.
        bootstraps: of the impressions.
        runs: of the digits, each with a split and a log of its own.
        customers: of the e-mail test.
    """

    draws: int = 100_000
    bootstrap_draws: int = 1_000_000
    bootstraps: int = 30
    runs: int = 30
    customers: int = 64_000


FULL = Amounts()
SMOKE = Amounts(draws=500, bootstrap_draws=500, bootstraps=2, runs=2, customers=3_000)
