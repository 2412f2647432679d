"""From a log and a policy to an evaluation: right where it can be, silent where it cannot."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import ConfigError, NotEvaluable
from engine.stats.weighted import Range
from simulator.audit.verdict import Level
from simulator.evaluate.audited import audited
from simulator.evaluate.evaluate import evaluate
from simulator.evaluate.question import Question
from simulator.logs.open import open_log
from simulator.logs.schema import LOG
from simulator.ope.registry import estimators
from simulator.policies.spec import policy_of

CHANCES = {"a": 0.2, "b": 0.5, "c": 0.7}
LOGGER = [0.2, 0.3, 0.5]
SECOND_US = 1_000_000
ERRORS = 5.0
"""Standard errors that an estimate may be off by."""


def log_of(n: int, *, logger: Sequence[float] = LOGGER, positions: int = 1) -> pa.Table:
    """Rows of a logger that does not look at who asks."""
    random = np.random.default_rng(1)
    chosen = random.choice(len(logger), size=n, p=logger)
    rewarded = random.random(n) < np.array(list(CHANCES.values()))[chosen]
    made = [
        {**_row(k, int(chosen[k]), float(rewarded[k])), "position": k % positions, "pmf": list(logger)}
        for k in range(n)
    ]
    return pa.Table.from_pylist(made, LOG)


def _row(number: int, chosen: int, reward: float) -> dict[str, Any]:
    return {
        "id": f"d{number}",
        "time": 1_700_000_000 * SECOND_US + number * SECOND_US,
        "unit": f"u{number}",
        "context": [("mood=good", 1.0)],
        "candidates": list(CHANCES),
        "features": None,
        "chosen": chosen,
        "propensity": LOGGER[chosen],
        "policy": "logger",
        "reward": reward,
        "group": "champion",
        "keep": 1.0,
        "learnable": True,
    }


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    """The log of a logger that did not learn."""
    return log_of(4_000)


@pytest.mark.parametrize("action", CHANCES)
def test_every_estimator_finds_what_an_action_is_worth(rows: pa.Table, action: str):
    asked = Question(tuple(estimators()))
    found = evaluate(open_log(rows), policy_of(f"baseline:action={action}"), asked)
    assert found.verdict.level is Level.TRUST
    chance = LOGGER[list(CHANCES).index(action)]
    error = math.sqrt(CHANCES[action] / chance / len(rows))
    for estimate in found.estimates:
        assert estimate.value == pytest.approx(CHANCES[action], abs=ERRORS * error), estimate.estimator


def test_the_logger_itself_is_worth_what_was_logged(rows: pa.Table):
    shares = dict(zip(CHANCES, LOGGER, strict=True))
    found = evaluate(open_log(rows), policy_of(f"fixed:shares={json.dumps(shares)}"), Question(("ips", "snips")))
    assert [each.value for each in found.estimates] == pytest.approx([found.logged.mean] * 2)
    assert found.logged.n == len(rows)


def test_empirical_likelihood_stands_where_the_range_is_known(rows: pa.Table):
    found = evaluate(open_log(rows), policy_of("uniform"), Question(("ips", "dr"), rewards=Range(0.0, 1.0)))
    kinds = {each.estimator: each.interval.kind for each in found.estimates if each.interval is not None}
    assert kinds == {"ips": "empirical_likelihood", "dr": "delta"}


def test_a_log_of_a_learning_logger_is_modelled_from_the_past_alone():
    learned = open_log(log_of(4_000, positions=8))
    (estimate,) = evaluate(learned, policy_of("uniform"), Question(("dr",))).estimates
    truth = sum(CHANCES.values()) / len(CHANCES)
    assert estimate.value == pytest.approx(truth, abs=ERRORS / math.sqrt(4_000))


def test_what_the_logger_never_did_has_no_number():
    found = evaluate(open_log(log_of(4_000, logger=[0.5, 0.5, 0.0])), policy_of("baseline:action=c"))
    assert found.verdict.level is Level.NOT_EVALUABLE
    assert (found.estimates, found.verdict.exit_code) == ((), 4)
    assert list(found.as_json()["estimates"]) == []


def test_a_policy_that_learns_is_sent_to_replay(rows: pa.Table):
    with pytest.raises(NotEvaluable, match="replay"):
        evaluate(open_log(rows), policy_of("linucb"))


@pytest.mark.parametrize("policy", ["baseline:action=nosuch", "fixed:shares={a: 1, nosuch: 1}"])
def test_a_policy_that_names_what_nobody_offers_is_refused(rows: pa.Table, policy: str):
    with pytest.raises(ConfigError, match="no row of the log offers 'nosuch'"):
        evaluate(open_log(rows), policy_of(policy))


def test_an_audit_has_the_same_verdict_and_no_numbers(rows: pa.Table):
    policy = policy_of("baseline:action=c")
    audit, whole = audited(open_log(rows), policy), evaluate(open_log(rows), policy)
    assert audit.verdict == whole.verdict
    assert (audit.estimates, len(whole.estimates)) == ((), 3)


def test_rows_that_cannot_be_used_are_counted_and_change_no_number(rows: pa.Table):
    broken = rows.slice(0, 1).set_column(
        rows.schema.get_field_index("propensity"), rows.schema.field("propensity"), [[0.9]]
    )
    broken = broken.set_column(0, rows.schema.field("id"), [["broken"]])
    clean = evaluate(open_log(rows), policy_of("uniform"))
    found = evaluate(open_log(pa.concat_tables([rows, broken])), policy_of("uniform"))
    assert found.faults.count == 1
    assert found.estimates == clean.estimates
    assert any("left out" in line and "propensity" in line for line in found.lines())


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"estimators": ("magic",)}, "magic"),
        ({"estimators": ()}, "expected some of"),
        ({"interval": "guess"}, "guess"),
        ({"confidence": 1.0}, "between 0 and 1"),
        ({"rewards": Range(1.0, 1.0)}, "least and the greatest"),
    ],
)
def test_a_question_that_is_none_is_refused(question: dict[str, object], words: str):
    with pytest.raises(ConfigError, match=words):
        Question(**question)
