"""``/v1/sessions/{id}/events``: what happened in a session, for its next turn."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from msgspec.json import Decoder

from api.auth.role import Role
from api.auth.route import GuardedRoute, needs
from api.body import answered, checked, decoded
from api.openapi import gives, takes
from api.schemas import AcceptedAnswer, EventsBody, Id
from api.service import service_of
from engine.feedback import SessionEvent

router = APIRouter(prefix="/v1/sessions", tags=["sessions"], route_class=GuardedRoute)

EXAMPLE = {"events": [{"event": "product_viewed", "properties": {"category": "garden"}, "message_id": "m-1"}]}
_events = Decoder(EventsBody)


@router.post(
    "/{session_id:path}/events",
    status_code=202,
    summary="Track events of a session",
    openapi_extra=takes(EventsBody, example=EXAMPLE),
    responses=gives(AcceptedAnswer, 202, problems=(400, 408, 413, 422, 503)),
)
@needs(Role.DECIDE)
async def track(session_id: str, request: Request) -> Response:
    service = service_of(request)
    checked(session_id, Id, field="session_id")
    body = await decoded(request, _events)
    events = [SessionEvent(event.event, event.properties, event.message_id) for event in body.events]
    duplicates = await service.feedback.events(session_id, events, user_id=body.user_id, consent=body.consent)
    accepted = len(events) - duplicates
    service.metrics.events.inc(accepted)
    return answered(AcceptedAnswer(accepted=accepted, duplicates=duplicates), 202)
