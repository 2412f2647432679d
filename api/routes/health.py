"""``/healthz``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.body import answered
from api.problems import TYPE_PREFIX, response
from api.schemas import Problem
from api.service import service_of

router = APIRouter(tags=["operations"])


@router.get("/healthz", summary="The process is alive")
async def healthz() -> Response:
    return answered({"status": "alive"})


@router.get("/readyz", summary="Warm: ready to be asked")
async def readyz(request: Request) -> Response:
    service = service_of(request)
    if not service.ready:
        detail = "still warming up"
        return response(Problem(type=TYPE_PREFIX + "not-ready", title="Not ready", status=503, detail=detail))
    models = {name: placement.served.version for name, placement in service.decider.placements.items()}
    return answered({"status": "ready", "models": models})


@router.get("/metrics", summary="Prometheus metrics")
async def metrics(request: Request) -> Response:
    service = service_of(request)
    service.metrics.journal_position.set(service.journal.last_position())
    for name, placement in service.decider.placements.items():
        service.metrics.settled_position.labels(name).set(placement.served.settled_position)
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)
