"""A log becomes a bot, a Feast repository and rows; its result stands beside what the file says."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from api.demo.choose import data_set
from api.demo.count import Counted, JournalCount
from api.demo.errors import DemoFailed
from api.demo.experiment import LoggedExperiment
from api.demo.experiment_bot import TRAFFIC, bot_of
from api.demo.experiment_result import print_result, result_of
from api.demo.home import DemoHome
from api.demo.intents import Intents
from api.demo.intents import bot_of as bank_of
from api.demo.options import Data, Options
from api.demo.shop import Shop
from api.wiring import load_config
from engine.content import Content
from feature_repo.table.schema import read
from simulator.logged import mapping_file
from simulator.logged.read import read_experiment

README = (Path(__file__).parents[2] / "README.md").read_text()


def block(language: str) -> str:
    """The only block of the README in this language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture
def documented(tmp_path: Path) -> LoggedExperiment:
    """The README's example, with its two rows."""
    (tmp_path / "news.yaml").write_text(block("yaml mapping"))
    (tmp_path / "log.csv").write_text(block("csv"))
    options = Options(Data.csv, 7, 1, 1, path=tmp_path / "log.csv", mapping=tmp_path / "news.yaml")
    data = data_set(options)
    assert isinstance(data, LoggedExperiment)
    return data


def test_the_documented_example_is_read_whole(documented: LoggedExperiment) -> None:
    experiment = documented.experiment
    assert (len(experiment.rows), experiment.faults, documented.metric) == (2, (), "clicked")
    assert [feature.qualified for feature in experiment.features] == [
        "customer.age",
        "customer.region",
        "customer.last_search",
    ]


def test_the_bot_has_an_action_an_arm_and_is_valid(documented: LoggedExperiment, tmp_path: Path) -> None:
    home = DemoHome(tmp_path / "demo")
    said = documented.prepare(home)
    placement = load_config(home.config).placements["headline"]
    assert [action.id for action in placement.actions] == ["plain", "question"]
    assert placement.traffic == TRAFFIC
    assert (placement.reward.metrics, placement.reward.range) == ({"clicked": 1.0}, (0.0, 1.0))
    assert read(home.own_repository).service == "headline"
    assert said == "2 rows of log.csv, all usable"


def test_another_metric_brings_its_own_range(documented: LoggedExperiment) -> None:
    placement = bot_of(documented.experiment, "read").placements["headline"]
    assert (placement.reward.metrics, placement.reward.range) == ({"read": 1.0}, (0.0, 60.0))


def test_bad_rows_are_named_before_the_run(documented: LoggedExperiment, tmp_path: Path) -> None:
    good = [f"u{n},{'Question,0.75' if n % 4 else 'Plain,0.25'},0,0,58,south,chair" for n in range(3, 1_500)]
    (tmp_path / "log.csv").write_text(block("csv") + "\n".join([*good, *["bad,row"] * 12]) + "\n")
    said = documented.prepare(DemoHome(tmp_path / "demo")).splitlines()
    assert said[0] == "1,499 rows of log.csv, 12 that cannot be used"
    assert said[1] == "  line 1501: row: expected 8 cells, found 2"
    assert said[-1] == "  and 2 more"


@pytest.mark.parametrize("label", ["{{ user }}{%", "{% raw %}user{% endraw %}", "{%- endraw -%}user{", "{# user"])
def test_a_label_with_braces_is_said_as_it_is(tmp_path: Path, label: str) -> None:
    (tmp_path / "news.yaml").write_text(block("yaml mapping"))
    (tmp_path / "log.csv").write_text(block("csv").replace("Plain", label))
    mapping = mapping_file.load(tmp_path / "news.yaml")
    bot = bot_of(read_experiment(tmp_path / "log.csv", mapping), "clicked")
    action = next(a for a in bot.placements["headline"].actions if "user" in a.id)
    assert Content.compile(action.templates, "en").render(None, {})["text"] == label


def test_the_result_is_about_the_last_third_and_its_matches(documented: LoggedExperiment) -> None:
    early = [Counted("plain", matched=True, reward=0.0)] * 600
    late = [Counted("question", matched=n % 2 == 0, reward=float(n % 4 == 0)) for n in range(300)]
    result = result_of(JournalCount(decisions=[*early, *late]), documented.experiment, "clicked")
    assert (result.decisions, result.matched, result.last_third_matched) == (900, 750, 150)
    assert result.last_third_rate == 0.5
    assert result.interval == pytest.approx((0.419, 0.581), abs=0.001)
    assert (result.favourite, result.favourite_share) == ("question", 1.0)
    assert result.uniform_rate == pytest.approx((1 / 0.75) / (1 / 0.75 + 1 / 0.25))
    assert result.arm_rates == {"plain": 0.0, "question": 1.0}


def test_the_figure_is_printed_with_its_interval_beside_the_references(documented: LoggedExperiment) -> None:
    decisions = [Counted("plain", matched=True, reward=float(n % 2)) for n in range(300)]
    out = io.StringIO()
    result = result_of(JournalCount(decisions=decisions, late=3), documented.experiment, "clicked")
    print_result(Console(file=out, width=120), result, seed=11)
    text = out.getvalue()
    for part in ("0.5000 [0.4", "(95 %, n=100)", "always question", "seed 11", "favourite: plain", "3 decisions were"):
        assert part in text


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (Options(Data.hillstrom, 7, 1, 1), "--data hillstrom needs --path"),
        (Options(Data.csv, 7, 1, 1, path=Path("x")), "--data csv needs --mapping"),
        (Options(Data.shop, 7, 1, 1, path=Path("x")), "--data shop takes no --path"),
        (Options(Data.hillstrom, 7, 1, 1, path=Path("x"), mapping=Path("y")), "takes no --mapping"),
        (Options(Data.banking77, 7, 1, 1, path=Path("x"), metric="visit"), "takes no --metric"),
        (Options(Data.hillstrom, 7, 1, 1, path=Path("x"), metric="clicks"), "expected one of visit, conversion, spend"),
        (Options(Data.hillstrom, 7, 1, 1, path=Path("x"), resume=True), "takes no --resume"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(options: Options, why: str) -> None:
    with pytest.raises(DemoFailed, match=why):
        data_set(options)


def test_the_shop_is_the_default() -> None:
    assert isinstance(data_set(Options(Data.shop, 7, 10, 10)), Shop)


def test_every_intent_is_an_action_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("text,category\nWhere is it?,card_arrival\nI lost it,lost_card\n")
    data = data_set(Options(Data.banking77, 7, 1, 1, path=tmp_path))
    assert isinstance(data, Intents)
    home = DemoHome(tmp_path / "demo")
    data.prepare(home)
    placement = load_config(home.config).placements["answer"]
    assert placement == bank_of(("card-arrival", "lost-card")).placements["answer"]
    assert placement.actions[0].templates == {"en": "I can help with: card arrival."}
    assert placement.actions[0].features == {"card": True, "arrival": True}
    assert read(home.own_repository).request[0].free_text
    assert data.decisions == 2


def test_a_folder_without_the_sentences_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoFailed, match=r"expected a folder with train.csv.gz or train.csv"):
        data_set(Options(Data.banking77, 7, 1, 1, path=tmp_path)).prepare(DemoHome(tmp_path / "demo"))
