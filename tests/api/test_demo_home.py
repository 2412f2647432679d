"""The demo's folder and its child processes: nothing of the user's is lost, no failure is silent."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from api.demo.children import Service, free_port, last_lines, run_step
from api.demo.errors import DemoFailed
from api.demo.home import DemoHome
from api.demo.shop import Shop
from api.settings import EXAMPLE_CONFIG
from engine.config_file import load
from features.repository import default_repository
from simulator.worlds.customers import ROWS


@pytest.fixture
def home(tmp_path: Path) -> DemoHome:
    return DemoHome(tmp_path / "demo")


@pytest.fixture
def shop() -> Shop:
    return Shop(customers=20, turns=10, seed=1)


def test_the_demos_yaml_differs_from_the_example_in_windows_only(home: DemoHome, shop: Shop) -> None:
    shop.prepare(home)
    ours, example = load(home.config), load(EXAMPLE_CONFIG)
    for name, placement in ours.placements.items():
        original = example.placements[name]
        assert (placement.reward.window, placement.reward.grace) == ("5s", "1s")
        reward = msgspec.structs.replace(placement.reward, window=original.reward.window, grace=original.reward.grace)
        assert msgspec.structs.replace(placement, reward=reward) == original
    assert msgspec.structs.replace(ours, placements=example.placements) == example


def test_customers_are_written_outside_the_services_home(home: DemoHome, shop: Shop) -> None:
    shop.prepare(home)
    files = sorted(home.offline.glob("*.parquet"))
    assert [file.name for file in files] == sorted(f"{view}.parquet" for view in ROWS)
    assert all(pq.read_table(file).num_rows == 20 for file in files)
    assert home.service not in home.offline.parents
    assert home.environment["MAITRED_OFFLINE"] == str(home.offline)


def test_the_demo_never_writes_into_the_journal_of_another_deployment(
    home: DemoHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAITRED_JOURNAL", "sqlite:////elsewhere/journal.db")
    assert home.environment["MAITRED_JOURNAL"] == home.journal_url == f"sqlite:///{home.service}/journal.db"


def test_a_data_set_may_bring_a_feast_repository_of_its_own(home: DemoHome) -> None:
    assert home.environment["MAITRED_FEATURES_REPO"] == str(default_repository())
    home.own_repository.mkdir(parents=True)
    assert home.environment["MAITRED_FEATURES_REPO"] == str(home.own_repository)


def test_an_earlier_demo_is_moved_aside_and_kept(home: DemoHome, shop: Shop) -> None:
    shop.prepare(home)
    home.mark()
    aside = home.clear()
    assert aside is not None
    assert (aside / "bot.yaml").is_file()
    assert not home.folder.exists()
    assert home.clear() is None


def test_a_folder_that_no_demo_made_is_left_alone(home: DemoHome) -> None:
    home.folder.mkdir()
    (home.folder / "thesis.txt").write_text("mine")
    with pytest.raises(DemoFailed, match="--home"):
        home.clear()
    assert (home.folder / "thesis.txt").read_text() == "mine"


def test_a_failing_step_is_shown_with_its_last_lines() -> None:
    with pytest.raises(DemoFailed, match=r"(?s)validate /nowhere.*failed \(\d\).*nowhere"):
        run_step("api.cli", ("validate", "/nowhere"), dict(os.environ))


def test_a_service_that_ends_before_it_is_ready_is_shown_with_its_last_lines(home: DemoHome, shop: Shop) -> None:
    shop.prepare(home)
    broken = {**home.environment, "MAITRED_DURABILITY": "hope"}
    service = Service(free_port(0, 0), broken, home.log)
    with service, pytest.raises(DemoFailed, match=r"(?s)the service ended.*MAITRED_DURABILITY"):
        service.wait_until_ready()


def test_a_port_that_was_asked_for_must_be_free_and_the_default_need_not_be() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(DemoFailed, match=f"port {port} is taken"):
            free_port(port, default=8765)
        assert free_port(None, default=port) != port
    assert free_port(port, default=8765) == port


def test_the_last_lines_are_the_last_lines() -> None:
    assert last_lines("a\n" * 100 + "b\n").splitlines()[-1] == "b"
    assert len(last_lines("a\n" * 100).splitlines()) == 15
    assert last_lines("") == "(it said nothing)"
