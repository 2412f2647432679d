"""Feature names that would break Vowpal Wabbit's text format are one feature each, and learned like any other."""

from __future__ import annotations

import pytest

from engine.encode.ranges import RangeEncoder, RangeSpec
from engine.policies.vw import VwPolicy
from engine.types import Candidate, TrainingExample

NAMES = ["a|b c", "a:1", "line\nshared |S x", "nul\0b", "nul\0c", "😀", "\u2028", "\x1b[31m", "plain"]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_one_feature_that_is_learned(name):
    encoder = RangeEncoder(RangeSpec())
    policy = VwPolicy(flags="--cb_explore_adf --squarecb --gamma_scale 10 --epsilon 0.02 -l 1 -q SA -b 18")
    here, elsewhere = encoder.shared({name: "yes"}, {}), encoder.shared({name: "no"}, {})
    candidates = tuple(Candidate(id, id, encoder.action(id, {name: id})) for id in ("left", "right"))
    assert len(policy.pmf(here, candidates)) == len(candidates)
    for n in range(200):
        shared, good = (here, 0) if n % 2 else (elsewhere, 1)
        chosen = n // 2 % 2
        policy.learn(TrainingExample(shared, candidates, chosen, 0.5, float(chosen == good)))
    assert policy.pmf(here, candidates)[0] > 0.9
    assert policy.pmf(elsewhere, candidates)[1] > 0.9
