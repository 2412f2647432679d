"""A policy that meets a world: decide, draw, show, hear, learn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from engine.errors import ConfigError
from engine.pmf import draw, sample
from engine.policies.base import Policy
from simulator.runs.hearing import Hearing, Scale
from simulator.runs.streams import Role, salt
from simulator.worlds.world import Round, World


class Step(NamedTuple):
    """One round as it went.

    Attributes:
        pmf: the policy's probabilities, of which ``chosen`` was drawn.
        chosen: index into the round's candidates.
    """

    round: Round
    pmf: Sequence[float]
    chosen: int


def steps(policy: Policy, world: World, count: int, seed: int, role: Role = "policy") -> Iterator[Step]:
    """Run the policy, which learns as it goes, through at most ``count`` rounds; each is made when it is asked for.

    The same seed gives the same digits anywhere. Policies that are run with one seed meet the same rounds and draw with
    the same luck, so that they differ by nothing but what they are.

    Raises:
        ConfigError: the world's rewards have no range.
        PolicyError: the policy cannot answer a round, or learn from it.
    """
    hearing = Hearing(policy, _scale(world))
    play, own = world.play(count, seed), salt(role, seed)
    for round in play:
        hearing.until(round.time_us)
        pmf = policy.pmf(round.shared, round.candidates)
        chosen = sample(pmf, draw(own, str(round.number)))
        play.shown(round, chosen)
        if policy.learns:
            hearing.shown(round, chosen, pmf[chosen])
        yield Step(round, pmf, chosen)


def _scale(world: World) -> Scale:
    low, high = world.reward_range
    if not low < high:
        raise ConfigError(f"world {world.name!r}: rewards from {low:g} to {high:g} are no range")
    return Scale(low, high)
