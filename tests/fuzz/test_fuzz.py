"""`make fuzz` in short; and the fuzzer itself would notice what it looks for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from api.problems import MEDIA_TYPE, TYPE_PREFIX
from tests.fuzz.grammar import Grammar
from tests.fuzz.minimise import minimised
from tests.fuzz.mutator import Mutator
from tests.fuzz.request import Request
from tests.fuzz.verdict import fault_of, is_slow
from tests.fuzz.wire import Answer, Exchange

ROOT = Path(__file__).parents[2]
BODIES = 2_000
DOCUMENT = {"paths": {"/healthz": {"get": {}}}}
REQUEST = Request(b"POST", b"/v1/outcomes", body=b"{}")
PROBLEM = {"type": f"{TYPE_PREFIX}malformed-json", "title": "t", "status": 400, "detail": "d"}


def exchange(status: int, content: bytes, media_type: str = MEDIA_TYPE, seconds: float = 0.1) -> Exchange:
    return Exchange(REQUEST, (Answer(status, {"content-type": media_type}, content),), seconds)


def test_two_thousand_bad_requests_break_nothing(tmp_path):
    command = [sys.executable, "-m", "tests.fuzz.run", "--bodies", str(BODIES), "--save", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_same_seed_and_number_give_the_same_request():
    first, second = (Mutator(Grammar(DOCUMENT), seed=3) for _ in range(2))
    assert [first.request(number) for number in range(300)] == [second.request(number) for number in range(300)]
    assert first.request(7) != Mutator(Grammar(DOCUMENT), seed=4).request(7)


def test_every_kind_of_mutation_is_made_and_every_request_can_be_sent_and_saved(tmp_path):
    mutator, seen = Mutator(Grammar(DOCUMENT), seed=1), set()
    for number in range(3_000):
        request = mutator.request(number)
        seen.update(request.how)
        assert request.wire()
    assert len(seen) == 14 + 12 + 12
    for number in range(50):
        mutator.request(number).save(tmp_path / "saved.json")
        assert Request.load(tmp_path / "saved.json") == mutator.request(number)


def test_a_chunked_body_is_whole():
    wire = Request(b"POST", b"/", headers=(), body=b"abcdef", chunks=(1, 2)).wire()
    assert wire.endswith(b"\r\n\r\n1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    "bad",
    [
        exchange(500, json.dumps({**PROBLEM, "status": 500}).encode()),
        exchange(503, json.dumps({**PROBLEM, "status": 503}).encode()),
        exchange(400, json.dumps(PROBLEM).encode(), "application/json"),
        exchange(422, json.dumps(PROBLEM).encode()),
        exchange(400, json.dumps({**PROBLEM, "type": "about:blank"}).encode()),
        exchange(400, b"oops"),
        exchange(200, b'{"a": NaN}', "application/json"),
        Exchange(REQUEST, (), 0.1, lost="hung up"),
    ],
)
def test_what_must_not_be_is_noticed(bad):
    assert fault_of(bad) is not None


def test_what_may_be_is_passed_over():
    assert fault_of(exchange(400, json.dumps(PROBLEM).encode())) is None
    assert fault_of(exchange(200, b"{}", "application/json")) is None
    assert fault_of(Exchange(REQUEST, (Answer(404, {"content-type": MEDIA_TYPE}, None),), 0.1)) is None


def test_slowness_is_noticed_where_the_request_has_an_end():
    assert is_slow(exchange(200, b"{}", seconds=1.1))
    assert not is_slow(exchange(200, b"{}", seconds=0.9))
    assert not is_slow(Exchange(Request(b"GET", b"/", raw=b"GET", loose=True), (), 5.0))


def test_a_fault_is_made_small():
    body = b'{"a": [1, 2, 3], "bug": "x", "b": ' + b"y" * 500 + b"}"
    large = Request(b"POST", b"/", headers=((b"a", b"b"), (b"c", b"d")), body=body)
    small = minimised(large, lambda request: b"bug" in request.body and (b"c", b"d") in request.headers)
    assert (small.body, small.headers) == (b"bug", ((b"c", b"d"),))
