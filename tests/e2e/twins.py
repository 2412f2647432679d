"""Two services with the same secrets and the same good customers; one of them will also meet bad ones."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from engine.privacy import Vault
from engine.records.codec import decode
from engine.records.keys import KeyTable
from engine.records.schema import SettlementRecord
from engine.snapshots import SnapshotStore, fingerprint
from features import plan
from tests.e2e.bad_inputs import COMPARED

SQLITE = "sqlite:///"
METRICS = {"greeting": "continued", "offer": "accepted"}
CUSTOMERS = ("ada", "ben", None)
OF_THE_CLOCK = ("local_time.", "return_visit.", "purchase_history.", "shown_lately.", "session_pace.")
SETTLED_SECONDS = 60.0
SAME = ("placement", "action", "propensity", "ranking", "policy", "group", "reason", "degraded", "recorded")


@dataclass(slots=True)
class Twins:
    """``calm`` gets good requests only; ``hostile`` the same and others. Deployments as in ``conftest``."""

    calm: Any
    hostile: Any
    asked: list[str] = field(default_factory=list)

    def good_turn(self) -> None:
        """The next good customer asks both and tells both what came of it; the answers must not differ."""
        number = len(self.asked)
        decision_id, placement, customer = f"good-{number}", COMPARED[number % 2], CUSTOMERS[number % 3]
        asked = {
            "session_id": f"good-session-{number // 4}",
            "decision_id": decision_id,
            "user_id": customer,
            "consent": customer is not None,
            "context": {"channel": "web" if number % 5 else "app", "intent_confidence": number % 7 / 7},
        }
        first, second = (twin.ask(placement, **asked) for twin in (self.calm, self.hostile))
        different = [name for name in SAME if first[name] != second[name]]
        assert not different, f"{decision_id}: {different} differ: {first} {second}"
        for twin in (self.calm, self.hostile):
            twin.tell(decision_id, METRICS[placement], float(number % 3 == 0), outcome_id=f"good-outcome-{number}")
        self.asked.append(decision_id)

    def settle(self) -> None:
        """Until both have learned from every good decision, and serve what they learned."""
        for twin in (self.calm, self.hostile):
            twin.wait_for(lambda twin=twin: self._is_settled(twin), SETTLED_SECONDS)

    def learned(self, twin: Any) -> dict[str, list[tuple[int, str]]]:
        """Placement → journal position and decision of all that was learned, in order."""
        settled: dict[str, list[tuple[int, str]]] = {}
        for position, record in _settlements(twin.home):
            if record.learn:
                settled.setdefault(record.placement, []).append((position, record.decision_id))
        return settled

    def serves_what_it_learned(self, twin: Any) -> bool:
        """Whether every placement is served by the model that has its newest settlement."""
        models = twin.client.get("/readyz").json()["models"]
        return all(models[name].endswith(f".{last[-1][0]}") for name, last in self.learned(twin).items())

    def _is_settled(self, twin: Any) -> bool:
        learned = {id for decisions in self.learned(twin).values() for _, id in decisions}
        return learned >= set(self.asked) and self.serves_what_it_learned(twin)


def make_twins(folder: Path, make: Callable[..., Any], feast_home: Path, config: Path) -> Twins:
    """Both are stopped yet. They share the salts, so that they draw alike; and nothing that can be written."""
    calm, hostile = (make(folder / name, config=config) for name in ("calm", "hostile"))
    keys = KeyTable(calm.home / "keys.db")
    Vault(keys)
    keys.close()
    _copy_database(calm.home / "keys.db", hostile.home / "keys.db")
    for twin in (calm, hostile):
        _own_features(feast_home, twin.home)
    return Twins(calm, hostile)


def model_files(home: Path) -> dict[str, bytes]:
    """Placement → bytes of the published model."""
    store = SnapshotStore(home / "snapshots")
    manifests = [store.current(name) for name in COMPARED]
    return {found.placement: store.path(found).read_bytes() for found in manifests if found is not None}


def fingerprints(home: Path) -> dict[str, str]:
    """Placement → fingerprint of the published model, loaded."""
    store = SnapshotStore(home / "snapshots")
    manifests = [store.current(name) for name in COMPARED]
    return {found.placement: fingerprint(store.load(found)) for found in manifests if found is not None}


def _own_features(feast_home: Path, home: Path) -> None:
    """A copy of the online rows, and services that read no clock: the twins are asked one after the other."""
    shared = plan.load(feast_home / "features" / "plan.json")
    rows = Path(shared.online_store.removeprefix(SQLITE))
    _copy_database(rows, home / "features" / rows.name)
    services = {
        name: tuple(feature for feature in features if not feature.startswith(OF_THE_CLOCK))
        for name, features in shared.definitions.services.items()
    }
    definitions = msgspec.structs.replace(shared.definitions, services=services)
    own = msgspec.structs.replace(
        shared,
        definitions=definitions,
        definitions_digest=definitions.digest,
        online_store=f"{SQLITE}{home / 'features' / rows.name}",
    )
    plan.save(own, home / "features" / "plan.json")


def _copy_database(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
    shutil.copymode(source, target)


def _settlements(home: Path) -> list[tuple[int, SettlementRecord]]:
    with sqlite3.connect(home / "journal.db") as journal:
        rows = journal.execute(
            "SELECT position, body FROM records WHERE kind = 'settlement' ORDER BY position"
        ).fetchall()
    records = [(position, decode(body)) for position, body in rows]
    return [(position, record) for position, record in records if isinstance(record, SettlementRecord)]
