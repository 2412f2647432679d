"""What becomes of files that a loss of power left: the journal gets what the spool has, and a learner goes on."""

from __future__ import annotations

import time

from api.settings import Settings
from api.wiring import build_learner, open_histories
from engine.learn import Learner
from engine.spool.drain import BATCH
from engine.spool.spool import Spool
from tests.chaos.journaled import Journaled

OFFICE_SECONDS = 30.0
SETTLE_SECONDS = 60.0
POLL_SECONDS = 0.05


def learner_in_office(settings: Settings) -> Learner:
    """A learner in the place of the one that is gone, whose lease must expire first. It has read nothing yet."""
    learner = build_learner(settings)
    end = time.monotonic() + OFFICE_SECONDS
    while learner.tenure.take() != learner.tenure.holder:
        if time.monotonic() > end:
            raise TimeoutError("the lease of a learner that is gone does not expire")
        time.sleep(POLL_SECONDS)
    return learner


def delivered(settings: Settings) -> None:
    """Give the journal what was acknowledged while it was slow, as a service does that starts again."""
    shards = open_histories(settings)
    for name, journal in zip(shards.names, shards.journals, strict=True):
        spool = Spool(settings.spool_path / name)
        spool.adopt()
        while batch := spool.first(BATCH):
            journal.append(batch.records)
            spool.drained(batch)
        spool.close()


def settled(settings: Settings) -> Journaled:
    """Deliver, learn until every window is closed, and return what the journal has then."""
    delivered(settings)
    journaled = Journaled(open_histories(settings).journals)
    learner = learner_in_office(settings)
    learner.restore()
    journaled.read_on()
    end = time.monotonic() + SETTLE_SECONDS
    while not journaled.is_settled and time.monotonic() < end:
        learner.step()
        journaled.read_on()
    learner.tenure.end()
    return journaled
