"""How much slower is a whole decision than Vowpal Wabbit's own ``predict``? In process: no HTTP, no disk."""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path

from vowpalwabbit import Workspace

from api.wiring import load_config
from benchmarks.bot import CONTEXT, PLACEMENT, write_config
from benchmarks.question import Answer, microseconds
from engine.catalog import Catalogue
from engine.config import Config, PrivacySpec
from engine.decide import Decider
from engine.encode import Encoder, EncoderSpec
from engine.journal.memory import ImmediateCommits, MemoryJournal
from engine.models import cold
from engine.placement import Placement
from engine.policies.vw import DEFAULT_FLAGS
from engine.privacy import Vault
from engine.records.keys import KeyTable
from engine.types import DecisionRequest, TrainingExample
from features.assemble import Assembler
from features.clock import wall_clock
from features.memory import MemoryStore
from features.plan import load
from features.session import SessionWriter

PROMISE = 5.0
USERS = 200
LEARNED = 2_000


def measure(home: Path) -> list[Answer]:
    """One line: time of ``Decider.decide`` by time of ``Workspace.predict`` on pre-parsed examples."""
    with tempfile.TemporaryDirectory() as folder:
        config = load_config(write_config(Path(folder)))
        placement = _placement(config, home)
        _learn(placement)
        native_us = _native(placement)
        pmf_us = _pmf(placement)
        whole_us = asyncio.run(_whole(placement, Path(folder)))
    ratio = whole_us / native_us
    shared = len(_shared(placement, 0))
    return [
        Answer(
            "decide in process, by VW's own predict on the same pre-parsed examples",
            f"≤ {PROMISE:g} ×",
            f"{ratio:.1f} ×",
            ratio <= PROMISE,
            f"{whole_us:.0f} µs by {native_us:.1f} µs; policy {pmf_us:.0f} µs; 10 actions, {shared} features",
        )
    ]


def _placement(config: Config, home: Path) -> Placement:
    spec, plan = config.placements[PLACEMENT], load(home / "features" / "plan.json")
    encoder = Encoder(EncoderSpec(ranges=plan.ranges, texts=plan.texts))
    catalogue = Catalogue(PLACEMENT, spec, encoder.action, config.default_locale)
    return Placement(PLACEMENT, catalogue, Assembler(plan, PLACEMENT), encoder, cold(spec.policy))


def _shared(placement: Placement, number: int) -> dict[str, float]:
    vector = placement.assemble({}, {**CONTEXT, "message_length": number % 200}, wall_clock())
    return placement.encoder.shared(vector.values, vector.freshness)


def _learn(placement: Placement) -> None:
    random_ = random.Random(1)
    candidates = tuple(action.candidate for action in placement.catalogue.actions.values())
    for number in range(LEARNED):
        chosen = random_.randrange(len(candidates))
        reward = float(random_.random() < 0.1 * chosen)
        placement.served.policy.learn(TrainingExample(_shared(placement, number), candidates, chosen, 0.1, reward))


def _native(placement: Placement) -> float:
    workspace = Workspace(f"{DEFAULT_FLAGS} --quiet")
    actions = [workspace.example({"A": dict(a.candidate.features)}) for a in placement.catalogue.actions.values()]
    shared = [workspace.example({"S": _shared(placement, number)}) for number in range(64)]
    for example in shared:
        example.set_label_string("shared")
    for example in (*shared, *actions):
        example.setup_example()
    return microseconds(lambda number: workspace.predict([shared[number % 64], *actions]))


def _pmf(placement: Placement) -> float:
    candidates = [action.candidate for action in placement.catalogue.actions.values()]
    shared = [_shared(placement, number) for number in range(64)]
    return microseconds(lambda number: placement.served.policy.pmf(shared[number % 64], candidates))


async def _whole(placement: Placement, folder: Path) -> float:
    journal, store = MemoryJournal(), MemoryStore()
    for number in range(USERS):
        profile = {"language": "en", "region": "north", "tier": "gold", "tenure_days": 90}
        await store.write("user_profile", f"u{number}", profile, timestamp_us=wall_clock(), expected_us=None)
    decider = Decider(
        placements={PLACEMENT: placement},
        features=store,
        sessions=SessionWriter(store, wall_clock),
        journal=journal,
        commits=ImmediateCommits(journal),
        vault=Vault(KeyTable(folder / "keys.db")),
        privacy=PrivacySpec(),
        clock=wall_clock,
    )

    def decide(number: int) -> None:
        user = f"u{number % USERS}"
        request = DecisionRequest(PLACEMENT, user, user_id=user, context=CONTEXT, consent=True)
        coroutine = decider.decide(request)
        try:
            coroutine.send(None)
        except StopIteration:
            return
        raise RuntimeError("nothing here may wait")

    return microseconds(decide)
