"""The checks, in the order in which they are reported. The README's table says of each what it looks at."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from api.doctor.checks import (
    api_keys,
    children,
    clock,
    configuration,
    degraded,
    disk,
    home,
    journal,
    keys,
    learner,
    models,
    online_store,
    outcomes,
    plan,
    quarantine,
    refusals,
    service,
    spool,
)
from api.doctor.finding import Finding, Sign
from api.doctor.patient import Patient
from engine.errors import MaitredError
from features.errors import FeatureError

UNREADABLE = (MaitredError, FeatureError, OSError, sqlite3.Error, msgspec.MsgspecError, ValueError)
"""What reading a damaged deployment may raise beyond what a check expects."""


@dataclass(frozen=True, slots=True)
class Check:
    """Looks at one thing and changes nothing: ``look`` yields a sign for all it sees, ``sharded`` in each shard."""

    name: str
    look: Callable[[Patient], Iterator[Sign]]
    sharded: bool = False

    def examine(self, patient: Patient) -> Iterator[Finding]:
        """The findings of this check. A part that cannot be examined is one, too."""
        try:
            for status, what, mend in self._signs(patient):
                yield Finding(check=self.name, status=status, what=what, mend=mend)
        except UNREADABLE as error:
            what = f"cannot be examined: {error or type(error).__name__}"
            yield Finding(check=self.name, status="fail", what=what, mend="restore what it names from a backup")

    def _signs(self, patient: Patient) -> Iterator[Sign]:
        if not (self.sharded and patient.shards > 1):
            yield from self.look(patient)
            return
        for each in patient.each_shard:
            for sign in self.look(each):
                yield sign._replace(what=f"shard {each.shard}: {sign.what}")


CHECKS = (
    Check("configuration", configuration.look),
    Check("home", home.look),
    Check("disk", disk.look),
    Check("clock", clock.look),
    Check("plan", plan.look),
    Check("online-store", online_store.look),
    Check("keys", keys.look),
    Check("api-keys", api_keys.look),
    Check("journal", journal.look, sharded=True),
    Check("spool", spool.look),
    Check("learner", learner.look, sharded=True),
    Check("children", children.look),
    Check("models", models.look),
    Check("service", service.look),
    Check("refusals", refusals.look),
    Check("quarantine", quarantine.look),
    Check("degraded", degraded.look),
    Check("outcomes", outcomes.look),
)


def examine(patient: Patient) -> list[Finding]:
    """Everything that is to be said about a deployment."""
    return [finding for check in CHECKS for finding in check.examine(patient)]
