"""Tables of the field are still made, and a table says of each figure whether it is the source's."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.research_tables import vw_tutorial
from benchmarks.research_tables.__main__ import TABLES, main
from benchmarks.research_tables.amounts import SMOKE
from benchmarks.research_tables.reports import REPORTS
from benchmarks.research_tables.table import Row, Table, last_digit
from benchmarks.research_tables.zozotown import CLICKED, NOT_CLICKED, POSITIONS, shares

WITHOUT_DATA = ("digits", "vw_tutorial")


def test_a_figure_is_the_sources_within_the_tolerance() -> None:
    assert Row("a", 0.25, 0.2500004, last_digit(6)).met is True
    assert Row("a", 0.25, 0.250002, last_digit(6)).met is False
    assert Row("a", 0.25, math.nan, 1.0).met is False
    assert Row("a", 0.25, 0.5, other=True).met is None


def test_words_are_the_sources_or_are_not() -> None:
    assert Row("a", "not evaluable", "not evaluable").met is True
    assert Row("a", "not evaluable", "trust").met is False


def test_a_table_is_met_by_all_that_have_to_agree() -> None:
    agrees, differs, other = Row("a", 1.0, 1.0, 0.0), Row("b", 1.0, 2.0, 0.5), Row("c", 1.0, 2.0, other=True)
    assert Table("t", "s", "t", (agrees, other)).met
    assert not Table("t", "s", "t", (agrees, differs)).met


@pytest.mark.parametrize("report", REPORTS)
def test_every_row_is_in_every_report(report: str) -> None:
    table = vw_tutorial.made(SMOKE)
    written = REPORTS[report]([table])
    assert all(row.figure in written for row in table.rows)


def test_what_vowpal_wabbit_prints_is_what_we_estimate() -> None:
    assert vw_tutorial.made(SMOKE).met


def test_the_sampler_shows_one_item_at_each_position_and_prefers_what_is_clicked() -> None:
    found = shares(5_000)
    assert found.shape == (len(CLICKED), POSITIONS)
    assert found.sum(axis=0) == pytest.approx(1.0)
    assert len(CLICKED) == len(NOT_CLICKED) == 80
    believed = np.array(CLICKED) / (np.array(CLICKED) + np.array(NOT_CLICKED))
    assert believed @ found[:, 0] > believed.mean()


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_made(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if name not in WITHOUT_DATA:
        datasets: Path = request.getfixturevalue("datasets")
        monkeypatch.setenv("MAITRED_DATASETS", str(datasets))
    main([name, "--smoke", "--json"])
    table = json.loads(capsys.readouterr().out)[name]
    assert table["rows"]
    figures = [row[side] for row in table["rows"] for side in ("source", "ours")]
    assert all(isinstance(figure, str) or math.isfinite(figure) for figure in figures)
