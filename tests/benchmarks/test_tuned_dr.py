"""The study of tuning reads the bake-off's text, logs honestly, and still runs."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from benchmarks import tuned_dr
from benchmarks.bakeoff import read

LINES = ("1 | a:2 b", "3 | a:-4", "1 | c:0.5 b:1", "2 | b")


def test_rows_are_read_with_columns_in_units_of_their_largest(tmp_path: Path) -> None:
    path = tmp_path / "ds_1_3.vw.gz"
    path.write_bytes(gzip.compress("\n".join(LINES).encode()))
    table = read(path, 10, seed=1)
    assert (table.name, table.actions, sorted(table.classes.tolist())) == ("ds_1_3", 3, [0, 0, 1, 2])
    rows = table.rows.toarray()
    assert sorted(np.abs(rows).max(axis=0).tolist()) == [1.0, 1.0, 1.0]
    assert rows[table.classes == 2].min() == -1.0
    assert len(read(path, 2, seed=1).classes) == 2


def test_every_logger_gives_probabilities_and_leaves_nothing_out() -> None:
    guess = np.random.default_rng(1).dirichlet(np.ones(6), size=50)
    for pmf in tuned_dr.loggers(guess).values():
        assert pmf.sum(axis=1) == pytest.approx(1.0)
        assert pmf.min() > 0.0


def test_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    luck = np.random.default_rng(2)
    lines = [f"{label} | x:{label + luck.normal():.3f} y:{luck.normal():.3f}" for label in luck.integers(1, 4, 300)]
    folder = tmp_path / "bakeoff_vw" / "gt10class"
    folder.mkdir(parents=True)
    (folder / "ds_2_3.vw.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    monkeypatch.setenv("MAITRED_DATASETS", str(tmp_path))
    tuned_dr.main(["--rounds", "2", "--rows", "50"])
    printed = capsys.readouterr().out
    assert printed.count("| ds_2_3 |") == 5
    assert "the best in" in printed
