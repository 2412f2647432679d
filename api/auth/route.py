"""Routes that say who may call them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Final, Literal, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.auth.guard import guard_of
from api.auth.role import Role
from api.openapi import PROBLEM, SECURITY

PUBLIC: Final = "public"
REQUEST: Final = "request"
REFUSALS = (401, 403, 429)
Access = Role | Literal["public"]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_MARK = "__access__"


def needs(role: Role) -> Callable[[Endpoint], Endpoint]:
    """Declare that a route's endpoint may be called by holders of a role."""
    return lambda endpoint: _marked(endpoint, role)


def public(endpoint: Endpoint) -> Endpoint:
    """Declare that a route's endpoint may be called by anybody who reaches the service."""
    return _marked(endpoint, PUBLIC)


class GuardedRoute(APIRoute):
    """Asks the guard before anything else, its endpoint being declared with ``needs`` or ``public``.

    Endpoints take the request and what their path names, no more: reading bodies and making answers is their own, so
    FastAPI has nothing to solve for a call, which would take 40 µs.

    Attributes:
        access: the declaration.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if not hasattr(endpoint, _MARK):
            raise TypeError(f"{path}: declare with needs(role) or public who may call it")
        self.access: Access = getattr(endpoint, _MARK)
        super().__init__(path, endpoint, **_documented(options, self.access))
        self._takes = tuple(inspect.signature(endpoint).parameters)
        foreign = set(self._takes) - {REQUEST, *self.param_convertors}
        if foreign:
            raise TypeError(f"{path}: nobody gives its endpoint {', '.join(sorted(foreign))}")

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers, behind the guard."""
        endpoint, access = self.endpoint, self.access

        async def guarded(request: Request) -> Response:
            if access != PUBLIC:
                guard_of(request).admit(request, access)
            response: Response = await endpoint(**self._given(request))
            return response

        return guarded

    def _given(self, request: Request) -> dict[str, Any]:
        return {name: request if name == REQUEST else request.path_params[name] for name in self._takes}


def _marked(endpoint: Endpoint, access: Access) -> Endpoint:
    setattr(endpoint, _MARK, access)
    return endpoint


def _documented(options: dict[str, Any], access: Access) -> dict[str, Any]:
    if access == PUBLIC:
        return options
    security = {"security": [{SECURITY: [access.value]}]}
    return {
        **options,
        "responses": {**dict.fromkeys(REFUSALS, PROBLEM), **(options.get("responses") or {})},
        "openapi_extra": {**(options.get("openapi_extra") or {}), **security},
    }
