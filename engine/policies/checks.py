"""The contract every policy keeps, as checks that anybody can run on a policy of their own.

def test_my_policy_keeps_the_contract():
    check_policy(lambda: MyPolicy(alpha=0.1))
"""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.errors import MaitredError
from engine.pmf import draw, sample, with_floor
from engine.policies.base import Policy
from engine.policies.check_draws import unlike
from engine.policies.check_stream import ACTIONS, CONTEXT, bad_examples, stream
from engine.types import Candidate, TrainingExample

Make = Callable[[], Policy]

SUM_TOLERANCE = 1e-9
PERMUTATION_TOLERANCE = 1e-5  # learners add up single-precision terms in the order of the candidates
DRAWS = 100_000
EPSILON = 0.05

_SALT = b"policy contract"


class ContractBroken(AssertionError):
    """A policy does not keep the contract; the message says which part."""


def check_policy(make: Make) -> None:
    """Run every check.

    Args:
        make: gives a new, untrained policy, the same at every call.

    Raises:
        ContractBroken: at the first part of the contract that is not kept.
    """
    for check in checks_for(make()):
        check(make)


def checks_for(policy: Policy) -> list[Callable[[Make], None]]:
    """The checks that apply to a policy, for parametrised tests."""
    return [*CHECKS, *(LEARNING_CHECKS if policy.learns else FIXED_CHECKS)]


def check_pmf_is_a_distribution(make: Make) -> None:
    """One non-negative number per candidate, summing to 1; untrained and trained, for every number of candidates."""
    for policy in (make(), _trained(make)):
        for count in range(1, len(ACTIONS) + 1):
            pmf = policy.pmf(CONTEXT, ACTIONS[:count])
            _require(len(pmf) == count, f"{len(pmf)} probabilities for {count} candidates")
            _require(min(pmf) >= 0.0, "a probability is negative")
            _require(abs(math.fsum(pmf) - 1.0) <= SUM_TOLERANCE, f"probabilities sum to {math.fsum(pmf)!r}")


def check_one_candidate_is_certain(make: Make) -> None:
    """There is no choice among one."""
    _require(_trained(make).pmf(CONTEXT, ACTIONS[1:2]) == [1.0], "a single candidate must have probability 1")


def check_nothing_known_is_enough(make: Make) -> None:
    """An empty context and candidates without features are valid."""
    pmf = _trained(make).pmf({}, [Candidate("a1", "bare", {})])
    _require(pmf == [1.0], "an empty context must be answered")


def check_pmf_is_a_function(make: Make) -> None:
    """The same state and input give the same pmf, in this policy and in another one with the same history."""
    policy, twin = _trained(make), _trained(make)
    first = policy.pmf(CONTEXT, ACTIONS)
    _require(policy.pmf(CONTEXT, ACTIONS) == first, "asking twice gave two answers")
    _require(twin.pmf(CONTEXT, ACTIONS) == first, "two policies with the same history differ")


def check_order_only_permutes(make: Make) -> None:
    """Probabilities belong to candidates, not to their places."""
    policy = _trained(make)
    pmf = policy.pmf(CONTEXT, ACTIONS)
    order = random.Random(5).sample(range(len(ACTIONS)), len(ACTIONS))
    shuffled = policy.pmf(CONTEXT, [ACTIONS[index] for index in order])
    apart = max(abs(pmf[index] - p) for index, p in zip(order, shuffled, strict=True))
    _require(apart <= PERMUTATION_TOLERANCE, f"reordering the candidates moved a probability by {apart:.2g}")


def check_the_excluded_are_absent(make: Make) -> None:
    """What is not among the candidates gets nothing: the rest share 1."""
    policy = _trained(make)
    for left_out in range(len(ACTIONS)):
        rest = [action for index, action in enumerate(ACTIONS) if index != left_out]
        pmf = policy.pmf(CONTEXT, rest)
        _require(len(pmf) == len(rest), "a candidate that was left out came back")
        _require(abs(math.fsum(pmf) - 1.0) <= SUM_TOLERANCE, "a candidate that was left out kept probability")


def check_the_floor_is_kept(make: Make) -> None:
    """After ``with_floor`` everything is possible."""
    pmf = with_floor(_trained(make).pmf(CONTEXT, ACTIONS), EPSILON)
    _require(min(pmf) >= EPSILON / len(pmf), f"the least probability is {min(pmf)}")
    _require(abs(math.fsum(pmf) - 1.0) <= SUM_TOLERANCE, "the floor broke the sum")


def check_draws_follow_the_pmf(make: Make) -> None:
    """χ² of 100,000 draws against the pmf that would be logged."""
    policy = _trained(make)
    for pmf in (policy.pmf(CONTEXT, ACTIONS), with_floor(policy.pmf(CONTEXT, ACTIONS), EPSILON)):
        counts = [0] * len(pmf)
        for number in range(DRAWS):
            counts[sample(pmf, draw(_SALT, f"decision {number}"))] += 1
        complaint = unlike(counts, pmf)
        _require(complaint is None, f"the draws do not follow the pmf: {complaint}")


def check_learning_is_ignored(make: Make) -> None:
    """A policy that does not learn stays as it is."""
    _require(_trained(make).pmf(CONTEXT, ACTIONS) == make().pmf(CONTEXT, ACTIONS), "declares not to learn, but changed")


def check_reward_moves_the_pmf(make: Make) -> None:
    """What is rewarded becomes more probable."""
    policy = make()
    before = policy.pmf(CONTEXT, ACTIONS)
    for number in range(40 * len(ACTIONS)):
        chosen = number % len(ACTIONS)
        policy.learn(TrainingExample(CONTEXT, ACTIONS, chosen, 1.0 / len(ACTIONS), float(chosen == 2)))
    after = policy.pmf(CONTEXT, ACTIONS)
    _require(after[2] > before[2], f"the only rewarded candidate went from {before[2]} to {after[2]}")


def check_asking_changes_nothing(make: Make) -> None:
    """The learned state has the same bytes after any number of pmfs and saves."""
    policy = _trained(make)
    before = _saved(policy)
    for example in stream(50, seed=11):
        policy.pmf(example.shared, example.candidates)
    _require(_saved(policy) == before, "asking for probabilities changed the state")
    _require(_saved(policy) == _saved(_trained(make)), "saving changed the state")


def check_same_stream_same_bytes(make: Make) -> None:
    """Learning is a deterministic fold."""
    _require(_saved(_trained(make)) == _saved(_trained(make)), "the same examples gave two different states")


def check_resuming_is_exact(make: Make) -> None:
    """Save, load and go on: byte for byte as without, unless the policy says that it cannot."""
    examples = stream(400, seed=7)
    whole, half = make(), make()
    _learn(whole, examples)
    _learn(half, examples[:200])
    resumed = _reloaded(half)
    _require(_saved(resumed) == _saved(half), "loading changed the state")
    _learn(resumed, examples[200:])
    if whole.resumes_exactly:
        _require(_saved(resumed) == _saved(whole), "going on after a load gave another state")


def check_bad_examples_are_refused(make: Make) -> None:
    """What is not a number, not finite or not a probability raises, and changes nothing."""
    policy = _trained(make)
    before = _saved(policy)
    for bad in bad_examples():
        try:
            policy.learn(bad)
        except MaitredError:
            continue
        raise ContractBroken(f"learned {bad}")
    _require(_saved(policy) == before, "a refused example changed the state")


CHECKS: tuple[Callable[[Make], None], ...] = (
    check_pmf_is_a_distribution,
    check_one_candidate_is_certain,
    check_nothing_known_is_enough,
    check_pmf_is_a_function,
    check_order_only_permutes,
    check_the_excluded_are_absent,
    check_the_floor_is_kept,
    check_draws_follow_the_pmf,
)
FIXED_CHECKS: tuple[Callable[[Make], None], ...] = (check_learning_is_ignored,)
LEARNING_CHECKS: tuple[Callable[[Make], None], ...] = (
    check_reward_moves_the_pmf,
    check_asking_changes_nothing,
    check_same_stream_same_bytes,
    check_resuming_is_exact,
    check_bad_examples_are_refused,
)


def _require(kept: bool, otherwise: str) -> None:
    if not kept:
        raise ContractBroken(otherwise)


def _learn(policy: Policy, examples: Sequence[TrainingExample]) -> None:
    for example in examples:
        policy.learn(example)


def _trained(make: Make) -> Policy:
    policy = make()
    _learn(policy, stream(200, seed=3))
    return policy


def _saved(policy: Policy) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        policy.save(path)
        return path.read_bytes()


def _reloaded(policy: Policy) -> Policy:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        policy.save(path)
        return type(policy).load(path, **policy.params)
