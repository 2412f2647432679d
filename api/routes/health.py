"""``/healthz``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from api.auth.role import Role
from api.auth.route import GuardedRoute, needs, public
from api.body import answered
from api.openapi import gives, gives_text
from api.schemas import AliveAnswer, ReadyAnswer
from api.service import service_of

router = APIRouter(tags=["operations"], route_class=GuardedRoute)


@router.head("/healthz", summary="The process is alive, without a body", responses=gives(AliveAnswer))
@router.get("/healthz", summary="The process is alive", responses=gives(AliveAnswer))
@public
async def healthz() -> Response:
    return answered(AliveAnswer())


@router.head("/readyz", summary="Warm, without a body", responses=gives(ReadyAnswer, problems=(503,)))
@router.get("/readyz", summary="Warm: ready to be asked", responses=gives(ReadyAnswer, problems=(503,)))
@public
async def readyz(request: Request) -> Response:
    service = service_of(request)
    if not service.ready:
        raise HTTPException(503, "warming up, or ending")
    models = {name: placement.served.version for name, placement in service.decider.placements.items()}
    return answered(ReadyAnswer(models=models))


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=PlainTextResponse,
    responses=gives_text("Prometheus' exposition format"),
)
@needs(Role.READ)
async def metrics(request: Request) -> Response:
    service = service_of(request)
    service.metrics.gathered.refused_learning = service.quarantine.counted("learning")
    await asyncio.to_thread(service.vitals.take, service.metrics)
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)
