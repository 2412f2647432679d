"""A row that was there before is known again, however long ago that was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from features.files.repeats import Repeats

ROWS = st.lists(st.tuples(st.integers(0, 60).map(str), st.sampled_from("ab")), max_size=40)


@given(st.lists(ROWS, max_size=12))
def test_repeats_are_those_of_a_dictionary(batches: list[list[tuple[str, str]]]) -> None:
    repeats, first = Repeats(), {}
    for rows in batches:
        seen = repeats.see([name for name, _ in rows], [content for _, content in rows])
        for (name, content), repeated, contradicting in zip(rows, seen.repeated, seen.contradicting, strict=True):
            assert repeated == (name in first)
            assert contradicting == (first.setdefault(name, content) != content)
