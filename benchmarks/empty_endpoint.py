"""The yardstick: a FastAPI endpoint with the same schemas that does nothing. Takes its port as argument."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field

Scalar = str | int | float | bool


class Action(BaseModel):
    id: str
    content: dict[str, str]


class Ranked(BaseModel):
    id: str
    probability: float


class DecisionBody(BaseModel):
    placement: str = Field(min_length=1, max_length=128)
    session_id: str = Field(min_length=1, max_length=128)
    user_id: str | None = Field(default=None, max_length=128)
    context: dict[str, Scalar] = {}
    exclude: list[str] = []
    decision_id: str | None = None
    explore: bool = True
    consent: bool | None = None
    deferred: bool = False


class DecisionAnswer(BaseModel):
    decision_id: str
    placement: str
    action: Action | None
    propensity: float | None
    ranking: list[Ranked]
    policy: str
    model_version: str
    group: str
    reason: str
    degraded: list[str]
    expires_at: str
    recorded: bool


app = FastAPI()
IDS = [f"recommended_product_{number}" for number in range(10)]


@app.get("/readyz")
async def readyz() -> dict[str, str]:
    return {"status": "ready"}


@app.post("/v1/decisions")
async def decide(body: DecisionBody) -> DecisionAnswer:
    return DecisionAnswer(
        decision_id="0192a6b8c7d5a7b8c9d0e1f2a3b4c5d6",
        placement=body.placement,
        action=Action(id=IDS[3], content={"text": "How about this one? It has the best reviews.", "locale": "en"}),
        propensity=0.1,
        ranking=[Ranked(id=id, probability=0.1) for id in IDS],
        policy="vw",
        model_version="c5a0b671c997.21411",
        group="champion",
        reason="policy",
        degraded=[],
        expires_at="2026-01-01T00:00:00+00:00",
        recorded=True,
    )


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
