"""A decision as it is journaled, where a test cares only for its id and placement."""

from __future__ import annotations

from engine.records.schema import DecisionRecord


def decision(id: str, placement: str, *, sealed: bytes = b"") -> DecisionRecord:
    return DecisionRecord(
        id=id,
        placement=placement,
        catalogue="c",
        unit="u",
        group="champion",
        candidates=("a", "b"),
        pmf=(0.5, 0.5),
        chosen=0,
        policy="uniform",
        model_version="cold",
        encoder_version="e",
        reason="policy",
        learnable=True,
        request_digest=b"",
        key_ref="k",
        sealed=sealed,
    )
