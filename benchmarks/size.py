"""How much is measured: all of it, or just enough to see that a benchmark still runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Amounts of one run.

    Attributes:
        rounds: how often the sides of a comparison take turns.
        calls: of each side in a round.
        users: with rows in the online store.
        appends: records that each side appends in a round.
        decisions: in the journal that is learned; ``learn_rounds`` is how often.
        memory_decisions: in the journal over which the learner's memory is watched.
        loaded_users: in the file that is loaded.
        seconds: of load on each service in a round over HTTP, of which there are ``http_rounds``.
        rows: of a log in memory that estimators go over.
        simulated: rounds of a world that a policy is run through.
        profile_seconds: of sampling a decision's stages.
    """

    rounds: int = 9
    calls: int = 1_000
    users: int = 1_000
    appends: int = 1_280
    decisions: int = 50_000
    learn_rounds: int = 3
    memory_decisions: int = 1_000_000
    loaded_users: int = 1_000_000
    seconds: int = 8
    http_rounds: int = 3
    profile_seconds: int = 12
    rows: int = 1_000_000
    simulated: int = 20_000


FULL = Size()
SMOKE = Size(
    rounds=2,
    calls=10,
    users=20,
    appends=64,
    decisions=200,
    learn_rounds=1,
    memory_decisions=200,
    loaded_users=200,
    seconds=1,
    http_rounds=1,
    profile_seconds=1,
    rows=2_000,
    simulated=300,
)
