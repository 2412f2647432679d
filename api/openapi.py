"""OpenAPI for routes that decode their bodies with msgspec: schemas, examples and the one error shape."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api import schemas
from api.problems import KINDS, MEDIA_TYPE, TYPE_PREFIX
from engine.explain import Explanation

_BODIES = (
    schemas.DecisionBody,
    schemas.TurnBody,
    schemas.OutcomeBody,
    schemas.OutcomesBody,
    schemas.EventsBody,
    schemas.DecisionAnswer,
    schemas.TurnAnswer,
    schemas.AcceptedAnswer,
    schemas.ShownAnswer,
    schemas.AliveAnswer,
    schemas.ReadyAnswer,
    schemas.QuarantineAnswer,
    schemas.Problem,
    Explanation,
)
_REF = "#/components/schemas/{name}"
SECURITY = "api_key"
_SCHEMES = {
    SECURITY: {
        "type": "http",
        "scheme": "bearer",
        "description": "A key that `maitred keys add` made. On loopback none is needed, unless the deployment says so.",
    }
}
PROBLEM = {
    "description": "Problem details",
    "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
}


def takes(*bodies: type[msgspec.Struct], example: Any) -> dict[str, Any]:
    """``openapi_extra`` of a route: its request body (any of ``bodies``), with an example."""
    refs = [{"$ref": _REF.format(name=body.__name__)} for body in bodies]
    schema = refs[0] if len(refs) == 1 else {"anyOf": refs}
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def gives(answer: type[msgspec.Struct], status: int = 200, *, problems: tuple[int, ...] = ()) -> dict[int | str, Any]:
    """``responses`` of a route: its answer, problem+json for each status in ``problems`` and for any other error."""
    content = {"application/json": {"schema": {"$ref": _REF.format(name=answer.__name__)}}}
    good = {"description": (answer.__doc__ or "").strip(), "content": content}
    return {status: good, **dict.fromkeys((*problems, "default"), PROBLEM)}


def gives_text(description: str) -> dict[int | str, Any]:
    """``responses`` of a route that answers in plain text."""
    good = {"description": description, "content": {"text/plain": {"schema": {"type": "string"}}}}
    return {200: good, "default": PROBLEM}


def install(app: FastAPI) -> None:
    """Make ``/openapi.json`` include the msgspec schemas."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            _, components = msgspec.json.schema_components(_BODIES, ref_template=_REF)
            components["Problem"]["properties"]["type"]["examples"] = [TYPE_PREFIX + kind.name for kind in KINDS]
            document.setdefault("components", {}).setdefault("schemas", {}).update(components)
            document["components"]["securitySchemes"] = _SCHEMES
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
