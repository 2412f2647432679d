"""``/v1/quarantine``: what was refused or made safe, counted."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from api.auth.role import Role
from api.auth.route import GuardedRoute, needs
from api.body import answered
from api.openapi import gives
from api.schemas import QuarantineAnswer
from api.service import service_of

router = APIRouter(prefix="/v1/quarantine", tags=["operations"], route_class=GuardedRoute)


@router.get(
    "",
    summary="What was refused or made safe: where, what about, why, how often",
    responses=gives(QuarantineAnswer),
)
@needs(Role.READ)
async def quarantine(request: Request) -> Response:
    rows = await asyncio.to_thread(service_of(request).quarantine.rows)
    return answered(QuarantineAnswer(quarantined=rows))
