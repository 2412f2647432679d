"""The health of a deployment on ``/metrics``, looked at when it is asked; and ``HEAD`` for probes."""

from __future__ import annotations

import fcntl
import math
import shutil
import statistics
import time
from pathlib import Path

import msgspec
import pytest

from api.doctor.currency import Currency
from api.doctor.disk_space import Space
from api.doctor.heartbeat import FILE, LOCK, SILENT_US, Heartbeat, LineageBeat, living
from api.doctor.scrape import home_digest, parse
from api.settings import EXAMPLE_CONFIG
from engine.models import COLD
from features import plan as plans
from features.clock import wall_clock
from features.repository import plan_path

MOST_SECONDS = 0.005


def beat(position: int = 0, **what) -> bytes:
    fields = {"pid": 1, "state": "learning", "started_us": 0, "time_us": wall_clock(), "journal_time_us": 0}
    counts = dict.fromkeys(("open", "due", "late", "orphans", "clock_jumps"), 0)
    return msgspec.json.encode(
        Heartbeat(**{**fields, **counts, "position": position, "lineages": {}, "clock_jump": None, **what})
    )


@pytest.fixture
def vitals(own_edge):
    """Takes the gauges and reads them back as a scraper would."""

    def take():
        own_edge.service.vitals.take(own_edge.service.metrics)
        return parse(own_edge.service.metrics.text().decode())

    return take


@pytest.fixture
def home(own_edge) -> Path:
    path: Path = own_edge.service.settings.home
    return path


def test_a_fresh_service_says_that_nobody_learns_and_how_much_is_unread(own_edge, vitals, home):
    samples = vitals()
    assert samples.value("maitred_service_info", version="0.1.0", home=home_digest(home)) == 1
    assert samples.value("maitred_learner_alive") == 0
    assert samples.value("maitred_learner_lag_records") == own_edge.service.journal.last_position() > 0
    assert samples.value("maitred_learner_lag_seconds") >= 0
    assert samples.value("maitred_plan_current") == 1
    assert samples.value("maitred_configuration_current") == 1
    assert samples.value("maitred_disk_free_bytes") > 0
    assert samples.total("maitred_model_refused") == 0


def test_the_route_tells_them_too(own_edge):
    assert "maitred_learner_alive 0.0" in own_edge.send("GET", "/metrics").text


def test_a_learner_is_alive_while_it_holds_its_lock_and_is_heard(own_edge, vitals, home):
    with (home / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert vitals().value("maitred_learner_alive") == 1
        (home / FILE).write_bytes(beat(own_edge.service.journal.last_position()))
        samples = vitals()
        assert samples.value("maitred_learner_alive") == 1
        assert samples.value("maitred_learner_lag_records") == 0
        assert samples.value("maitred_learner_lag_seconds") == 0
        (home / FILE).write_bytes(beat(time_us=wall_clock() - SILENT_US - 1))
        assert vitals().value("maitred_learner_alive") == 0
    assert vitals().value("maitred_learner_alive") == 0


def test_where_only_a_standby_is_heard_a_learner_is_alive_and_its_lag_is_not_known(vitals, home):
    (home / FILE).write_bytes(beat(state="standby", waits_for="another machine"))
    with living(home):
        samples = vitals()
    assert samples.value("maitred_learner_alive") == 1
    assert math.isnan(samples.value("maitred_learner_lag_records"))
    assert math.isnan(samples.value("maitred_learner_lag_seconds"))


def test_settlements_that_were_refused_are_told_per_placement(vitals, home):
    refused = LineageBeat(id="l", settled_position=1, learned=0, refused=4)
    (home / FILE).write_bytes(beat(lineages={"offer": refused}))
    samples = vitals()
    assert samples.value("maitred_refused_settlements", placement="offer") == 4
    assert samples.value("maitred_refused_settlements", placement="greeting") == 0


def test_the_age_of_a_model_is_told_from_its_manifest(own_edge, vitals, home, healthy_home):
    shutil.copytree(healthy_home / "snapshots", home / "snapshots")
    placement = own_edge.service.decider.placements["greeting"]
    assert placement.served.version == COLD
    assert vitals().value("maitred_model_age_seconds", placement="greeting") is None
    own_edge.service.models.refresh()
    assert placement.served.version != COLD
    age = vitals().value("maitred_model_age_seconds", placement="greeting")
    shutil.rmtree(home / "snapshots")
    assert 0 < age <= vitals().value("maitred_model_age_seconds", placement="greeting"), "pruned while it serves"


def test_a_model_that_cannot_be_served_is_told(own_edge, vitals, home):
    current = home / "snapshots" / "greeting" / "CURRENT.json"
    current.parent.mkdir(parents=True)
    current.write_text("no manifest")
    own_edge.service.models.refresh()
    assert vitals().value("maitred_model_refused", placement="greeting") == 1


def test_what_cannot_be_known_is_not_a_number_and_the_rest_is_told(own_edge, vitals, home):
    (home / FILE).write_bytes(b"\xff{")
    (home / LOCK).mkdir()
    plan_path(home).write_bytes(b"\xff")
    own_edge.service.journal.close()
    samples = vitals()
    for unknown in ("maitred_plan_current", "maitred_learner_lag_records", "maitred_learner_lag_seconds"):
        assert math.isnan(samples.value(unknown))
    assert samples.value("maitred_disk_free_bytes") > 0
    assert own_edge.send("GET", "/metrics").status_code == 200


def test_free_space_is_that_of_the_home(own_edge, vitals):
    own_edge.service.vitals.space_at = lambda _: Space(123, None)
    assert vitals().value("maitred_disk_free_bytes") == 123


def test_taking_them_costs_less_than_a_decision_may(vitals, own_edge, home):
    (home / FILE).write_bytes(beat())
    own_edge.service.vitals.take(own_edge.service.metrics)
    took = []
    for _ in range(50):
        started = time.perf_counter()
        own_edge.service.vitals.take(own_edge.service.metrics)
        took.append(time.perf_counter() - started)
    assert statistics.median(took) < MOST_SECONDS


def test_another_content_makes_a_configuration_old_and_a_touch_does_not(tmp_path, feast_home):
    config = Path(shutil.copy(EXAMPLE_CONFIG, tmp_path))
    currency = Currency(config, plan_path(feast_home), plans.load(plan_path(feast_home)))
    assert currency.configuration()
    config.touch()
    assert currency.configuration()
    text = config.read_text()
    config.write_text(text + "# changed\n")
    assert not currency.configuration()
    config.write_text(text)
    assert currency.configuration()


def test_a_plan_is_current_while_it_says_the_same_and_the_registry_is_the_one_it_says(tmp_path, feast_home):
    path = tmp_path / "plan.json"
    registry = Path(shutil.copy(plans.load(plan_path(feast_home)).registry_path, tmp_path))
    plan = msgspec.structs.replace(
        plans.load(plan_path(feast_home)), registry_path=str(registry), registry_sha256=plans.sha256_of(registry)
    )
    plans.save(plan, path)
    currency = Currency(EXAMPLE_CONFIG, path, plan)
    assert currency.plan()
    registry.write_bytes(registry.read_bytes() + b"\n")
    assert not currency.plan()
    plans.save(msgspec.structs.replace(plan, registry_sha256=plans.sha256_of(registry)), path)
    assert currency.plan(), "compiled anew, with the same definitions"
    other = msgspec.structs.replace(plan.definitions, services={})
    plans.save(
        msgspec.structs.replace(
            plan, definitions=other, definitions_digest=other.digest, registry_sha256=plans.sha256_of(registry)
        ),
        path,
    )
    assert not currency.plan(), "compiled anew, with others than are served"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_may_ask_with_head(own_edge, path):
    assert own_edge.send("HEAD", path).status_code == 200


def test_a_service_that_warms_up_says_so_to_head(own_edge):
    own_edge.service.ready = False
    assert own_edge.send("HEAD", "/readyz").status_code == 503
    assert own_edge.send("HEAD", "/healthz").status_code == 200
    own_edge.service.ready = True
