"""What people and programs are shown is what was found: the same numbers everywhere, and nothing is fetched."""

from __future__ import annotations

import json
import re
from functools import partial
from html.parser import HTMLParser

import pytest

from engine.policies import registry as policies
from engine.policies.uniform import UniformPolicy
from simulator.experiments.conduct import conduct
from simulator.experiments.entrant import Entrant
from simulator.experiments.experiment import Experiment
from simulator.experiments.in_world import InWorld
from simulator.experiments.on_log import OnLog
from simulator.experiments.store import Store
from simulator.experiments.summary import Summary, summary
from simulator.logs.parquet import write_parquet
from simulator.report import terminal
from simulator.report.charts import intervals
from simulator.report.page import page
from simulator.report.scale import Scale
from simulator.runs.logged import logged
from simulator.worlds.logistic import LogisticWorld

HOSTILE = '<script>alert("1")</script>'


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    folder = tmp_path_factory.mktemp("report")
    write_parquet(logged(UniformPolicy(), LogisticWorld(3, 3), 600, 1), folder / "log.parquet")
    write_parquet(logged(UniformPolicy(), LogisticWorld(3, 3), 100, 1), folder / "short.parquet")
    names = {"uniform": "uniform", HOSTILE: "ucb1", "linucb": "linucb"}
    made = Experiment(
        "a report",
        [Entrant.of(label, partial(policies.build, name, {})) for label, name in names.items()],
        [
            InWorld("plain", partial(LogisticWorld, 3, 3), 200),
            OnLog("log", folder / "log.parquet"),
            OnLog("short", folder / "short.parquet"),
        ],
        (1, 2),
    )
    return summary(conduct(made, Store(folder / "store")))


class Read(HTMLParser):
    """Text, tags and attributes of a page; what is opened must be closed."""

    VOID = frozenset({"meta", "link", "line", "circle", "polyline"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.text += data


def read(found: Summary) -> Read:
    reader = Read()
    reader.feed(page(found))
    assert reader.open == []
    return reader


def test_the_page_has_every_number_that_the_terminal_and_programs_have(found: Summary) -> None:
    text, said = " ".join(read(found).text.split()), "\n".join(terminal.lines(found))
    plain = json.loads(json.dumps(terminal.as_json(found)))
    for place, known in zip(plain["places"], found.places, strict=True):
        for standing, each in zip(place["standings"], known.standings, strict=True):
            shown = terminal.value_of(each)
            assert shown in text
            assert shown in said
            assert shown == ("not evaluable" if standing["value"] is None else f"{standing['value']:.4f}")
        for compared, each in zip(place["against"], known.against, strict=True):
            shown = terminal.difference_of(each)
            assert shown in text
            assert shown in said
            assert compared["verdict"] in shown


def test_nothing_is_fetched_and_nothing_runs(found: Summary) -> None:
    reader = read(found)
    assert {"script", "iframe", "img", "object"}.isdisjoint(reader.tags)
    assert reader.addresses == ["data:,"]
    assert not re.search(r"https?://|url\(|@import", page(found))
    assert "default-src 'none'" in page(found)
    assert HOSTILE in reader.text


def test_what_is_not_evaluable_is_said_with_its_reason(found: Summary) -> None:
    assert "more than 256 are needed" in read(found).text
    assert "short (0 rows" not in "\n".join(terminal.lines(found))


def test_the_same_summary_gives_the_same_page(found: Summary) -> None:
    assert page(found) == page(found)


def test_pictures_are_for_all_who_read_them_aloud(found: Summary) -> None:
    assert page(found).count('role="img" aria-label="') == page(found).count("<svg ")
    assert intervals([], "nothing") == ""


def test_ticks_are_round_numbers_within() -> None:
    assert Scale(0.13, 0.42, 0, 100).ticks() == [0.2, 0.3, 0.4]
    assert Scale(-3.0, 97.0, 0, 100).ticks() == [0.0, 25.0, 50.0, 75.0]
    assert Scale(1.0, 1.0, 0, 100).ticks() == [1.0]
    assert Scale(1.0, 1.0, 0, 100)(1.0) == 50.0
