"""Every estimator there is keeps the contract; a new one is checked without being named here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from engine.errors import ConfigError, NotEvaluable
from simulator.ope import registry
from simulator.ope.base import Sums
from simulator.ope.checks import CHECKS, ContractBroken, Make, check_estimator
from simulator.ope.clipped_ips import ClippedIPS
from simulator.ope.dros import DROS
from simulator.ope.evaluated import Array, Evaluated
from simulator.ope.ips import IPS
from simulator.ope.mean import MeanEstimator
from simulator.ope.switch_dr import SwitchDR


def _every_check_of_every_estimator() -> list[Any]:
    return [
        pytest.param(partial(registry.build, name, **params), check, id=f"{name}-{number}-{check.__name__}")
        for name, kind in registry.estimators().items()
        for number, params in enumerate(kind.check_params)
        for check in CHECKS
    ]


@pytest.mark.parametrize(("make", "check"), _every_check_of_every_estimator())
def test_every_registered_estimator_keeps_the_contract(make: Make, check: Callable[[Make], None]) -> None:
    check(make)


class _Rounded(MeanEstimator):
    name = "rounded"

    def _rows(self, batch: Evaluated) -> Array:
        return np.full(len(batch), float((batch.ratio * batch.reward).mean()))


class _Unweighted(MeanEstimator):
    name = "unweighted"

    def _rows(self, batch: Evaluated) -> Array:
        return 1.1 * batch.reward


class _Proud(IPS):
    name = "proud"

    def _influence(self, batch: Evaluated, sums: Sums) -> Array:
        return 0.5 * super()._influence(batch, sums)


class _Uncentred(IPS):
    name = "uncentred"

    def _influence(self, batch: Evaluated, sums: Sums) -> Array:
        return batch.weight * batch.reward


class _Forgetful(IPS):
    """Forgets what was not kept."""

    name = "forgetful"

    def _terms(self, batch: Evaluated) -> tuple[Array, ...]:
        return self._rows(batch), batch.decisions


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (_Rounded, "other sums than the whole"),
        (_Unweighted, "away from the mean"),
        (_Proud, "moves the value"),
        (_Uncentred, "mean 0"),
        (_Forgetful, "half was kept"),
    ],
)
def test_the_contract_notices_an_estimator_that_breaks_it(make: Make, complaint: str) -> None:
    with pytest.raises(ContractBroken, match=complaint):
        check_estimator(make)


def test_estimators_of_the_package_are_found_and_test_doubles_are_not() -> None:
    assert set(registry.estimators()) >= {"dm", "ips", "clipped_ips", "snips", "dr", "sndr", "switch_dr", "dros"}
    assert "rounded" not in registry.estimators()


@pytest.mark.parametrize(("name", "params"), [("ipw", {}), ("ips", {"clip": 1.0}), ("dros", {"clip": 1.0})])
def test_a_wrong_name_or_parameter_is_named(name: str, params: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"ipw|clip"):
        registry.build(name, **params)


@pytest.mark.parametrize(
    "make", [lambda: ClippedIPS(clip=0.0), lambda: SwitchDR(threshold=-1.0), lambda: DROS(shrinkage=float("nan"))]
)
def test_parameters_without_a_meaning_are_refused(make: Make) -> None:
    with pytest.raises(NotEvaluable):
        make()


def test_parameters_are_told_as_given() -> None:
    assert registry.build("dros", shrinkage=3.0).params == {"shrinkage": 3.0}


@pytest.mark.parametrize("name", ["snips", "sndr"])
def test_a_target_that_takes_no_logged_action_is_not_evaluable(name: str) -> None:
    zeros, ones = np.zeros(3), np.ones(3)
    rows = Evaluated(ones, ones, zeros, forecast=ones, baseline=ones)
    with pytest.raises(NotEvaluable, match="none of the logged"):
        registry.build(name).estimate(rows)
