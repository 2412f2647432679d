"""Flag strings: what is refused before Vowpal Wabbit sees it, and what is known about the rest."""

from __future__ import annotations

import pytest

from engine.errors import ConfigError
from engine.policies.check_stream import ACTIONS, CONTEXT, stream
from engine.policies.vw import DEFAULT_FLAGS, VwPolicy
from engine.vowpal import Vowpal
from engine.vowpal_flags import Flags

ADF = "--cb_explore_adf"


@pytest.mark.parametrize(
    "flag",
    [
        "--elim",
        "--enable_logging",
        "--audit",
        "--invert_hash names.txt",
        "-i model",
        "--initial_regressor model",
        "-f model",
        "--final_regressor model",
        "-d data",
        "--data data",
        "-p out",
        "--cache_file c",
        "--l1 1e-6",
        "--l2 1e-6",
        "--loss_function logistic",
        "--initial_t 5",
        "--first 50",
        "--cb_sample",
        "--no_such_flag",
        "positional",
    ],
)
def test_flags_that_are_harmful_or_unknown_are_refused_by_name(flag: str) -> None:
    with pytest.raises(ConfigError, match=f"{flag.split()[0]}.* is refused"):
        Vowpal(f"{ADF} --squarecb {flag}")


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ("--bag 0", "--bag"),
        ("--bag -1", "--bag"),
        ("--cover 0", "--cover"),
        ("--epsilon 2", "--epsilon"),
        ("--epsilon nan", "--epsilon"),
        ("--epsilon", "--epsilon"),
        ("--epsilon .1 --epsilon .2", "--epsilon is given twice"),
        ("--gamma_scale -5 --squarecb", "--gamma_scale"),
        ("-b 40", "--bit_precision"),
        ("-l 0", "--learning_rate"),
        ("-l -1", "--learning_rate"),
        ("-l1", "'-l1' is refused"),
        ("-q S", "--quadratic"),
        ("--interactions SSSSSSA", "--interactions"),
        ("--regcbopt --mellowness 0", "--mellowness"),
        ("--cb_type sm", "--cb_type"),
    ],
)
def test_values_that_crash_or_freeze_or_invert_learning_are_refused(flags: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        Vowpal(f"{ADF} {flags}")


@pytest.mark.parametrize("flags", ["--softmax --squarecb", "--squarecb --cb_type ips", "--bag 2.5"])
def test_what_vowpal_wabbit_refuses_is_a_configuration_error(flags: str) -> None:
    with pytest.raises(ConfigError, match="vowpal wabbit refuses"):
        Vowpal(f"{ADF} {flags}")


def test_action_features_are_required() -> None:
    with pytest.raises(ConfigError, match="must contain --cb_explore_adf"):
        Vowpal("--squarecb")


def test_equals_signs_and_short_names_mean_the_same() -> None:
    assert Flags.parse(f"{ADF} --epsilon=0.1 -l 1") == Flags.parse(f"{ADF} --epsilon 0.1 --learning_rate 1")


@pytest.mark.parametrize("flag", ["--regcb", "--regcbopt"])
def test_regcb_is_told_the_range_of_costs_unless_it_was_given(flag: str) -> None:
    assert Flags.parse(f"{ADF} {flag}") == Flags.parse(f"{ADF} {flag} --cb_min_cost -1 --cb_max_cost 0")
    assert Flags.parse(f"{ADF} {flag} --cb_min_cost -0.5").tokens[-4:] == [
        "--cb_min_cost",
        "-0.5",
        "--cb_max_cost",
        "0",
    ]
    assert "--cb_min_cost" not in Flags.parse(f"{ADF} --squarecb").tokens


@pytest.mark.parametrize("flag", ["--regcb", "--regcbopt"])
def test_regcb_learns_and_shares_among_equals(flag: str) -> None:
    policy = VwPolicy(flags=f"{ADF} {flag} --mellowness 0.001 -q SA -b 18")
    assert policy.pmf(CONTEXT, ACTIONS) == [1 / len(ACTIONS)] * len(ACTIONS)
    for example in stream(400, seed=1):
        policy.learn(example)
    chosen = policy.pmf({"segment=1": 1.0}, ACTIONS)
    assert all(p == 0.0 or "kind=1" in action.features for p, action in zip(chosen, ACTIONS, strict=True))


@pytest.mark.parametrize("flags", ["--bag 3", "--cover 3", "--rnd 1", "--cb_type dr --epsilon .1"])
def test_explorations_whose_state_is_not_all_stored_do_not_resume_exactly(flags: str) -> None:
    assert not VwPolicy(flags=f"{ADF} {flags}").resumes_exactly


@pytest.mark.parametrize(
    "flags", [DEFAULT_FLAGS, f"{ADF} --epsilon .1", f"{ADF} --softmax --lambda 10", f"{ADF} --regcbopt"]
)
def test_other_explorations_resume_exactly(flags: str) -> None:
    assert VwPolicy(flags=flags).resumes_exactly


def test_true_propensities_and_squarecb_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match="squarecb"):
        VwPolicy(label_probability="true")
