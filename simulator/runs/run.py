"""One policy in one world with one seed."""

from __future__ import annotations

from engine.policies.base import Policy
from simulator.runs.steps import steps
from simulator.runs.trajectory import Trajectory, recorded
from simulator.worlds.world import World


def run(policy: Policy, world: World, count: int, seed: int) -> Trajectory:
    """Run a policy, which learns as it goes, and keep what became of every round. See ``steps``.

    Args:
        policy: as it is when the run begins; it has learned from the run when it ends.
        count: how many rounds at most.
        seed: of the world's chance and the policy's, which are streams of their own.
    """
    return recorded(steps(policy, world, count, seed), policy=policy.name, world=world.name, seed=seed)
