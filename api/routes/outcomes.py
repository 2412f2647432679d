"""``/v1/outcomes``: what came of decisions."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from msgspec.json import Decoder

from api.auth.role import Role
from api.auth.route import GuardedRoute, needs
from api.body import Arrived, answered, arrived
from api.openapi import gives, takes
from api.schemas import AcceptedAnswer, OutcomeBody, OutcomesBody
from api.service import service_of
from api.wire_time import microseconds_of
from engine.feedback import Outcome

router = APIRouter(prefix="/v1/outcomes", tags=["outcomes"], route_class=GuardedRoute)

EXAMPLE = {"decision_id": "5f0c…", "metric": "clicked", "value": 1, "outcome_id": "click-1"}
_many, _one = Decoder(OutcomesBody), Decoder(OutcomeBody)


@router.post(
    "",
    status_code=202,
    summary="Report one outcome or many; unknown decision ids wait, late ones are kept and not learned",
    openapi_extra=takes(OutcomeBody, OutcomesBody, example=EXAMPLE),
    responses=gives(AcceptedAnswer, 202, problems=(400, 408, 413, 422, 503)),
)
@needs(Role.OUTCOME)
async def report(request: Request) -> Response:
    service = service_of(request)
    bodies = _bodies(await arrived(request))
    duplicates = await service.feedback.outcomes([_outcome(outcome) for outcome in bodies])
    accepted = len(bodies) - duplicates
    service.metrics.outcomes.inc(accepted)
    service.metrics.duplicates.inc(duplicates)
    return answered(AcceptedAnswer(accepted=accepted, duplicates=duplicates), 202)


def _bodies(body: Arrived) -> tuple[OutcomeBody, ...]:
    if isinstance(body.plain, dict) and "outcomes" in body.plain:
        return body.decoded(_many).outcomes
    return (body.decoded(_one),)


def _outcome(body: OutcomeBody) -> Outcome:
    at_us = None if body.at is None else microseconds_of(body.at, field="at")
    return Outcome(body.decision_id, body.metric, body.value, body.outcome_id, at_us, body.corrects)
