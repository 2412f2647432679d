"""Many runs, in any number of processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from engine.policies.base import Policy
from simulator.runs.processes import in_processes
from simulator.runs.run import run
from simulator.runs.trajectory import Trajectory
from simulator.worlds.world import World


@dataclass(frozen=True, slots=True)
class Planned:
    """A run that is to be made.

    Attributes:
        policy: makes a policy that has learned nothing; picklable, such as ``partial(registry.build, "vw", {})``.
        world: picklable, too.
    """

    policy: Callable[[], Policy]
    world: World
    count: int
    seed: int


def runs(planned: Sequence[Planned], processes: int = 1) -> Iterator[Trajectory]:
    """Each of these runs, in their order. The digits do not depend on the number of processes."""
    return in_processes(_made, planned, processes)


def _made(planned: Planned) -> Trajectory:
    return run(planned.policy(), planned.world, planned.count, planned.seed)
