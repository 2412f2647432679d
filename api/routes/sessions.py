"""``/v1/sessions/{id}/events``: what happened in a session, for its next turn."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from msgspec.json import Decoder

from api.body import answered, decoded
from api.openapi import gives, takes
from api.schemas import EventsBody, OutcomesAnswer
from api.service import service_of
from engine.feedback import SessionEvent

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])

EXAMPLE = {"events": [{"event": "product_viewed", "properties": {"category": "garden"}, "message_id": "m-1"}]}
_events = Decoder(EventsBody)


@router.post(
    "/{session_id}/events",
    status_code=202,
    summary="Track events of a session",
    openapi_extra=takes(EventsBody, example=EXAMPLE),
    responses=gives(OutcomesAnswer, 202, problems=(400, 413, 422, 503)),
)
async def track(session_id: Annotated[str, Path(max_length=128)], request: Request) -> Response:
    service = service_of(request)
    body = await decoded(request, _events)
    events = [SessionEvent(event.event, event.properties, event.message_id) for event in body.events]
    duplicates = await service.feedback.events(session_id, events, user_id=body.user_id, consent=body.consent)
    accepted = len(events) - duplicates
    service.metrics.events.inc(accepted)
    return answered(OutcomesAnswer(accepted=accepted, duplicates=duplicates), 202)
