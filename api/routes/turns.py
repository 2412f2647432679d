"""``/v1/turns``: several placements of one turn, decided together."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from msgspec.json import Decoder

from api.auth.role import Role
from api.auth.route import GuardedRoute, needs
from api.body import answered, decoded
from api.openapi import gives, takes
from api.schemas import TurnAnswer, TurnBody, decision_answer
from api.service import service_of
from engine.errors import BadRequest
from engine.ids import new_id
from engine.types import DecisionRequest

router = APIRouter(prefix="/v1/turns", tags=["decisions"], route_class=GuardedRoute)

EXAMPLE = {
    "session_id": "s-1",
    "user_id": "u-1",
    "turn_id": "t-1",
    "consent": True,
    "placements": ["greeting", "offer"],
    "context": {"channel": "web", "locale": "en"},
}
_turn = Decoder(TurnBody)
DecisionIdOf = Callable[[str, str, str], str]


@router.post(
    "",
    summary="One decision per placement, no action twice",
    openapi_extra=takes(TurnBody, example=EXAMPLE),
    responses=gives(TurnAnswer, problems=(400, 404, 408, 409, 413, 422)),
)
@needs(Role.DECIDE)
async def decide_turn(request: Request) -> Response:
    service = service_of(request)
    body = await decoded(request, _turn)
    turn_id = body.turn_id or new_id()
    with service.metrics.latency.labels("turns").time():
        decisions = await service.decider.decide_turn(_requests(body, turn_id, service.decider.turn_decision_id))
    service.metrics.count(decisions)
    return answered(TurnAnswer(turn_id=turn_id, decisions=[decision_answer(decision) for decision in decisions]))


def _requests(body: TurnBody, turn_id: str, decision_id: DecisionIdOf) -> list[DecisionRequest]:
    if len(set(body.placements)) != len(body.placements):
        raise BadRequest("a placement is named twice", field="placements")
    return [
        DecisionRequest(
            placement=placement,
            session_id=body.session_id,
            user_id=body.user_id,
            context=body.context,
            decision_id=decision_id(body.session_id, turn_id, placement),
            consent=body.consent,
            deferred=body.deferred,
        )
        for placement in body.placements
    ]
