"""The client presents its key, never shows it, and says in its own words why it was refused."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from api.client import (
    Ask,
    AsyncClient,
    Client,
    Forbidden,
    Outcome,
    ProblemError,
    RateLimited,
    Unauthorized,
    Unreachable,
)

KEY = "maitred_0123456789ab_hunter2"
ASK = Ask(placement="greeting", session_id="s-1")


class Refusing:
    """Refuses everything with one status, and remembers the credentials it was shown."""

    def __init__(self, status: int, **headers: str) -> None:
        self.shown: list[str | None] = []
        self._status = status
        self._headers = headers

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.shown.append(request.headers.get("authorization"))
        problem = {"type": "urn:maitred:problem:x", "title": "No", "status": self._status, "detail": "why"}
        return httpx.Response(self._status, json=problem, headers=self._headers)

    def client(self, **more: Any) -> Client:
        return Client("http://double", transport=httpx.MockTransport(self), **more)


def test_the_key_travels_with_every_call_of_either_client():
    double = Refusing(403)

    async def ask() -> None:
        async with AsyncClient("http://double", transport=httpx.MockTransport(double), api_key=KEY) as client:
            await client.decide(ASK)

    with pytest.raises(Forbidden):
        asyncio.run(ask())
    with double.client(api_key=KEY) as client, pytest.raises(Forbidden):
        client.report(Outcome(decision_id="d-1", metric="clicked"))
    assert double.shown == [f"Bearer {KEY}"] * 2


def test_without_a_key_nothing_is_presented():
    double = Refusing(401)
    with double.client() as client, pytest.raises(Unauthorized):
        client.decide(ASK)
    assert double.shown == [None]


@pytest.mark.parametrize(("status", "kind"), [(401, Unauthorized), (403, Forbidden), (429, RateLimited)])
def test_each_refusal_of_a_caller_is_an_error_of_its_own_and_not_repeated(status: int, kind: type[ProblemError]):
    double = Refusing(status)
    with double.client(api_key=KEY, attempts=3) as client, pytest.raises(kind, match="No: why") as caught:
        client.decide(ASK)
    assert caught.value.status == status
    assert len(double.shown) == 1


def test_other_refusals_are_none_of_these():
    with Refusing(404).client(api_key=KEY) as client, pytest.raises(ProblemError) as caught:
        client.decide(ASK)
    assert type(caught.value) is ProblemError


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", 1.0), ("Wed, 21 Oct 2030 07:28:00 GMT", 1.0)])
def test_a_caller_that_is_too_fast_learns_when_to_call_again(header: str, seconds: float):
    with Refusing(429, **{"retry-after": header}).client() as client, pytest.raises(RateLimited) as caught:
        client.decide(ASK)
    assert caught.value.retry_after_s == seconds


def test_nothing_that_can_be_printed_shows_the_key():
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("broken", request=request)

    with Refusing(401).client(api_key=KEY) as client:
        with pytest.raises(Unauthorized) as refused:
            client.decide(ASK)
        printed = [repr(client), str(client), repr(vars(client)), repr(refused.value), str(refused.value)]
    with (
        Client("http://double", transport=httpx.MockTransport(broken), api_key=KEY) as client,
        pytest.raises(Unreachable) as silent,
    ):
        client.decide(ASK)
    assert not any("hunter2" in text for text in [*printed, repr(silent.value)])


@pytest.mark.parametrize("key", ["", f"{KEY}\n", f" {KEY}", "two keys", "schlüssel", "a\x00b"])
def test_what_cannot_be_a_key_is_refused_at_once_and_not_repeated_in_the_error(key: str):
    with pytest.raises(ValueError, match="API key") as caught:
        Client(api_key=key)
    assert not key or key not in str(caught.value)
