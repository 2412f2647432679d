"""Experiments: the same result whatever was measured before and by however many processes, and what it says is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ConfigError, NotEvaluable
from engine.policies import registry as policies
from engine.policies.uniform import UniformPolicy
from engine.stats.weighted import Range
from simulator.experiments.conduct import conduct
from simulator.experiments.entrant import Entrant
from simulator.experiments.experiment import Experiment
from simulator.experiments.in_world import InWorld
from simulator.experiments.on_log import OnLog
from simulator.experiments.results import Results
from simulator.experiments.setting import Setting
from simulator.experiments.store import Store
from simulator.experiments.summary import Summary, summary
from simulator.logs.parquet import write_parquet
from simulator.runs.logged import logged
from simulator.runs.run import run
from simulator.worlds import registry as worlds
from simulator.worlds.logistic import LogisticWorld

ROUNDS = 400
SEEDS = (1, 2, 3)
SMALL = {"actions": 3, "features": 3}


def entrants(*names: str) -> list[Entrant]:
    return [Entrant.of(name, partial(policies.build, name, {})) for name in names]


def in_world(rounds: int = ROUNDS) -> InWorld:
    return InWorld("small", partial(worlds.build, "logistic", SMALL), rounds)


def experiment(*settings: Setting, names: Sequence[str] = ("uniform", "linucb"), seeds: Sequence[int] = SEEDS):
    return Experiment("test", entrants(*names), settings or (in_world(),), seeds)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("experiment") / "log.parquet"
    write_parquet(logged(UniformPolicy(), LogisticWorld(**SMALL), 3_000, 1), path)
    return path


def conducted(made: Experiment, folder: Path, **options: int) -> Summary:
    return summary(conduct(made, Store(folder), **options))


def test_a_killed_experiment_goes_on_and_processes_make_no_difference(tmp_path: Path, log: Path) -> None:
    made = experiment(in_world(), OnLog("log", log, Range(0.0, 1.0)))
    whole = conduct(made, Store(tmp_path / "whole"))
    part = Store(tmp_path / "part")
    for cell in list(made.cells())[::3]:
        part.put(cell.key, cell.measure())
    told: list[int] = []
    resumed = conduct(made, part, processes=2, watch=told.append)
    assert told == list(range(4, 13))
    whole.write(tmp_path / "whole.parquet")
    resumed.write(tmp_path / "resumed.parquet")
    assert (tmp_path / "whole.parquet").read_bytes() == (tmp_path / "resumed.parquet").read_bytes()


def test_a_measurement_that_was_cut_short_is_made_again(tmp_path: Path) -> None:
    made, store = experiment(names=("uniform",), seeds=(1,)), Store(tmp_path)
    (cell,) = made.cells()
    before = conduct(made, store)
    (tmp_path / f"{cell.key}.json").write_text('{"kind": "world", "whole"')
    assert conduct(made, store) == before


def test_another_world_policy_seed_or_log_is_another_measurement(log: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    write_parquet(logged(UniformPolicy(), LogisticWorld(**SMALL), 3_000, 2), other)
    logs = [OnLog("log", log), OnLog("log", log, Range(0.0, 2.0)), OnLog("log", log, learns_from="log")]
    settings = [in_world(), in_world(ROUNDS + 1), InWorld("small", LogisticWorld, ROUNDS), *logs, OnLog("log", other)]
    keys = {cell.key for setting in settings for cell in experiment(setting).cells()}
    assert len(keys) == len(settings) * 2 * len(SEEDS)
    assert keys > {cell.key for cell in experiment(replace(in_world(), label="another name")).cells()}


def test_values_are_the_runs_and_differences_are_paired(tmp_path: Path) -> None:
    (place,) = conducted(experiment(), tmp_path).places
    runs = {
        name: np.array([run(policies.build(name, {}), LogisticWorld(**SMALL), ROUNDS, s).value.mean() for s in SEEDS])
        for name in ("uniform", "linucb")
    }
    assert [each.policy for each in place.standings] == ["linucb", "uniform"]
    assert {each.policy: each.value for each in place.standings} == pytest.approx(
        {name: values.mean() for name, values in runs.items()}
    )
    (compared,) = place.against
    apart = runs["linucb"] - runs["uniform"]
    margin = 4.302_652_73 * apart.std(ddof=1) / np.sqrt(len(SEEDS))
    assert compared.difference == pytest.approx(apart.mean())
    assert compared.interval.width == pytest.approx(2.0 * margin)


def test_a_policy_against_itself_differs_by_nothing(tmp_path: Path, log: Path) -> None:
    twins = [Entrant.of(name, partial(policies.build, "linucb", {})) for name in ("one", "other")]
    made = Experiment("twins", twins, (in_world(), OnLog("log", log)), SEEDS)
    for place in conducted(made, tmp_path).places:
        (compared,) = place.against
        assert (compared.difference, compared.p_value, compared.words) == (0.0, 1.0, "no significant difference")
        assert compared.more is None
        assert [each.rank for each in place.standings] == [1.5, 1.5]


def test_one_seed_says_nothing_of_chance_in_a_world(tmp_path: Path) -> None:
    (place,) = conducted(experiment(seeds=(1,)), tmp_path).places
    assert [each.interval for each in place.standings] == [None, None]
    assert place.against == place.pairs == ()


def test_what_a_log_cannot_carry_has_no_number_and_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "short.parquet"
    write_parquet(logged(UniformPolicy(), LogisticWorld(**SMALL), 200, 1), path)
    found = conducted(experiment(OnLog("log", path)), tmp_path / "store")
    (place,) = found.places
    linucb = place.standings[-1]
    assert (linucb.policy, linucb.value, linucb.verdict) == ("linucb", None, "not evaluable")
    assert "more than 256 are needed" in linucb.reasons[0]
    assert found.verdict == "not evaluable"


def test_intervals_on_logs_hold_the_truth(tmp_path: Path) -> None:
    """Of a policy that does not learn, whose exact value is known; 40 logs, at least 93 % less 2 standard errors."""
    leaning, world, held, logs = {"shares": {"a0": 0.7, "a1": 0.3}}, LogisticWorld(**SMALL), 0, 40
    truth = run(policies.build("fixed", leaning), world, 40_000, 999).value.mean()
    entrant = Entrant.of("leaning", partial(policies.build, "fixed", leaning))
    for seed in range(logs):
        path = tmp_path / f"{seed}.parquet"
        write_parquet(logged(UniformPolicy(), world, 1_500, seed), path)
        made = Experiment("coverage", [entrant], [OnLog("log", path)], (1,))
        interval = conducted(made, tmp_path / "store").places[0].standings[0].interval
        assert interval is not None
        held += truth in interval
    assert held / logs >= 0.93 - 2.0 * np.sqrt(0.93 * 0.07 / logs)


def test_segments_and_days_add_up(tmp_path: Path) -> None:
    path = tmp_path / "shop.parquet"
    write_parquet(logged(UniformPolicy(), worlds.build("shop", {"days": 3.0}), 1_200, 1), path)
    setting = OnLog("shop", path, Range(0.0, 1.0), by="tier")
    (place,) = conducted(experiment(setting, names=("uniform",), seeds=(1,)), tmp_path / "store").places
    (uniform,) = place.standings
    days = [each for name, each in uniform.parts.items() if name.startswith("2026-01-")]
    tiers = [each for name, each in uniform.parts.items() if name.startswith("tier=")]
    assert (len(days), len(tiers)) == (3, 4)
    for parts in (days, tiers):
        assert sum(decisions for decisions, _ in parts) == 1_200


def test_ranks_over_settings(tmp_path: Path) -> None:
    settings = [InWorld(f"w{seed}", partial(LogisticWorld, 3, 3, seed=seed), 200) for seed in range(3)]
    found = conducted(experiment(*settings), tmp_path)
    best, worst = found.rankings
    assert (best.policy, best.rank, worst.rank) == ("linucb", 1.0, 2.0)
    values = [each.value for place in found.places for each in place.standings if each.policy == "linucb"]
    assert best.value == pytest.approx(np.mean(values))


def test_what_was_written_is_read_and_nothing_else_is(tmp_path: Path, log: Path) -> None:
    results = conduct(experiment(in_world(), OnLog("log", log)), Store(tmp_path / "store"))
    results.write(tmp_path / "results.parquet")
    assert Results.read(tmp_path / "results.parquet") == results
    with pytest.raises(NotEvaluable, match="expected the results of an experiment"):
        Results.read(log)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"entrants": []}, "there are no policies"),
        ({"settings": []}, "there are no worlds and logs"),
        ({"seeds": (1, 1)}, "seeds: '1' is there twice"),
        ({"entrants": entrants("uniform", "uniform")}, "policies: 'uniform' is there twice"),
        ({"reference": "best"}, "reference 'best' is none of uniform, linucb"),
    ],
)
def test_an_experiment_that_is_none_is_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        replace(experiment(), **changes)
