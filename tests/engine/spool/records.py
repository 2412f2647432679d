"""Records to spool."""

from __future__ import annotations

from engine.records.schema import DecisionRecord, OutcomeRecord


def decision(id: str, **fields: object) -> DecisionRecord:
    """A decision for one of two actions."""
    made = {
        "placement": "greeting",
        "catalogue": "c",
        "unit": "u",
        "group": "champion",
        "candidates": ("a", "b"),
        "pmf": (0.25, 0.75),
        "chosen": 1,
        "policy": "uniform",
        "model_version": "origin",
        "encoder_version": "e",
        "reason": "policy",
        "learnable": True,
        "request_digest": b"digest",
        "key_ref": "k",
        "sealed": b"sealed",
    }
    return DecisionRecord(id=id, **{**made, **fields})  # type: ignore[arg-type]


def outcome(id: str, decision_id: str = "d") -> OutcomeRecord:
    """A click."""
    return OutcomeRecord(id=id, decision_id=decision_id, metric="click", value=1.0)
