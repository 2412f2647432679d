"""A key given twice in one object is refused, however it is hidden; the same key in two objects is not."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.body import parsed
from api.duplicate_keys import DuplicateKey
from api.limits import LimitExceeded, Limits

TWICE = [
    (b'{"a": 1, "a": 1}', "a"),
    (b'{"a": 1, "b": {"c": 1, "d": 2, "c": 3}}', "c"),
    (b'{"x": [{"y": 1}, {"y": 1, "y": 2}]}', "y"),
    (b'{"a": 1, "\\u0061": 2}', "a"),
    (b'{"a" : 1, "b":2, "a"\t:3}', "a"),
    (b'{"a"\n:\r\n1,"a" :2}', "a"),
    (b'{"": 1, "": 2}', ""),
    (b'{"a": {"b": "\\u0022: "}, "a": 1}', "a"),
    (b'{"a": "\\": ", "a": 1}', "a"),
    (b'{"a": {"b": {"c": 1}}, "a": 1}', "a"),
    ('{"ü": 1, "ü": 2}'.encode(), "ü"),
    ('{"ü": 1, "\\u00fc": 2}'.encode(), "ü"),
    (b'{"a": 1e999, "a": 1}', "a"),
    (b'{"a": 1, "a": 1' + b"0" * 5_000 + b"}", "a"),
]
ONCE = [
    b"{}",
    b"[]",
    b"3",
    b'"a:b"',
    b'{"a": {"a": {"a": 1}}, "b": [{"a": 1}, {"a": 1}]}',
    b'{"a": "\\"a\\": 1, \\"a\\": 2"}',
    b'{"a": "b : c", "url": "https://x:1", "at": "10:30"}',
    b'{"a\\"": 1, "a": 2, "a:": 3, ":": 4}',
    b'{"A": 1, "a": 2, " a": 3, "a ": 4}',
    ('{"a": "' + "\N{COMBINING DIAERESIS}" + '"}').encode(),
    b'{"a": 123456789012345678901234567890, "b": 1e400}',
]


@pytest.mark.parametrize(("body", "key"), TWICE)
def test_a_key_given_twice_is_named(body, key):
    with pytest.raises(DuplicateKey) as refused:
        parsed(body, Limits())
    assert refused.value.field == key


@pytest.mark.parametrize("body", ONCE)
def test_a_key_may_come_again_in_another_object_or_in_a_text(body):
    parsed(body, Limits())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text('a":\\ {}é\n', max_size=6),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('a":\\ é', max_size=3), inner, max_size=3),
        max_leaves=12,
    ),
    st.booleans(),
    st.sampled_from([None, 1]),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " : "), ("\t,", "\t:")]),
)
def test_no_body_without_a_duplicate_is_refused_and_none_with_one_passes(value, ascii_only, indent, separators):
    def written(plain):
        return json.dumps(plain, ensure_ascii=ascii_only, indent=indent, separators=separators)

    limits = Limits(max_depth=256)
    parsed(written(value).encode(), limits)
    repeated = f'{{"k"{separators[1]}{written(value)}{separators[0]}"k"{separators[1]}1}}'
    with pytest.raises(DuplicateKey):
        parsed(repeated.encode(), limits)


@pytest.mark.parametrize("route", ["/v1/decisions", "/v1/turns", "/v1/outcomes", "/v1/sessions/s/events"])
def test_every_route_that_takes_a_body_refuses_a_key_given_twice(edge, route):
    before = edge.service.journal.last_position()
    answer = edge.send("POST", route, content=b'{"session_id": "s", "session_id": "s"}')
    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (400, "session_id")
    assert problem["type"] == "urn:maitred:problem:duplicate-key"
    assert edge.service.journal.last_position() == before


def test_a_deep_body_with_escapes_is_refused_for_its_depth():
    body = b'{"\\u0061": ' * 990 + b"1" + b"}" * 990
    with pytest.raises((LimitExceeded, msgspec.DecodeError)):
        parsed(body, Limits())
