"""What Open Bandit Pipeline says of a log that was made a moment ago, beside what we say.

``python -m benchmarks.agree_with_obp --obp PYTHON [--rows N] [--seed N]``, with an interpreter that has obp 0.5.7;
``tests/simulator/ope/golden/make_from_obp.py`` says how that one is made. A new seed is drawn if none is given.
"""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simulator.ope import registry
from simulator.ope.evaluated import Array, Evaluated

ACTIONS = 5
AGREED = 1e-9
CASES: Sequence[tuple[str, float | None]] = (
    *((name, None) for name in ("ips", "snips", "dm", "dr", "sndr")),
    *((name, bound) for name in ("clipped_ips", "switch_dr", "dros") for bound in (1.0, 5.0, 50.0)),
)
"""Estimators, with their parameter if they have one."""
BY_VERB: Sequence[tuple[str, float | None]] = (("ips", None), ("snips", None))
"""Those that need no forecasts: the verb fits a reward model of its own."""
PEER = Path(__file__).parent / "peers" / "obp_estimates.py"

Case = tuple[str, float | None]


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """Clicks, the target's probabilities and a model's forecasts, (rows, actions), of a logger of any kind."""

    reward: Array
    chosen: NDArray[np.int64]
    propensity: Array
    target: Array
    forecasts: Array

    def of(self, target: Array) -> Log:
        """The same log for another target, which does not look at the context."""
        return replace(self, target=np.broadcast_to(target, self.target.shape))

    def evaluated(self) -> Evaluated:
        """Rows for our estimators."""
        rows = np.arange(len(self.chosen))
        baseline = (self.target * self.forecasts).sum(axis=1)
        of_chosen = (values[rows, self.chosen] for values in (self.target, self.forecasts))
        return Evaluated(self.reward, self.propensity, *of_chosen, baseline)


@dataclass(frozen=True, slots=True)
class Agreement:
    """On one figure."""

    policy: str
    way: str
    case: Case
    ours: float
    theirs: float

    @property
    def apart(self) -> float:
        """How far the two are."""
        return abs(self.ours - self.theirs)

    def __str__(self) -> str:
        name, parameter = self.case
        named = name if parameter is None else f"{name} {parameter:g}"
        return f"| {self.policy} | {self.way} | {named} | {self.theirs:.12f} | {self.ours:.12f} | {self.apart:.1e} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print each figure of both; exit with 1 if two are further apart than 1e-9."""
    given = _parser().parse_args(arguments)
    seed = secrets.randbits(32) if given.seed is None else given.seed
    print(f"seed {seed}, {given.rows:,} rows\n\n| policy | ours by | estimator | obp | ours | apart |\n{'|---' * 6}|")
    with tempfile.TemporaryDirectory() as folder:
        found = list(_agreements(made(given.rows, seed), given.obp, Path(folder), seed))
    print("\n".join(map(str, found)))
    worst = max(each.apart for each in found)
    print(f"\n{len(found)} figures, at most {worst:.1e} apart")
    if not worst <= AGREED:
        raise SystemExit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.agree_with_obp", description=__doc__)
    parser.add_argument("--obp", required=True, help="a Python interpreter that can import obp")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int)
    return parser


def made(rows: int, seed: int) -> Log:
    """A soft-max logger, another soft-max target, clicks, and a model that is wrong in both directions."""
    luck = np.random.default_rng(seed)
    chance = 1.0 / (1.0 + np.exp(-luck.normal(-0.5, 1.0, (rows, ACTIONS))))
    logger, target = (_softmax(luck.normal(size=(rows, ACTIONS)) * 1.5) for _ in range(2))
    chosen = np.minimum((luck.random((rows, 1)) > logger.cumsum(axis=1)).sum(axis=1), ACTIONS - 1)
    each = np.arange(rows)
    reward = (luck.random(rows) < chance[each, chosen]).astype(np.float64)
    forecasts = np.clip(chance + luck.normal(0.05, 0.2, chance.shape), 0.0, 1.0)
    return Log(reward, chosen, logger[each, chosen], target, forecasts)


def _softmax(scores: Array) -> Array:
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def _agreements(log: Log, obp: str, folder: Path, seed: int) -> Iterator[Agreement]:
    rows, said = log.evaluated(), _by_obp(log, CASES, obp, folder)
    for case, theirs in zip(CASES, said, strict=True):
        yield Agreement("by context", "estimators", case, ours(rows, case), theirs)
    shares = np.random.default_rng([seed, 1]).dirichlet(np.ones(ACTIONS))
    given = ", ".join(f"a{number}: {share!r}" for number, share in enumerate(shares.tolist()))
    policies = {"uniform": np.full(ACTIONS, 1.0 / ACTIONS), f"fixed:shares={{{given}}}": shares}
    path = written(log, folder / "log.parquet")
    for policy, target in policies.items():
        found = by_verb(path, policy)
        for case, theirs in zip(BY_VERB, _by_obp(log.of(target), BY_VERB, obp, folder), strict=True):
            yield Agreement(policy.partition(":")[0], "maitred evaluate", case, found[case[0]], theirs)


def ours(rows: Evaluated, case: Case) -> float:
    """What our estimator says."""
    name, parameter = case
    tuned = registry.estimators()[name].tuned
    params = {} if tuned is None or parameter is None else {tuned: parameter}
    return registry.build(name, **params).estimate(rows)


def written(log: Log, path: Path) -> Path:
    """The log in Parquet, as the verb reads it."""
    names = [f"a{number}" for number in range(ACTIONS)]
    columns = {
        "id": [f"d{number}" for number in range(len(log.chosen))],
        "candidates": [names] * len(log.chosen),
        "chosen": pa.array(log.chosen, pa.int32()),
        "propensity": log.propensity,
        "reward": log.reward,
    }
    pq.write_table(pa.table(columns), path)
    return path


def by_verb(path: Path, policy: str) -> Mapping[str, float]:
    """What ``maitred evaluate`` prints, estimator → value. Raises ``RuntimeError`` if it prints no values."""
    asked = [word for name, _ in BY_VERB for word in ("--estimator", name)]
    command = [sys.executable, "-m", "api.cli", "evaluate", str(path), "--policy", policy, *asked, "--json"]
    told = subprocess.run(command, capture_output=True, text=True)
    found = {each["estimator"]: each["value"] for each in json.loads(told.stdout or "{}").get("estimates", ())}
    if not found:
        raise RuntimeError(told.stdout or told.stderr)
    return found


def _by_obp(log: Log, cases: Sequence[Case], python: str, folder: Path) -> list[float]:
    path = folder / "log.npz"
    columns = {name: getattr(log, name) for name in ("reward", "chosen", "propensity", "target", "forecasts")}
    np.savez(path, **columns)
    told = subprocess.run([python, str(PEER), str(path), json.dumps(cases)], capture_output=True, text=True, check=True)
    values: list[float] = json.loads(told.stdout.splitlines()[-1])
    return values


if __name__ == "__main__":
    main()
