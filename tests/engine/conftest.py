"""What the engine's tests share: a small bot, whole but for disk and Feast, and a clock that only moves when told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.announce import announce
from engine.catalog import Catalogue
from engine.choose import Served
from engine.config import ActionSpec, PlacementSpec, PolicySpec, PrivacySpec, RewardSpec, TrafficSpec
from engine.decide import Decider
from engine.encode.base import Encoder
from engine.encode.standard import StandardEncoder, StandardSpec
from engine.errors import JournalError
from engine.feedback import Feedback, Outcome
from engine.journal.base import Appended, Stored
from engine.journal.lookup import InlineLookup
from engine.journal.memory import ImmediateCommits, MemoryJournal
from engine.learn import Learner
from engine.models import cold
from engine.orders import Orders
from engine.placement import Placement
from engine.policies.base import Policy
from engine.privacy import Vault
from engine.records.keys import KeyTable
from engine.records.schema import AnyRecord, DecisionRecord, PersonalPart
from engine.snapshots import SnapshotStore
from engine.tenure import Tenure
from engine.types import Decision, DecisionRequest
from features.assemble import Assembler
from features.declared import VIEWS, features_of
from features.memory import MemoryStore
from features.plan import Definitions, Plan, PlannedView
from features.state import StateWriter
from features.tags import planned, tags_of
from features.vector import Scalar
from tests.rows import put

NOON_US = 1_789_992_000_000_000  # 2026-09-21 12:00 UTC
FLAGS = "--cb_explore_adf --squarecb --gamma_scale 10 --epsilon 0.02 -l 1 -q SA -b 12"
CHAMPION = TrafficSpec(champion=1.0, random=0.0, control=0.0)
REWARD = RewardSpec(metrics={"click": 1.0}, window="5s", grace="1s", aggregation="sum")

GREETING = PlacementSpec(
    reward=REWARD,
    baseline="plain",
    fallback={"en": "Good day."},
    actions=(
        ActionSpec(id="plain", templates={"en": "Hello!"}, features={"tone": "neutral"}),
        ActionSpec(id="named", templates={"en": "Hey {{ user.first_name }}!"}, features={"tone": "casual"}),
        ActionSpec(id="gold", templates={"en": "Welcome back!"}, eligible="user.tier == 'gold'"),
        ActionSpec(id="shared", templates={"en": "Look!"}, features={"tone": "casual", "worth": 3}),
    ),
    policy=PolicySpec(params={"flags": FLAGS}),
    traffic=CHAMPION,
    epsilon=0.2,
)
OFFER = msgspec.structs.replace(
    GREETING,
    baseline="shared",
    actions=(
        ActionSpec(id="shared", templates={"en": "An offer!"}),
        ActionSpec(id="coupon", templates={"en": "10 % off"}, cost=0.25),
    ),
)


class Clock:
    """Microseconds since the epoch; time passes by ``advance`` alone."""

    def __init__(self) -> None:
        self.now_us = NOON_US

    def __call__(self) -> int:
        return self.now_us

    def advance(self, seconds: float) -> None:
        self.now_us += round(seconds * 1e6)


class OutageJournal(MemoryJournal):
    """A journal whose calls of the kinds in ``down`` fail, as those of a full or unreachable disk do."""

    def __init__(self, clock: Callable[[], int]) -> None:
        super().__init__(clock)
        self.down: set[str] = set()

    def append(self, records: Any, *, fence: int | None = None) -> list[Appended]:
        self._refuse_if_down("append")
        return super().append(records, fence=fence)

    def find(self, kind: str, key: str) -> Stored | None:
        self._refuse_if_down("find")
        return super().find(kind, key)

    def _refuse_if_down(self, call: str) -> None:
        if call in self.down:
            raise JournalError(f"{call}: the disk is gone")


class WatchedStore(MemoryStore):
    """Remembers which entities were asked for; ``meanwhile`` happens while a read is under way."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.asked: list[dict[str, str]] = []
        self.meanwhile: Callable[[], object] = lambda: None

    async def read(self, keys: Mapping[str, str]) -> Any:
        self.asked.append(dict(keys))
        rows = await super().read(keys)
        self.meanwhile()
        return rows


class Bot:
    """A deployment in one object. Everything is the engine's own; nothing is on disk but keys and snapshots."""

    def __init__(self, folder: Path, plan: Plan, specs: Mapping[str, PlacementSpec], privacy: PrivacySpec) -> None:
        self.folder = folder
        self.specs = dict(specs)
        self.clock = Clock()
        self.journal = OutageJournal(self.clock)
        self.store = WatchedStore(self.clock)
        self.keys = KeyTable(folder / "keys.db", recheck_s=0.0)
        self.vault = Vault(self.keys)
        self.sealer = self.vault.sealer
        self.encoder = StandardEncoder(StandardSpec.of(plan))
        self.snapshots = SnapshotStore(folder / "snapshots")
        self.placements = {name: self._placement(name, spec, plan) for name, spec in specs.items()}
        announce(self.journal, specs, self.encoder)
        self.use(self.journal, ImmediateCommits(self.journal), privacy)

    def use(self, journal: Any, commits: Any, privacy: PrivacySpec | None = None) -> None:
        """Decide and take feedback through this journal."""
        states = StateWriter(self.store, self.clock)
        shared: dict[str, Any] = {
            "lookup": InlineLookup(journal),
            "commits": commits,
            "vault": self.vault,
            "states": states,
            "privacy": privacy or PrivacySpec(),
        }
        self.decider = Decider(placements=self.placements, features=self.store, clock=self.clock, **shared)
        self.feedback = Feedback(**shared)

    def ask(self, placement: str = "greeting", session_id: str = "s", **fields: Any) -> Decision:
        request = DecisionRequest(placement, session_id, **fields)
        return asyncio.run(self.decider.decide(request))

    def turn(self, turn_id: str, *placements: str, **fields: Any) -> list[Decision]:
        id_of = self.decider.turn_decision_id
        requests = [DecisionRequest(p, "s", decision_id=id_of("s", turn_id, p), **fields) for p in placements]
        return asyncio.run(self.decider.decide_turn(requests))

    def tell(self, decision_id: str, value: float = 1.0, **fields: Any) -> int:
        return asyncio.run(self.feedback.outcomes([Outcome(decision_id, "click", value, **fields)]))

    def profile(self, user_id: str, **values: Scalar) -> None:
        assert asyncio.run(put(self.store, "user_profile", user_id, values, timestamp_us=self.clock()))

    def encode_by(self, encoder: Encoder) -> None:
        """Encode in another way from now on, as after a release that changes the schema."""
        self.encoder = encoder
        for placement in self.placements.values():
            placement.served = replace(placement.served, encoder=encoder)
        announce(self.journal, self.specs, encoder)

    def serve(self, policy: Policy, version: str = "v1", placement: str = "greeting") -> None:
        self.placements[placement].served = Served(policy, version, self.encoder)

    def records(self, kind: type[Any] = DecisionRecord) -> list[Any]:
        stored = self.journal.read(0, 1_000_000)
        return [each.record for each in stored if isinstance(each.record, kind)]

    def personal(self, record: DecisionRecord) -> PersonalPart:
        return self.sealer.open(record.key_ref, record.sealed, PersonalPart, record.id.encode())

    def learner(self, *, holder: str = "learner", **other: Any) -> Learner:
        parts = {
            "journal": self.journal,
            "snapshots": self.snapshots,
            "sealer": self.sealer,
            "clock": self.clock,
            "pace": self.clock,
            "publish_every_us": 0,
            **other,
        }
        learner = Learner(**{"tenure": Tenure(parts["journal"], holder, clock=parts["pace"]), **parts})
        assert learner.tenure.take() == learner.tenure.holder
        learner.restore()
        return learner

    @property
    def orders(self) -> Orders:
        return Orders(self.journal, self.snapshots, self.clock)

    def settle(self, learner: Learner) -> None:
        """Let every window close and the learner do all it has to do."""
        self.clock.advance(10)
        for _ in range(4):
            while learner.step():
                pass

    def copy(self, change: Callable[[Stored], AnyRecord | None]) -> MemoryJournal:
        """The journal with every record changed, or left out where ``change`` gives ``None``; times stay."""
        kept = [(each.time_us, change(each)) for each in self.journal.read(0, 1_000_000)]
        times = iter([time_us for time_us, record in kept if record is not None])
        journal = MemoryJournal(lambda: next(times))
        for _, record in kept:
            if record is not None:
                journal.append([record])
        return journal

    def _placement(self, name: str, spec: PlacementSpec, plan: Plan) -> Placement:
        catalogue = Catalogue(name, spec, self.encoder.action, "en")
        return Placement(name, catalogue, Assembler(plan, None), cold(spec.policy, self.encoder))


@pytest.fixture(scope="session")
def declared_plan() -> Plan:
    """The plan that Feast's registry would give, made from the same declarations."""
    views = tuple(
        PlannedView(
            name=view.name,
            kind=view.kind,
            join_key=view.join_key,
            ttl_us=0 if view.ttl is None else round(view.ttl.total_seconds() * 1e6),
            features=tuple(
                planned(view.name, f.name, f.type, {tag: json.dumps(value) for tag, value in tags_of(f).items()})
                for f in features_of(view.name)
            ),
        )
        for view in VIEWS
    )
    definitions = Definitions(project="shop", views=views, services={})
    return Plan(
        definitions=definitions,
        online_store="",
        repository="",
        home="",
        registry_path="",
        registry_sha256="",
        definitions_digest=definitions.digest,
    )


@pytest.fixture
def make_bot(tmp_path: Path, declared_plan: Plan) -> Iterator[Callable[..., Bot]]:
    """Makes a bot; keyword arguments change the specification of its ``greeting``."""
    made: list[Bot] = []

    def make(*, privacy: PrivacySpec | None = None, **changes: Any) -> Bot:
        folder = tmp_path / f"bot{len(made)}"
        folder.mkdir()
        specs = {"greeting": msgspec.structs.replace(GREETING, **changes), "offer": OFFER}
        made.append(Bot(folder, declared_plan, specs, privacy or PrivacySpec()))
        return made[-1]

    yield make
    for each in made:
        each.keys.close()


@pytest.fixture
def bot(make_bot: Callable[..., Bot]) -> Bot:
    """Everybody follows the policy; consent is required."""
    return make_bot()
