"""Bodies are read within bounds of size and time, and ids mean the same in a path as in a body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx
import pytest
from fastapi import Request
from msgspec.json import Decoder
from starlette.exceptions import HTTPException

from api.body import BODY_SECONDS, checked, parsed, received
from api.limits import BodyTooLarge, Limits
from api.schemas import DecisionBody, Id
from engine.errors import BadRequest

LIMIT = 1_024
QUESTION = {"placement": "greeting", "session_id": "s"}


def read(*messages: dict[str, Any], headers: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """What is received of a request whose body arrives in these messages, and then stops."""
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else await asyncio.Future()

    scope = {"type": "http", "headers": list(headers)}
    return asyncio.run(received(Request(scope, receive), LIMIT))


def part(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_in_parts_is_one_body():
    assert read(part(b"a"), part(b""), part(b"b" * (LIMIT - 1), more=False)) == b"a" + b"b" * (LIMIT - 1)


@pytest.mark.parametrize("size", [b"1025", b"9" * 30])
def test_a_body_that_says_it_is_too_large_is_not_read(size):
    with pytest.raises(BodyTooLarge):
        read(headers=[(b"content-length", size)])


@pytest.mark.parametrize("said", [None, b"3", b"-1", b"x", "²".encode()])
def test_a_body_is_refused_as_soon_as_it_is_too_large_whatever_it_says(said):
    headers = [] if said is None else [(b"content-length", said)]
    with pytest.raises(BodyTooLarge):
        read(part(b"x" * LIMIT), part(b"x"), headers=headers)


def test_a_body_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr("api.body.BODY_SECONDS", 0.01)
    with pytest.raises(HTTPException) as refused:
        read(part(b"x"))
    assert refused.value.status_code == 408
    assert refused.value.headers == {"connection": "close"}


def test_bodies_that_never_end_keep_nobody_else_waiting(own_edge):
    async def endless() -> AsyncIterator[bytes]:
        yield b'{"placement": '
        await asyncio.Event().wait()

    async def ask_among_them() -> httpx.Response:
        stuck = [asyncio.create_task(own_edge.ask("POST", "/v1/decisions", content=endless())) for _ in range(500)]
        await asyncio.sleep(0)
        try:
            return await asyncio.wait_for(own_edge.ask("POST", "/v1/decisions", json=QUESTION), BODY_SECONDS / 2)
        finally:
            for task in stuck:
                task.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)

    assert own_edge.run(ask_among_them()).status_code == 200


@pytest.mark.parametrize(
    "value", ["[]", "{}", "null", "1e309", "[1e309]", "18446744073709551616", "9" * 400, "9" * 5_000]
)
def test_a_bad_value_of_a_map_is_named(value):
    good = '{"id": "other", "features": {"x": 1}}'
    bad = f'{{"id": "bad", "features": {{"x": 1, "y": {value}}}}}'
    body = f'{{"placement": "p", "session_id": "s", "actions": [{good}, {bad}]}}'
    with pytest.raises(BadRequest) as refused:
        parsed(body.encode(), Limits()).decoded(Decoder(DecisionBody))
    assert refused.value.field == "actions[1].features.y"


def test_the_size_that_was_announced_is_told_as_it_was():
    with pytest.raises(BodyTooLarge) as refused:
        read(headers=[(b"content-length", b"9223372036854775807")])
    assert refused.value.found == 9_223_372_036_854_775_807


def test_a_client_that_leaves_is_no_defect_of_the_service():
    with pytest.raises(HTTPException) as refused:
        read(part(b"x"), {"type": "http.disconnect"})
    assert refused.value.status_code == 400


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ("s-1", True),
        ("ü/ 😀", True),
        ("ü\0", False),
        ("s\n", False),
        ("x" * 128, True),
        ("", False),
        ("x" * 129, False),
    ],
)
def test_an_id_in_a_path_is_held_to_what_it_may_be_in_a_body(value, valid):
    if valid:
        assert checked(value, Id, field="session_id") == value
    else:
        with pytest.raises(BadRequest) as refused:
            checked(value, Id, field="session_id")
        assert refused.value.field == "session_id"


@pytest.mark.parametrize("id", ["x/y", "/", "x/shown", "../x", "a b", "ü", "x%2Fy", "?", "."])
def test_a_decision_is_found_by_whatever_id_it_was_given(edge, id):
    question = {"placement": "greeting", "session_id": id, "decision_id": id, "deferred": True}
    assert edge.send("POST", "/v1/decisions", json=question).status_code == 200
    path = "".join(f"%{byte:02X}" for byte in id.encode())
    assert edge.send("POST", f"/v1/decisions/{path}/shown").json() == {"decision_id": id, "duplicate": False}
    assert edge.send("GET", f"/v1/decisions/{path}").json()["decision_id"] == id
    happened = {"events": [{"event": "product_viewed", "properties": {"category": "garden"}}]}
    assert edge.send("POST", f"/v1/sessions/{path}/events", json=happened).status_code == 202
    again = edge.send("POST", "/v1/decisions", json={**question, "decision_id": None}).json()["decision_id"]
    features = {each["name"]: each["value"] for each in edge.send("GET", f"/v1/decisions/{again}").json()["features"]}
    assert features["session_state.viewed_category"] == "garden"
