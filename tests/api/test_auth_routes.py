"""Every route says who may call it, in the code, in the README and in OpenAPI, and it is true."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Request, Response
from starlette.routing import BaseRoute, Mount, Route

from api.auth.guard import Guard
from api.auth.key import mint
from api.auth.key_file import KeyFile
from api.auth.key_ring import KeyRing
from api.auth.role import Role
from api.auth.route import PUBLIC, GuardedRoute, needs, public
from api.openapi import SECURITY
from api.problems import MEDIA_TYPE, TYPE_PREFIX

README = (Path(__file__).parents[2] / "README.md").read_text()
ROW = re.compile(r"^\| (?P<routes>`[A-Z]+ /[^|]*) \| (?P<role>\w+) \|", re.MULTILINE)
PAGES = {"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"}
ASSETS = "/static-offline-docs"
Access = dict[str, str]


@pytest.fixture(scope="module")
def keys(edge, tmp_path_factory: pytest.TempPathFactory) -> dict[Role, str]:
    """One key a role, of an application that asks everybody for one."""
    file = KeyFile(tmp_path_factory.mktemp("keys") / "api_keys.json")
    texts: dict[Role, str] = {}
    for role in Role:
        key, texts[role] = mint(role.value, (role,), None, datetime(2030, 1, 1, tzinfo=UTC))
        file.add(key)
    edge.app.state.guard = Guard(KeyRing(file), keys_required=True)
    return texts


@pytest.fixture(scope="module")
def access(edge) -> Access:
    """Who may call what, as the code declares it."""
    return {
        f"{method} {route.path_format}": str(route.access)
        for route in every(edge.app.routes)
        if isinstance(route, GuardedRoute)
        for method in route.methods
    }


@pytest.fixture(scope="module")
def guarded(access: Access) -> Access:
    """The routes that are not public."""
    return {route: role for route, role in access.items() if role != PUBLIC}


def every(routes: list[BaseRoute]) -> Iterator[BaseRoute]:
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is None:
            yield route
        else:
            yield from every(included.routes)


def sent(edge: Any, route: str, key: str | None, **what: Any) -> httpx.Response:
    method, path = route.split()
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    return edge.send(method, re.sub(r"{\w+}", "x-1", path), headers=headers, **what)


def check_refusal(answer: httpx.Response, status: int, name: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE)
    assert (answer.json()["type"], answer.json()["status"]) == (TYPE_PREFIX + name, status)


async def untouched() -> AsyncIterator[bytes]:
    pytest.fail("the body was read")
    yield b""


def test_every_route_declares_who_may_call_it(edge):
    undeclared = {
        route.path
        for route in every(edge.app.routes)
        if isinstance(route, Route | Mount) and not isinstance(route, GuardedRoute)
    }
    assert undeclared == {*PAGES, ASSETS}, "routes without needs(role) or public, on a router without GuardedRoute"
    assert all(isinstance(route, Route | Mount) for route in every(edge.app.routes))


def test_a_route_without_a_declaration_cannot_be_made():
    async def forgotten(request: Request) -> Response:
        return Response()

    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(TypeError, match="/forgotten"):
        router.add_api_route("/forgotten", forgotten)


def test_a_declaration_leaves_the_endpoint_as_it_is():
    async def endpoint(request: Request) -> Response:
        return Response()

    assert needs(Role.READ)(endpoint) is endpoint
    assert public(endpoint) is endpoint


def test_the_readme_names_every_route_with_its_role(access: Access):
    named = {
        route: row["role"] for row in ROW.finditer(README) for route in re.findall(r"`([A-Z]+ /[^`]*)`", row["routes"])
    }
    assert named == {**access, **{f"GET {page}": PUBLIC for page in PAGES}}


def test_the_readme_names_every_role():
    assert all(f"| `{role}` |" in README for role in Role)


def test_the_documentation_says_which_role_each_route_needs(edge, guarded: Access):
    document = edge.app.openapi()
    scheme = document["components"]["securitySchemes"][SECURITY]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    documented = {
        f"{method.upper()} {path}": operation
        for path, by_method in document["paths"].items()
        for method, operation in by_method.items()
    }
    for route, operation in documented.items():
        role = guarded.get(route)
        assert operation.get("security") == (None if role is None else [{SECURITY: [role]}]), route
        assert ({"401", "403", "429"} <= operation["responses"].keys()) == (role is not None), route


def test_a_body_is_still_documented_beside_the_role(edge):
    operation = edge.app.openapi()["paths"]["/v1/decisions"]["post"]
    assert operation.keys() >= {"requestBody", "security", "responses"}


def test_without_a_key_and_with_a_wrong_one_only_what_is_public_answers(edge, keys, access: Access):
    for route, role in access.items():
        for key in (None, "wrong", keys[Role.READ][:-1]):
            answer = sent(edge, route, key, content=untouched())
            if role == PUBLIC:
                assert answer.status_code == 200, route
            else:
                check_refusal(answer, 401, "unauthorized")
                assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_a_key_opens_the_routes_of_its_role_and_no_others(edge, keys, guarded: Access):
    for route, needed in guarded.items():
        for role, key in keys.items():
            if role == needed:
                assert sent(edge, route, key).status_code not in (401, 403, 429), (route, role)
            else:
                check_refusal(sent(edge, route, key, content=untouched()), 403, "forbidden")


def test_the_documentation_is_public(edge, keys):
    assert {page: edge.send("GET", page).status_code for page in PAGES} == dict.fromkeys(PAGES, 200)


def test_a_key_that_is_used_too_often_is_told_when_to_come_back(edge, keys, tmp_path: Path):
    file = KeyFile(tmp_path / "api_keys.json")
    key, text = mint("slow", (Role.READ,), 0.1, datetime(2030, 1, 1, tzinfo=UTC))
    file.add(key)
    before, edge.app.state.guard = edge.app.state.guard, Guard(KeyRing(file), keys_required=True, clock=lambda: 0.0)
    try:
        assert sent(edge, "GET /metrics", text).status_code == 200
        answer = sent(edge, "GET /metrics", text)
    finally:
        edge.app.state.guard = before
    check_refusal(answer, 429, "rate-limited")
    assert answer.headers["retry-after"] == "10"


def test_refusals_are_counted_by_type(edge, keys):
    sent(edge, "POST /v1/decisions", None)
    sent(edge, "POST /v1/decisions", keys[Role.READ])
    text = sent(edge, "GET /metrics", keys[Role.READ]).text
    assert re.search(r'^maitred_problems_total{type="unauthorized"} [1-9]', text, re.MULTILINE)
    assert re.search(r'^maitred_problems_total{type="forbidden"} [1-9]', text, re.MULTILINE)


def test_on_loopback_another_sites_page_is_refused_and_records_nothing(own_edge):
    before = own_edge.service.journal.last_position()
    for foreign in ({"origin": "https://evil.example"}, {"origin": "null"}, {"host": "evil.example"}):
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json"):
            headers = {**foreign, "content-type": content_type}
            answer = own_edge.send("POST", "/v1/outcomes", headers=headers, content=untouched())
            check_refusal(answer, 403, "forbidden")
    assert own_edge.service.journal.last_position() == before


def test_on_loopback_the_services_own_page_may_call(own_edge):
    outcome = {"decision_id": "d", "metric": "clicked", "value": 1}
    answer = own_edge.send("POST", "/v1/outcomes", headers={"origin": "http://localhost"}, json=outcome)
    assert answer.status_code == 202


def test_an_endpoint_that_wants_what_nobody_gives_is_a_defect_at_import():
    async def wants_a_query(request: Request, id: str, page: int) -> Response:
        raise AssertionError("never called")

    with pytest.raises(TypeError, match="nobody gives its endpoint page"):
        GuardedRoute("/v1/things/{id}", public(wants_a_query))
