"""Vowpal Wabbit's tutorial of off-policy evaluation: 24 rows, one policy learned from 16, evaluated on 8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from vowpalwabbit import Workspace

from benchmarks.research_tables.amounts import Amounts
from benchmarks.research_tables.table import Row, Table, last_digit
from simulator.ope.evaluated import Evaluated
from simulator.ope.ips import IPS

TWELVE = (
    *((1, 1, 25), (2, 0, 25), (2, 1, 55), (2, 1, 56), (2, 1, 55), (2, 1, 56)),
    *((1, 1, 27), (2, 0, 21), (2, 0, 23), (2, 0, 56), (2, 1, 55), (2, 1, 36)),
)
LOGGED = (*TWELVE, *TWELVE)
"""Action, cost, age of the user."""
PROPENSITY = 0.5
LEARNED = 16
FLAGS = ("--cb", "2", "--cb_type", "ips", "--quiet")
OF_LEARNED, OF_JUDGED, PRODUCTION = 0.5, 0.25, 0.625
OF_ALL, PRODUCTION_OF_ALL = 0.416667, 0.6667
SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Logged:
    """One row."""

    action: int
    cost: int
    age: int

    def __str__(self) -> str:
        return f"{self.action}:{self.cost}:{PROPENSITY} | user_age:{self.age}"


def made(_amounts: Amounts) -> Table:
    """Costs by our estimator of what Vowpal Wabbit chose, beside what it prints itself."""
    rows = [Logged(*row) for row in LOGGED]
    learned, judged = rows[:LEARNED], rows[LEARNED:]
    batch, online = Workspace(arg_list=list(FLAGS)), Workspace(arg_list=list(FLAGS))
    as_learned = _cost(learned, _learning(batch, learned))
    as_judged = _cost(judged, [int(batch.predict(_unlabelled(row))) for row in judged])
    as_all = _cost(rows, _learning(online, rows))
    for workspace in (batch, online):
        workspace.finish()
    found = (
        Row("learned rows, each before it was learned", OF_LEARNED, as_learned, SAME),
        Row("the same, by Vowpal Wabbit", OF_LEARNED, _own_loss(learned), SAME),
        Row("judged rows", OF_JUDGED, as_judged, SAME),
        Row("judged rows, what production cost", PRODUCTION, _logged_cost(judged), SAME),
        Row("all rows, each before it was learned", OF_ALL, as_all, last_digit(6)),
        Row("all rows, what production cost", PRODUCTION_OF_ALL, _logged_cost(rows), last_digit(4)),
    )
    return Table(
        "vw_tutorial",
        "Vowpal Wabbit, tutorial off_policy_evaluation.md, `--cb 2 --cb_type ips`: mean costs of 16, 8 and 24 rows",
        "1e-9 for what is exact in binary, else half a unit of the source's last digit",
        found,
    )


def _learning(workspace: Workspace, rows: Sequence[Logged]) -> list[int]:
    """What is chosen in each row by what was learned from those before it."""
    chosen = []
    for row in rows:
        chosen.append(int(workspace.predict(_unlabelled(row))))
        workspace.learn(str(row))
    return chosen


def _own_loss(rows: Sequence[Logged]) -> float:
    """What Vowpal Wabbit prints as its average loss."""
    workspace = Workspace(arg_list=list(FLAGS))
    for row in rows:
        workspace.learn(str(row))
    workspace.finish()
    return float(workspace.get_sum_loss() / workspace.get_weighted_examples())


def _unlabelled(row: Logged) -> str:
    return f"| user_age:{row.age}"


def _cost(rows: Sequence[Logged], chosen: Sequence[int]) -> float:
    """By IPS: costs are rewards with another sign."""
    target = np.array([row.action == choice for row, choice in zip(rows, chosen, strict=True)], dtype=np.float64)
    reward = np.array([-row.cost for row in rows], dtype=np.float64)
    return -IPS().estimate(Evaluated(reward, np.full(len(rows), PROPENSITY), target))


def _logged_cost(rows: Sequence[Logged]) -> float:
    return sum(row.cost for row in rows) / len(rows)
