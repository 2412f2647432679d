"""What a policy would have logged in a world: the log of a run, in the columns of ``simulator.logs.schema.LOG``."""

from __future__ import annotations

from collections.abc import Iterator

from engine.policies.base import Policy
from simulator.logs.rows import Numbered, Row, batches_of
from simulator.logs.schema import LoggedBatch
from simulator.runs.hearing import UNHEARD
from simulator.runs.steps import Step, steps
from simulator.worlds.world import World


def logged(policy: Policy, world: World, count: int, seed: int) -> Iterator[LoggedBatch]:
    """Run a policy, which learns as it goes, and give its log batch by batch, whole pmfs and features included.

    It draws from the stream of loggers: a policy that is run with the same seed meets the same rounds, and draws
    independently of it. Rewards are what was told, in the world's units, and 0 where nothing ever was.
    """
    return batches_of(_rows(policy, world, count, seed))


def _rows(policy: Policy, world: World, count: int, seed: int) -> Iterator[Numbered]:
    for number, step in enumerate(steps(policy, world, count, seed, "logger"), start=1):
        yield Numbered(number, _row(step, policy.name, f"{world.name}-{seed}"))


def _row(step: Step, policy: str, run: str) -> Row:
    round, chosen = step.round, step.chosen
    propensity, told = step.pmf[chosen], round.told[chosen]
    return Row(
        id=f"{run}-{round.number}",
        time=round.time_us,
        unit=round.unit,
        context=dict(round.shared),
        candidates=[candidate.id for candidate in round.candidates],
        features=[dict(candidate.features) for candidate in round.candidates],
        pmf=list(step.pmf),
        chosen=chosen,
        propensity=propensity,
        policy=policy,
        reward=UNHEARD if told is None else told,
        learnable=propensity < 1.0,
    )
