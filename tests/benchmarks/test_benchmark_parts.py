"""What benchmarks compute from what they measured."""

from __future__ import annotations

import importlib
from operator import attrgetter

import pytest

from benchmarks.question import Answer
from benchmarks.report import Machine, markdown
from benchmarks.rounds import Rounds, in_turns
from benchmarks.stages import ANY, STAGES, UNKNOWN, Frame, stage_of

OWN = ("api/", "benchmarks/", "engine/", "features/")
NAMED = [f for frames in STAGES.values() for f in frames if f[0].startswith(OWN) and f[0].endswith(".py")]
MACHINE = Machine(commit="abc", python="3", cpu="a cpu", cores=2, load=0.5)


@pytest.mark.parametrize("frame", NAMED, ids="::".join)
def test_every_function_that_a_stage_names_exists(frame: Frame) -> None:
    file, name = frame
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    assert name == ANY or callable(attrgetter(name)(module))


def test_a_moment_belongs_to_the_innermost_function_that_is_listed() -> None:
    stack = [
        ("/x/features/scalars.py", "coerce"),
        ("/x/features/assemble.py", "Assembler._typed"),
        ("/x/features/assemble.py", "Assembler.__call__"),
        ("/x/engine/decide.py", "Decider._draft"),
        ("/x/site-packages/starlette/routing.py", "Route.handle"),
    ]
    assert stage_of(stack) == "features: assemble"
    assert stage_of(stack[3:]) == "the decider's own: record, answer"
    assert stage_of(stack[4:]) == "HTTP: route (FastAPI, Starlette)"
    assert stage_of(stack[:1]) == UNKNOWN


def test_a_file_of_another_name_is_not_taken_for_a_stage() -> None:
    assert stage_of([("/x/my_engine/decide.py", "Decider._digest")]) == UNKNOWN


def test_sides_take_turns_and_the_first_round_does_not_count() -> None:
    played: list[str] = []

    def side(name: str) -> float:
        played.append(name)
        return float(len(played))

    rounds = in_turns({"ours": lambda: side("ours"), "floor": lambda: side("floor")}, 2)
    assert played == ["ours", "floor"] * 3
    assert rounds.taken == {"ours": [3.0, 5.0], "floor": [4.0, 6.0]}


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    rounds = Rounds({"ours": [10.0, 200.0, 40.0], "floor": [5.0, 100.0, 10.0]})
    assert rounds.ratio("ours", "floor") == 2.0
    assert rounds.median("ours") == 40.0


@pytest.mark.parametrize(("kept", "written"), [(True, "| 7 × |"), (None, "| 7 × |"), (False, "| **7 ×: not kept** |")])
def test_the_readmes_row_says_where_a_promise_is_not_kept(kept: bool | None, written: str) -> None:
    assert written in markdown([Answer("q", "≤ 5 ×", "7 ×", kept, "7 µs by 1 µs")], MACHINE)
