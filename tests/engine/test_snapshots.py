"""Snapshots: durable before they serve, refused unless they are whole, ours and still learning."""

from __future__ import annotations

import errno
import math
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from vowpalwabbit import Workspace

from engine.errors import ConfigError, PolicyError, SnapshotError
from engine.manifest import Manifest
from engine.policies.uniform import UniformPolicy
from engine.policies.vw import VwPolicy
from engine.snapshots import CURRENT, SnapshotStore, fingerprint
from engine.types import Candidate, TrainingExample

PARAMS = {"flags": "--cb_explore_adf --squarecb --gamma_scale 10 --epsilon 0.02 -l 1 -q SA -b 18"}
ACTIONS = tuple(Candidate(f"a{n}", f"a{n}", {f"id=a{n}": 1.0}) for n in range(4))


def teach(policy: VwPolicy, count: int, seed: int = 1) -> VwPolicy:
    rng = random.Random(seed)
    for _ in range(count):
        shared = {f"user={rng.randrange(50)}": 1.0}
        policy.learn(TrainingExample(shared, ACTIONS, rng.randrange(4), 0.25, float(rng.random() < 0.3)))
    return policy


def stage(store: SnapshotStore, policy: Any, version: str = "v1", **other: Any) -> Manifest:
    fields = {
        "placement": "greeting",
        "lineage": "l1",
        "params": PARAMS,
        "encoder_version": "e1",
        "settled_position": 300,
        "created_us": 1_000,
    }
    return store.stage(policy, version=version, **{**fields, **other})


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore(tmp_path / "snapshots", keep=3)


@pytest.fixture(scope="module")
def policy() -> VwPolicy:
    return teach(VwPolicy(**PARAMS), 300)


def files(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "snapshots" / "greeting").iterdir()}


def test_a_staged_snapshot_is_durable_but_not_served_until_activated(store: SnapshotStore, policy: VwPolicy) -> None:
    manifest = stage(store, policy)
    assert store.manifest("greeting", "v1") == manifest
    assert store.current("greeting") is None
    assert store.placements() == []
    store.activate(manifest)
    assert store.current("greeting") == manifest
    assert store.placements() == ["greeting"]


def test_a_loaded_snapshot_goes_on_as_if_never_saved(store: SnapshotStore) -> None:
    policy = teach(VwPolicy(**PARAMS), 300)
    loaded = store.load(stage(store, policy))
    assert isinstance(loaded, VwPolicy)
    assert loaded.pmf({"user=1": 1.0}, ACTIONS) == policy.pmf({"user=1": 1.0}, ACTIONS)
    assert fingerprint(teach(loaded, 100, seed=2)) == fingerprint(teach(policy, 100, seed=2))


def test_staging_only_reads_the_policy(store: SnapshotStore, policy: VwPolicy) -> None:
    before = fingerprint(policy)
    manifest = stage(store, policy)
    assert fingerprint(policy) == before == manifest.sha256
    assert store.path(manifest).stat().st_size == manifest.size


def test_the_same_state_staged_again_has_the_same_bytes(store: SnapshotStore, policy: VwPolicy) -> None:
    assert stage(store, policy) == stage(store, policy)


DAMAGES = {
    "cut in half": lambda whole: whole[: len(whole) // 2],
    "last bytes cut": lambda whole: whole[:-5],
    "empty": lambda whole: b"",
    "flipped weight": lambda whole: whole[:-41] + bytes([whole[-41] ^ 255]) + whole[-40:],
    "flipped header": lambda whole: whole[:30] + bytes([whole[30] ^ 255]) + whole[31:],
    "trailing bytes": lambda whole: whole + b"x" * 16,
    "garbage": lambda whole: b"garbage" * 100,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_model_files_are_refused(
    damage: Callable[[bytes], bytes], store: SnapshotStore, policy: VwPolicy
) -> None:
    manifest = stage(store, policy)
    path = store.path(manifest)
    path.write_bytes(damage(path.read_bytes()))
    for use in (store.load, store.activate, store.check_bytes):
        with pytest.raises(SnapshotError, match="not what its manifest says"):
            use(manifest)
    assert store.current("greeting") is None


def test_a_missing_model_file_is_refused(store: SnapshotStore, policy: VwPolicy) -> None:
    manifest = stage(store, policy)
    store.path(manifest).unlink()
    with pytest.raises(SnapshotError, match="cannot be read"):
        store.load(manifest)


@pytest.mark.parametrize(
    ("foreign", "complaint"),
    [
        ({"vw_version": "8.0.0"}, "made by vowpalwabbit 8.0.0"),
        ({"params": {"flags": "--cb_explore_adf --epsilon 0.1 -q SA -b 18"}}, "other flags"),
        ({"policy": "nobody"}, "unknown policy"),
        ({"policy": "uniform", "params": {}}, "no state to load"),
    ],
)
def test_a_snapshot_of_something_else_is_refused(
    foreign: Mapping[str, Any], complaint: str, store: SnapshotStore, policy: VwPolicy
) -> None:
    manifest = msgspec.structs.replace(stage(store, policy), **foreign)
    with pytest.raises(SnapshotError, match=complaint):
        store.load(manifest)


def test_a_snapshot_cannot_be_staged_under_other_parameters(
    store: SnapshotStore, policy: VwPolicy, tmp_path: Path
) -> None:
    with pytest.raises(SnapshotError, match="other flags"):
        stage(store, policy, params={})
    assert files(tmp_path) == set()


def test_a_policy_without_state_cannot_be_staged(store: SnapshotStore) -> None:
    with pytest.raises(PolicyError, match="no state"):
        stage(store, UniformPolicy(), params={})


def test_a_frozen_model_is_refused_and_leaves_nothing_behind(store: SnapshotStore, tmp_path: Path) -> None:
    workspace = Workspace(arg_list=[*PARAMS["flags"].split(), "--quiet"])
    examples = [workspace.example({"S": {"u": 1.0}}), workspace.example({"A": {"a": math.nan}})]
    for example, label in zip(examples, ("shared", "0:-1:1"), strict=True):
        example.set_label_string(label)
        example.setup_example()
    workspace.learn(examples)
    workspace.save(tmp_path / "frozen")
    frozen = VwPolicy.load(tmp_path / "frozen", **PARAMS)
    assert sum(frozen.pmf({"u": 1.0}, ACTIONS)) == pytest.approx(1.0), "a frozen model looks healthy"
    with pytest.raises(SnapshotError, match="no longer learns"):
        stage(store, frozen)
    assert files(tmp_path) == set()


class _Flawed(VwPolicy):
    """Fails when it is saved, as a disk does."""

    def save(self, path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_a_snapshot_error(store: SnapshotStore, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="No space left"):
        stage(store, _Flawed(**PARAMS))
    assert files(tmp_path) == set()


def test_a_snapshot_that_cannot_be_made_current_is_a_snapshot_error(store: SnapshotStore, policy: VwPolicy) -> None:
    manifest = stage(store, policy)
    store.path(manifest).with_name(CURRENT).mkdir()
    with pytest.raises(SnapshotError, match="v1 could not be activated"):
        store.activate(manifest)
    assert store.manifest("greeting", "v1") == manifest


def test_a_long_trained_model_passes_the_canary(store: SnapshotStore) -> None:
    stage(store, teach(VwPolicy(**PARAMS), 5_000))


def test_old_snapshots_are_pruned_and_the_current_one_never(
    store: SnapshotStore, policy: VwPolicy, tmp_path: Path
) -> None:
    first = stage(store, policy, "v1")
    for number in range(2, 7):
        stage(store, policy, f"v{number}")
    left = tmp_path / "snapshots" / "greeting" / ".tmp-left-by-a-crash"
    under_way = left.with_name(".tmp-of-an-order-under-way")
    for file in (left, under_way):
        file.touch()
    os.utime(left, (0, 0))
    store.activate(first)
    kept = {"v1", "v5", "v6"}
    assert files(tmp_path) == {CURRENT, under_way.name, *(f"{v}.model" for v in kept), *(f"{v}.manifest" for v in kept)}
    assert store.manifest("greeting", "v2") is None


def test_placements_do_not_see_each_other(store: SnapshotStore, policy: VwPolicy) -> None:
    store.activate(stage(store, policy))
    assert store.current("offer") is None
    assert store.manifest("offer", "v1") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"placement": "greeting"}'], ids=repr)
def test_an_unreadable_manifest_is_an_error(content: bytes, store: SnapshotStore, policy: VwPolicy) -> None:
    manifest = stage(store, policy)
    store.activate(manifest)
    (store.path(manifest).parent / CURRENT).write_bytes(content)
    with pytest.raises(SnapshotError, match="not a manifest"):
        store.current("greeting")


@pytest.mark.parametrize("name", ["..", "../other", "a/b", "", ".hidden", "x" * 200])
def test_names_cannot_leave_the_folder(name: str, store: SnapshotStore, policy: VwPolicy) -> None:
    with pytest.raises(SnapshotError, match="cannot name a snapshot"):
        stage(store, policy, name)
    with pytest.raises(SnapshotError, match="cannot name a snapshot"):
        store.current(name)


def test_a_store_that_keeps_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="keep"):
        SnapshotStore(tmp_path, keep=0)
