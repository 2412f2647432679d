"""Rows that come as a stream are written as they come; what cannot be one is told, and stops nobody else."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from features.clock import wall_clock
from features.embedded.rowstore import Fate
from features.errors import LoadError
from features.files.bulk import BulkRow
from features.files.columns import view_to_load
from features.files.push import LONGEST_LINE, Push, Pushed
from features.plan import Plan

NOW_US = wall_clock()


class Written:
    """A ``BulkWriter`` that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[BulkRow] = []
        self.came = threading.Event()

    def merge(self, rows: Iterable[BulkRow]) -> list[Fate]:
        some = list(rows)
        self.rows += some
        self.came.set()
        return ["written"] * len(some)

    def close(self) -> None:
        pass


class Pushing:
    """A push of lines in a file."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.store = Written()
        self.refused: list[tuple[int, str]] = []
        self.push = Push(
            view_to_load(plan, "session_state"), self.store, lambda *why: self.refused.append(why), lambda: NOW_US
        )
        self._path = folder / "rows.ndjson"

    def __call__(self, content: bytes) -> Pushed:
        self._path.write_bytes(content)
        with self._path.open("rb") as stream:
            return self.push.all_of(stream)


@pytest.fixture
def pushing(plan: Plan, tmp_path: Path) -> Pushing:
    return Pushing(plan, tmp_path)


def test_a_row_has_its_own_time_or_happens_now(pushing: Pushing) -> None:
    pushed = pushing(
        b'{"session_id": "s", "turn": 2, "page": null}\n\n{"session_id": "t", "event_timestamp": 1700000000}'
    )
    assert pushing.store.rows == [
        BulkRow("s", NOW_US, {"turn": 2, "page": None}),
        BulkRow("t", 1_700_000_000_000_000, {}),
    ]
    assert (pushed.rows, pushed.written, pushed.refused) == (3, 2, 0)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"nope", "malformed"),
        (b'{"turn": 1}', "no session_id"),
        (b'{"session_id": ""}', "no session_id"),
        (b'{"session_id": "s", "nope": 1}', "no feature is called 'nope'"),
        (b'{"session_id": "s", "turn": 1.5}', "turn: float-for-int"),
        (b'{"session_id": "s", "turn": [1]}', "turn: other-for-int"),
        (b'{"session_id": "s", "event_timestamp": "soon"}', "event_timestamp is no time"),
        (b'{"session_id": "s", "event_timestamp": "2999-01-01"}', "event_timestamp is in the future"),
    ],
)
def test_a_row_that_cannot_be_one_is_told_with_its_line_and_the_next_one_is_written(
    pushing: Pushing, line: bytes, why: str
) -> None:
    pushed = pushing(b'{"session_id": "a"}\n' + line + b'\n{"session_id": "b"}\n')
    assert [row.key for row in pushing.store.rows] == ["a", "b"]
    assert pushed.refused == 1
    [(number, reason)] = pushing.refused
    assert number == 2
    assert why in reason


def test_a_row_is_written_before_the_next_one_has_come(pushing: Pushing) -> None:
    source, sink = os.pipe()
    with os.fdopen(source, "rb") as stream:
        reader = threading.Thread(target=pushing.push.all_of, args=(stream,))
        reader.start()
        os.write(sink, b'{"session_id": "first"}\n{"session_')
        assert pushing.store.came.wait(10)
        assert [row.key for row in pushing.store.rows] == ["first"]
        os.write(sink, b'id": "second"}')
        os.close(sink)
        reader.join(10)
    assert [row.key for row in pushing.store.rows] == ["first", "second"]


def test_an_endless_line_is_refused(pushing: Pushing) -> None:
    with pytest.raises(LoadError, match="longer than"):
        pushing(b"x" * (LONGEST_LINE + 100_000))
