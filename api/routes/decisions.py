"""``/v1/decisions``: ask for one action, report it shown, explain it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from msgspec.json import Decoder

from api.auth.role import Role
from api.auth.route import GuardedRoute, needs
from api.body import answered, decoded
from api.openapi import gives, takes
from api.schemas import DecisionAnswer, DecisionBody, ShownAnswer, decision_answer
from api.service import service_of
from engine.explain import Explanation

router = APIRouter(prefix="/v1/decisions", tags=["decisions"], route_class=GuardedRoute)

EXAMPLE = {
    "placement": "greeting",
    "session_id": "s-1",
    "user_id": "u-1",
    "consent": True,
    "context": {"channel": "web", "device": "mobile", "locale": "en", "utc_offset_minutes": 60},
}
_decision = Decoder(DecisionBody)


@router.post(
    "",
    summary="Which action should be shown now?",
    openapi_extra=takes(DecisionBody, example=EXAMPLE),
    responses=gives(DecisionAnswer, problems=(400, 404, 408, 409, 413, 422)),
)
@needs(Role.DECIDE)
async def decide(request: Request) -> Response:
    service = service_of(request)
    body = await decoded(request, _decision)
    with service.metrics.latency.labels("decisions").time():
        decision = await service.decider.decide(body.request())
    service.metrics.count([decision])
    return answered(decision_answer(decision))


@router.post(
    "/{decision_id:path}/shown",
    status_code=202,
    summary="The content of a deferred decision was really displayed",
    responses=gives(ShownAnswer, 202, problems=(404, 503)),
)
@needs(Role.OUTCOME)
async def shown(decision_id: str, request: Request) -> Response:
    duplicate = await service_of(request).feedback.shown(decision_id)
    return answered(ShownAnswer(decision_id=decision_id, duplicate=duplicate), 202)


@router.get(
    "/{decision_id:path}",
    summary="Everything about one decision: features, candidates, pmf, model, outcomes, contributions",
    responses=gives(Explanation, problems=(404, 410, 503)),
)
@needs(Role.READ)
async def explain(decision_id: str, request: Request) -> Response:
    return answered(await service_of(request).explainer.explain(decision_id))
