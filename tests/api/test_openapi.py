"""What ``/openapi.json`` says is what the application does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from fastapi.routing import APIRoute

from api import schemas
from api.problems import KINDS, MEDIA_TYPE, TYPE_PREFIX

PROBLEM = {"$ref": "#/components/schemas/Problem"}


@pytest.fixture(scope="module")
def document(edge) -> dict[str, Any]:
    answer = edge.send("GET", "/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


@pytest.fixture(scope="module")
def operations(document) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, by_method in document["paths"].items()
        for method, operation in by_method.items()
    }


def test_no_route_is_hidden(edge, operations):
    routes = {f"{method} {route.path_format}" for route in _api_routes(edge.app.routes) for method in route.methods}
    assert routes - operations.keys() == {"GET /docs", "GET /docs/oauth2-redirect", "GET /redoc"}
    assert operations.keys() <= routes


def test_every_route_has_a_summary_of_its_own_and_a_tag(operations):
    summaries = [operation["summary"] for operation in operations.values()]
    assert all(summaries)
    assert len(set(summaries)) == len(summaries)
    assert all(operation["tags"] for operation in operations.values())


def test_every_body_has_an_example_that_its_own_type_takes(operations):
    bodies = {name: each["requestBody"] for name, each in operations.items() if "requestBody" in each}
    assert bodies.keys() == {name for name in operations if name.startswith("POST") and not name.endswith("/shown")}
    for name, body in bodies.items():
        content = body["content"]["application/json"]
        kinds = [getattr(schemas, ref.rpartition("/")[2]) for ref in _refs(content["schema"])]
        assert body["required"]
        assert any(_takes(kind, content["example"]) for kind in kinds), name


def test_every_route_has_one_good_answer_with_a_schema(operations):
    for name, operation in operations.items():
        good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        assert len(good) == 1, name
        (media,) = good[0]["content"].values()
        assert media["schema"], name
        assert good[0]["description"], name


def test_every_other_answer_is_a_problem(operations):
    for name, operation in operations.items():
        others = {status: answer for status, answer in operation["responses"].items() if not status.startswith("2")}
        assert "default" in others, name
        for status, answer in others.items():
            assert answer["content"] == {MEDIA_TYPE: {"schema": PROBLEM}}, (name, status)


def test_every_reference_resolves_and_every_schema_is_used(document):
    used = set(_refs(document))
    assert used == {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}


def test_every_problem_type_is_listed(document):
    listed = document["components"]["schemas"]["Problem"]["properties"]["type"]["examples"]
    assert set(listed) == {TYPE_PREFIX + kind.name for kind in KINDS}


def _api_routes(routes: list[Any]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _api_routes(included.routes)


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _refs(item)
    elif isinstance(value, list):
        for item in value:
            yield from _refs(item)


def _takes(kind: type[msgspec.Struct], example: Any) -> bool:
    try:
        msgspec.json.decode(msgspec.json.encode(example), type=kind)
    except msgspec.ValidationError:
        return False
    return True
