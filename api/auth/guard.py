"""The guard: the one place where it is decided who may call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

from fastapi import Request

from api.auth.key_ring import Holder, KeyRing
from api.auth.quiet_log import QuietLog
from api.auth.refusals import RateExceeded, RoleMissing, Unauthorized
from api.auth.role import Role
from api.auth.same_machine import ensure_same_machine


class Guard:
    """Knows keys by their ring, and whether callers of this machine need one."""

    def __init__(self, ring: KeyRing, *, keys_required: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.ring = ring
        self._keys_required = keys_required
        self._clock = clock
        self._refused = QuietLog("callers_refused")

    def admit(self, request: Request, role: Role) -> None:
        """Return if the caller may do what ``role`` allows. Never reads the body.

        Raises:
            Unauthorized: a key is missing, or not good.
            RoleMissing: the key lacks the role.
            RateExceeded: the key is used too often.
            FromElsewhere: no key was needed, but another site's page may be behind this.
        """
        presented = request.headers.get("authorization")
        if presented is not None:
            self._admit(self._holder(presented, request), role)
        elif self._keys_required:
            raise self._unauthorized(request, "this needs a key: Authorization: Bearer <key>")
        else:
            ensure_same_machine(request.headers)

    def _admit(self, holder: Holder, role: Role) -> None:
        wait_s = 0.0 if holder.bucket is None else holder.bucket.take(self._clock())
        if wait_s:
            raise RateExceeded(wait_s)
        if role not in holder.key.roles:
            raise RoleMissing(role)

    def _holder(self, presented: str, request: Request) -> Holder:
        scheme, _, text = presented.partition(" ")
        holder = self.ring.holder(text.strip()) if scheme.lower() == "bearer" else None
        if holder is None:
            raise self._unauthorized(request, "the key is not known here, or was revoked", error="invalid_token")
        return holder

    def _unauthorized(self, request: Request, detail: str, *, error: str = "") -> Unauthorized:
        self._refused.warn(self._clock(), why=detail, last=request.client.host if request.client else "unknown")
        return Unauthorized(detail, error=error)


def guard_of(request: Request) -> Guard:
    """The guard of the application that serves this request."""
    return cast(Guard, request.app.state.guard)
