"""``/v1/outcomes``: what came of decisions."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec.json import Decoder

from api.body import answered, decode, received
from api.openapi import gives, takes
from api.schemas import AcceptedAnswer, OutcomeBody, OutcomesBody
from api.service import service_of
from api.wire_time import microseconds_of
from engine.feedback import Outcome

router = APIRouter(prefix="/v1/outcomes", tags=["outcomes"])

EXAMPLE = {"decision_id": "5f0c…", "metric": "clicked", "value": 1, "outcome_id": "click-1"}


class _Shape(msgspec.Struct):
    """Just enough of the body to see whether it is one outcome or many."""

    outcomes: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_shape, _many, _one = Decoder(_Shape), Decoder(OutcomesBody), Decoder(OutcomeBody)


@router.post(
    "",
    status_code=202,
    summary="Report one outcome or many; unknown decision ids wait, late ones are kept and not learned",
    openapi_extra=takes(OutcomeBody, OutcomesBody, example=EXAMPLE),
    responses=gives(AcceptedAnswer, 202, problems=(400, 408, 413, 422, 503)),
)
async def report(request: Request) -> Response:
    service = service_of(request)
    bodies = _bodies(await received(request))
    duplicates = await service.feedback.outcomes([_outcome(outcome) for outcome in bodies])
    accepted = len(bodies) - duplicates
    service.metrics.outcomes.inc(accepted)
    service.metrics.duplicates.inc(duplicates)
    return answered(AcceptedAnswer(accepted=accepted, duplicates=duplicates), 202)


def _bodies(content: bytes) -> tuple[OutcomeBody, ...]:
    if decode(content, _shape).outcomes is msgspec.UNSET:
        return (decode(content, _one),)
    return decode(content, _many).outcomes


def _outcome(body: OutcomeBody) -> Outcome:
    at_us = None if body.at is None else microseconds_of(body.at, field="at")
    return Outcome(body.decision_id, body.metric, body.value, body.outcome_id, at_us)
