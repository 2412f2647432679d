"""Flag strings: what is refused before Vowpal Wabbit sees it, and what is known about the rest."""

from __future__ import annotations

import pytest

from engine.errors import ConfigError
from engine.policies.vw import DEFAULT_FLAGS, VwPolicy
from engine.vowpal import Vowpal
from engine.vowpal_flags import Flags

ADF = "--cb_explore_adf"


@pytest.mark.parametrize(
    "flag",
    [
        "--elim",
        "--regcb",
        "--regcbopt",
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


@pytest.mark.parametrize("flags", ["--bag 3", "--cover 3", "--rnd 1", "--cb_type dr --epsilon .1"])
def test_explorations_whose_state_is_not_all_stored_do_not_resume_exactly(flags: str) -> None:
    assert not VwPolicy(flags=f"{ADF} {flags}").resumes_exactly


@pytest.mark.parametrize("flags", [DEFAULT_FLAGS, f"{ADF} --epsilon .1", f"{ADF} --softmax --lambda 10"])
def test_other_explorations_resume_exactly(flags: str) -> None:
    assert VwPolicy(flags=flags).resumes_exactly


def test_true_propensities_and_squarecb_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match="squarecb"):
        VwPolicy(label_probability="true")
