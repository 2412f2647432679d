"""The learner behind the guards: same numbers as Vowpal Wabbit's own text interface, saved, loaded and explained."""

from __future__ import annotations

import math
import random
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from vowpalwabbit import Workspace

from engine import vowpal_examples
from engine.errors import SnapshotError
from engine.policies.vw import DEFAULT_FLAGS, VwPolicy
from engine.types import Candidate
from engine.vowpal import Vowpal

ACTIONS = tuple(
    Candidate(f"a{n}", f"a{n}", {f"id=a{n}": 1.0, f"kind={n % 3}": 1.0, "size": 0.25 * n}) for n in range(1, 9)
)
EPSILON = "--cb_explore_adf --epsilon 0.05 -q SA -b 18"
Event = tuple[dict[str, float], tuple[Candidate, ...], int, float, float]


def events(count: int, seed: int = 1) -> Iterator[Event]:
    rng = random.Random(seed)
    for _ in range(count):
        shared = {f"segment={rng.randrange(4)}": 1.0, "visits": rng.choice([-0.5, 0.25, 1.0])}
        offered = tuple(rng.sample(ACTIONS, rng.randint(2, 6)))
        yield shared, offered, rng.randrange(len(offered)), -float(rng.random() < 0.4), rng.choice([0.25, 0.5, 1.0])


def taught(flags: str, count: int = 300) -> Vowpal:
    vowpal = Vowpal(flags)
    for shared, offered, chosen, cost, probability in events(count):
        vowpal.learn(shared, offered, chosen, cost=cost, probability=probability)
    return vowpal


def saved(vowpal: Vowpal, path: Path) -> bytes:
    vowpal.save(path)
    return path.read_bytes()


def text(features: dict[str, float]) -> str:
    return " ".join(f"{name}:{value}" for name, value in features.items())


def workspace(flags: str) -> Workspace:
    """Vowpal Wabbit as its own manual uses it."""
    return Workspace(arg_list=[*flags.split(), "--quiet"])


def lines(shared: dict[str, float], offered: Sequence[Candidate]) -> list[str]:
    return [f"shared |S {text(shared)}", *(f"|A {text(dict(action.features))}" for action in offered)]


def labelled(
    shared: dict[str, float], offered: Sequence[Candidate], chosen: int, cost: float, probability: float
) -> list[str]:
    first, *actions = lines(shared, offered)
    actions[chosen] = f"0:{cost}:{probability} {actions[chosen]}"
    return [first, *actions]


def estimated(plain: Workspace, shared: dict[str, float], offered: Sequence[Candidate]) -> list[float]:
    """The cost that each candidate is estimated to have."""
    examples = plain.parse(lines(shared, offered))
    plain.predict(examples)
    costs = [example.get_partial_prediction() for example in examples[1:]]
    plain.finish_example(examples)
    return costs


@pytest.mark.parametrize("flags", [DEFAULT_FLAGS, EPSILON, "--cb_explore_adf --bag 3 --epsilon 0.05 -q SA -b 18"])
def test_cached_examples_give_the_same_probabilities_as_the_text_interface(flags: str) -> None:
    vowpal, plain = Vowpal(flags), workspace(flags)
    for shared, offered, chosen, cost, probability in events(300):
        assert vowpal.predict(shared, offered) == pytest.approx(plain.predict(lines(shared, offered)), abs=1e-5)
        vowpal.learn(shared, offered, chosen, cost=cost, probability=probability)
        plain.learn(labelled(shared, offered, chosen, cost, probability))


@pytest.mark.parametrize(
    "flags", [DEFAULT_FLAGS, EPSILON, f"{EPSILON} --noconstant", "--cb_explore_adf --squarecb -l 1"]
)
def test_contributions_add_up_to_the_estimated_cost(flags: str) -> None:
    vowpal, plain = taught(flags), workspace(flags)
    for event in events(300):
        plain.learn(labelled(*event))
    shared = {"segment=1": 1.0, "visits": 0.5, "zero": 0.0}
    costs = estimated(plain, shared, ACTIONS)
    assert any(abs(cost) > 0.01 for cost in costs)
    for action, cost in zip(ACTIONS, costs, strict=True):
        terms = vowpal.contributions(shared, action)
        assert terms is not None
        assert math.fsum(value for _, value in terms) == pytest.approx(cost, abs=1e-5)
        assert [abs(value) for _, value in terms] == sorted((abs(value) for _, value in terms), reverse=True)
        assert "zero" not in dict(terms)


def test_contributions_name_features_and_pairs_and_favour_is_positive_for_the_policy() -> None:
    vowpal = taught(DEFAULT_FLAGS)
    named = dict(vowpal.contributions({"segment=1": 1.0}, ACTIONS[0]) or ())
    assert set(named) == {
        "constant",
        "segment=1",
        *ACTIONS[0].features,
        *(f"segment=1 × {name}" for name in ACTIONS[0].features),
    }
    policy = VwPolicy()
    policy._vowpal = vowpal
    assert dict(policy.contributions({"segment=1": 1.0}, ACTIONS[0]) or ()) == {name: -v for name, v in named.items()}


@pytest.mark.parametrize(
    "flags", [f"{EPSILON} --coin", f"{EPSILON} --bag 3", f"{EPSILON} --interactions SSA", "--cb_explore_adf -q SS"]
)
def test_models_that_are_no_single_sum_are_not_explained(flags: str) -> None:
    assert Vowpal(flags).contributions({"x": 1.0}, ACTIONS[0]) is None


def test_the_cache_of_examples_is_bounded_and_keeps_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vowpal_examples, "MAX_CACHED", 3)
    vowpal = taught(EPSILON, 50)
    vowpal.predict({}, ACTIONS[:1])
    for action in ACTIONS[1:]:
        vowpal.predict({}, (ACTIONS[0], action))
    assert set(vowpal._examples.actions) == {"a1", "a7", "a8"}


def test_a_small_cache_changes_no_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    expected = saved(taught(DEFAULT_FLAGS), tmp_path / "all")
    monkeypatch.setattr(vowpal_examples, "MAX_CACHED", 1)
    assert saved(taught(DEFAULT_FLAGS), tmp_path / "one") == expected


@pytest.mark.parametrize("flags", [DEFAULT_FLAGS, EPSILON, f"{EPSILON} --cb_type dr", f"{EPSILON} --bag 3"])
def test_what_was_asked_before_it_is_learned_gives_the_bytes_of_what_was_not(flags: str, tmp_path: Path) -> None:
    asked, fresh = Vowpal(flags), Vowpal(flags)
    for shared, offered, chosen, cost, probability in events(300):
        asked.predict(shared, offered)
        asked.learn(shared, offered, chosen, cost=cost, probability=probability)
        fresh.learn(dict(shared), list(offered), chosen, cost=cost, probability=probability)
    assert saved(asked, tmp_path / "asked") == saved(fresh, tmp_path / "fresh")


def test_a_context_that_is_changed_after_it_was_asked_about_is_learned_as_it_is_then(tmp_path: Path) -> None:
    changed, fresh = Vowpal(EPSILON), Vowpal(EPSILON)
    shared = {"visits": 1.0}
    changed.predict(shared, ACTIONS)
    shared["visits"] = -0.5
    for vowpal, context in ((changed, shared), (fresh, {"visits": -0.5})):
        vowpal.learn(context, ACTIONS, 0, cost=-1.0, probability=0.5)
    assert saved(changed, tmp_path / "changed") == saved(fresh, tmp_path / "fresh")


def test_examples_of_one_workspace_are_never_used_in_another(tmp_path: Path) -> None:
    taught(EPSILON).save(tmp_path / "model")
    vowpal = Vowpal(EPSILON)
    vowpal.predict({}, ACTIONS)
    before = {id(example) for example in vowpal._examples.actions.values()}
    assert before
    vowpal.restore(tmp_path / "model")
    assert not vowpal._examples.actions
    assert vowpal.predict({}, ACTIONS) == Vowpal.load(tmp_path / "model", EPSILON).predict({}, ACTIONS)


@pytest.mark.parametrize("flags", [DEFAULT_FLAGS, EPSILON, "--cb_explore_adf --softmax --lambda 10 -q SA -b 18"])
def test_learning_on_after_a_load_gives_the_same_bytes(flags: str, tmp_path: Path) -> None:
    whole, half = taught(flags), taught(flags, 100)
    half.save(tmp_path / "half")
    resumed = Vowpal.load(tmp_path / "half", flags)
    for shared, offered, chosen, cost, probability in list(events(300))[100:]:
        resumed.learn(shared, offered, chosen, cost=cost, probability=probability)
    assert saved(resumed, tmp_path / "resumed") == saved(whole, tmp_path / "whole")


@pytest.mark.parametrize(
    "other",
    [
        EPSILON.replace("0.05", "0.1"),
        EPSILON.replace("18", "20"),
        f"{EPSILON} --bag 3",
        EPSILON.replace("-q SA", "-q SS"),
        EPSILON.replace("-q SA", ""),
        f"{EPSILON} --cb_type ips",
        DEFAULT_FLAGS,
    ],
)
def test_a_model_made_with_other_flags_is_refused(other: str, tmp_path: Path) -> None:
    taught(EPSILON, 20).save(tmp_path / "model")
    with pytest.raises(SnapshotError, match="other flags"):
        Vowpal.load(tmp_path / "model", other)


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, None], ids=["empty", "garbage", "missing"])
def test_what_is_not_a_model_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "model"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SnapshotError, match="model"):
        Vowpal.load(path, EPSILON)


_SAVE_ON_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from engine.errors import SnapshotError
from engine.types import Candidate
from engine.vowpal import Vowpal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
vowpal = Vowpal("--cb_explore_adf --epsilon 0.1 -b 18")
many = {f"f{n}": 1.0 for n in range(5000)}
vowpal.learn({}, [Candidate("a", "a", many)], 0, cost=-1.0, probability=0.5)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, most))
try:
    vowpal.save(Path(sys.argv[1]) / "model")
except SnapshotError as error:
    print(error)
finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
"""


def test_a_full_disk_is_an_error_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _SAVE_ON_A_FULL_DISK, tmp_path], capture_output=True, text=True, check=True, timeout=60
    )
    assert "could not be saved" in ran.stdout
    assert not list(tmp_path.iterdir())


def test_an_impossible_path_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SnapshotError, match="could not be saved"):
        Vowpal(EPSILON).save(tmp_path / "file" / "model")


def test_a_path_with_spaces_loads(tmp_path: Path) -> None:
    path = tmp_path / "a model --epsilon 0.3"
    taught(EPSILON, 20).save(path)
    assert Vowpal.load(path, EPSILON).predict({}, ACTIONS[:1]) == [1.0]


def test_threads_share_a_model_without_wrong_answers() -> None:
    vowpal, wrong = taught(EPSILON), []

    def ask(seed: int) -> None:
        for shared, offered, chosen, cost, probability in events(200, seed):
            pmf = vowpal.predict(shared, offered)
            if len(pmf) != len(offered) or abs(sum(pmf) - 1.0) > 1e-5:
                wrong.append(pmf)
            if seed == 0:
                vowpal.learn(shared, offered, chosen, cost=cost, probability=probability)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
