"""Every check, made to see what it is for."""

from __future__ import annotations

import fcntl
from pathlib import Path

import msgspec
import pytest
import yaml

from api.doctor.checks import CHECKS
from api.doctor.checks.learner import FAIL_LAG_US, WARN_LAG_US
from api.doctor.disk_space import Space
from api.doctor.heartbeat import FILE, LOCK, SILENT_US, LineageBeat, read_heartbeat
from engine.snapshots import CURRENT, SnapshotStore
from features import plan as plans
from features.clock import wall_clock
from features.repository import plan_path

GIB = 1024**3
DAY_US = 86_400_000_000


def only(findings):
    [finding] = findings
    return finding


def worst(findings):
    return max(findings, key=lambda finding: ("ok", "warn", "fail").index(finding.status))


def change_plan(home: Path, **what) -> None:
    path = plan_path(home)
    plans.save(msgspec.structs.replace(plans.load(path), **what), path)


def change_heartbeat(home: Path, **what) -> None:
    beat = read_heartbeat(home)
    assert beat is not None
    (home / FILE).write_bytes(msgspec.json.encode(msgspec.structs.replace(beat, **what)))


@pytest.fixture
def learner_lock(home: Path):
    """Held as a learner would."""
    with (home / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_nothing_is_wrong_with_a_sound_home_but_that_it_is_stopped(home, diagnose):
    found = diagnose(home)
    assert {check for check, findings in found.items() if worst(findings).status != "ok"} == {"learner", "service"}
    assert all(worst(findings).status != "fail" for findings in found.values())


def test_every_check_speaks_and_says_how_to_mend_what_is_not_well(tmp_path, home, diagnose):
    for found in (diagnose(home), diagnose(tmp_path / "nowhere")):
        assert list(found) == [check.name for check in CHECKS]
        assert all(finding.mend for findings in found.values() for finding in findings if finding.status != "ok")


def test_an_invalid_configuration_is_named_line_by_line(home, diagnose, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("schema_version: 1\nbot: shop\nplacements: {}\n")
    findings = diagnose(home, settings={"config": path})["configuration"]
    assert any(f"{path}:line 3" in finding.what and finding.status == "fail" for finding in findings)
    assert only(diagnose(home, settings={"config": tmp_path / "none.yaml"})["configuration"]).status == "fail"


def test_a_home_that_anybody_may_write_is_a_warning(home, diagnose):
    home.chmod(0o777)
    assert only(diagnose(home)["home"]).status == "warn"


@pytest.mark.parametrize(
    ("space", "status"),
    [
        (Space(100 * GIB, 1_000_000), "ok"),
        (Space(100 * GIB, None), "ok"),
        (Space(GIB, 1_000_000), "warn"),
        (Space(GIB // 8, 1_000_000), "fail"),
        (Space(100 * GIB, 10), "fail"),
    ],
)
def test_a_disk_that_fills_is_told_before_it_is_full(home, diagnose, space, status):
    assert only(diagnose(home, space_at=lambda _: space)["disk"]).status == status


@pytest.mark.parametrize(("behind_us", "status"), [(0, "ok"), (5_000_000, "warn"), (DAY_US, "fail")])
def test_a_clock_that_was_set_back_shows_against_the_journal(home, diagnose, behind_us, status):
    newest_us = read_heartbeat(home).journal_time_us
    assert only(diagnose(home, clock=lambda: newest_us - behind_us)["clock"]).status == status


def test_jumps_that_running_processes_noticed_are_told(home, diagnose, samples_of, learner_lock):
    change_heartbeat(home, clock_jumps=2, clock_jump=(wall_clock(), -7_000_000))
    samples = samples_of(home, "maitred_clock_jumps_total 3")
    said = [finding.what for finding in diagnose(home, samples=samples)["clock"]]
    assert said == [
        "jumped 2 time(s) while the learner ran, last by -7.0 s",
        "jumped 3 time(s) while the service ran",
    ]


def test_a_plan_older_than_the_registry_is_a_warning_that_says_what_was_not_compared(home, diagnose):
    change_plan(home, registry_sha256="0" * 64)
    finding = only(diagnose(home)["plan"])
    assert finding.status == "warn"
    assert "was not compared" in finding.what


def test_a_plan_edited_by_hand_and_a_plan_without_its_registry_fail(home, diagnose, tmp_path):
    sound = plans.load(plan_path(home))
    change_plan(home, registry_path=str(tmp_path / "gone.db"))
    assert only(diagnose(home)["plan"]).status == "fail"
    plans.save(msgspec.structs.replace(sound, definitions_digest="0" * 64), plan_path(home))
    assert "changed by hand" in only(diagnose(home)["plan"]).what


def test_an_online_store_that_is_no_store_fails(home, diagnose, tmp_path):
    (tmp_path / "rows.db").write_bytes(b"no rows" * 1_000)
    change_plan(home, online_store=f"sqlite:///{tmp_path / 'rows.db'}")
    assert only(diagnose(home)["online-store"]).status == "fail"


def test_a_redis_that_does_not_answer_fails_without_its_password_being_told(home, diagnose, free_port):
    change_plan(home, online_store=f"redis://:secret@127.0.0.1:{free_port}/0")
    finding = only(diagnose(home)["online-store"])
    assert finding.status == "fail"
    assert f"127.0.0.1:{free_port}" in finding.what
    assert "secret" not in finding.what + finding.mend


def test_lost_keys_fail_only_beside_a_journal_that_needs_them(home, diagnose):
    (home / "keys.db").unlink()
    assert "is missing" in only(diagnose(home)["keys"]).what
    assert only(diagnose(home)["keys"]).status == "fail"
    (home / "journal.db").unlink()
    assert only(diagnose(home)["keys"]).status == "warn"


def test_keys_and_api_keys_that_others_may_read_fail(home, diagnose):
    (home / "keys.db").chmod(0o644)
    (home / "api_keys.json").write_text('{"version": 1, "keys": []}')
    (home / "api_keys.json").chmod(0o644)
    found = diagnose(home)
    assert worst(found["keys"]).mend == f"`chmod 600 {home / 'keys.db'}`"
    assert only(found["api-keys"]).status == "fail"


def test_a_stopped_learner_is_a_warning_and_fails_beside_a_running_service(home, diagnose, samples_of):
    assert only(diagnose(home)["learner"]).status == "warn"
    assert only(diagnose(home, samples=samples_of(home))["learner"]).status == "fail"


def test_a_learner_is_told_apart_as_running_hanging_restoring_and_dead(home, diagnose, learner_lock):
    now_us = read_heartbeat(home).time_us
    change_heartbeat(home, state="learning")
    assert only(diagnose(home, clock=lambda: now_us)["learner"]).status == "ok"
    assert "silent" in worst(diagnose(home, clock=lambda: now_us + SILENT_US + 1)["learner"]).what
    change_heartbeat(home, state="restoring")
    assert only(diagnose(home, clock=lambda: now_us + SILENT_US + 1)["learner"]).status == "warn"
    (home / LOCK).unlink()
    change_heartbeat(home, state="learning")
    assert "died" in only(diagnose(home)["learner"]).what


@pytest.mark.parametrize(("lag_us", "status"), [(0, "ok"), (WARN_LAG_US + 1, "warn"), (FAIL_LAG_US + 1, "fail")])
def test_a_learner_that_lags_says_by_how_much(home, diagnose, learner_lock, lag_us, status):
    end = read_heartbeat(home)
    now_us = end.journal_time_us + lag_us
    change_heartbeat(home, state="learning", position=end.position - 1, time_us=now_us)
    finding = worst(diagnose(home, clock=lambda: now_us)["learner"])
    assert finding.status == status
    assert ("1 records behind" in finding.what) == (status != "ok")


def test_what_a_learner_could_not_do_is_told(home, diagnose, learner_lock):
    refused = LineageBeat(id="l", settled_position=0, learned=0, refused=3)
    change_heartbeat(home, state="learning", trouble="disk full", due=4, lineages={"greeting": refused})
    said = " ".join(f"{finding.status} {finding.what}" for finding in diagnose(home)["learner"])
    assert "fail its last step failed: disk full" in said
    assert "warn 4 decisions are over and not settled" in said
    assert "greeting: 3" in said


def test_a_truncated_and_a_missing_model_file_fail(home, diagnose):
    model = next((home / "snapshots" / "greeting").glob("*.model"))
    model.write_bytes(model.read_bytes()[:-1])
    assert "not what its manifest says" in only(diagnose(home)["models"]).what
    model.unlink()
    assert "cannot be read" in only(diagnose(home)["models"]).what
    assert only(diagnose(home)["models"]).status == "fail"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"encoder_version": "e0-other"}, "encoder"),
        ({"params": {"max_actions": 7}}, "another policy"),
        ({"vw_version": "8.0.0"}, "Vowpal Wabbit 8.0.0"),
    ],
)
def test_a_model_of_another_configuration_is_not_taken_for_the_present_one(home, diagnose, change, words):
    manifest = SnapshotStore(home / "snapshots").current("greeting")
    current = home / "snapshots" / "greeting" / CURRENT
    current.write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, **change)))
    finding = only(diagnose(home)["models"])
    assert finding.status == "warn"
    assert words in finding.what


def test_a_model_from_beyond_the_end_of_the_journal_fails(home, diagnose):
    manifest = SnapshotStore(home / "snapshots").current("greeting")
    current = home / "snapshots" / "greeting" / CURRENT
    current.write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, published_position=1_000_000)))
    finding = only(diagnose(home)["models"])
    assert finding.status == "fail"
    assert "the journal ends at" in finding.what


def test_a_standby_is_no_learner_that_hangs_and_its_lag_is_not_told(home, diagnose, learner_lock):
    now_us = read_heartbeat(home).time_us
    change_heartbeat(home, state="standby", waits_for="another machine", position=0)
    finding = only(diagnose(home, clock=lambda: now_us)["learner"])
    assert (finding.status, "another machine learns" in finding.what) == ("ok", True)


def test_a_learner_that_does_not_publish_what_it_learned_fails(home, diagnose):
    beat = read_heartbeat(home)
    ahead = msgspec.structs.replace(beat.lineages["greeting"], settled_position=beat.position, learned=9)
    later_us = beat.time_us + DAY_US
    change_heartbeat(home, state="learning", time_us=later_us, lineages={"greeting": ahead})
    assert "is not published" in worst(diagnose(home)["models"]).what


def test_a_placement_without_a_model_is_a_warning_and_one_that_cannot_learn_is_none(home, diagnose, tmp_path):
    for file in (home / "snapshots" / "greeting").iterdir():
        file.unlink()
    assert only(diagnose(home)["models"]).status == "warn"


def test_a_bot_that_does_not_learn_needs_no_model(home, diagnose, tmp_path, learning_config):
    config = yaml.safe_load(learning_config.read_text())
    config["placements"]["greeting"]["policy"] = {"name": "uniform"}
    path = tmp_path / "uniform.yaml"
    path.write_text(yaml.safe_dump(config))
    assert only(diagnose(home, settings={"config": path})["models"]).status == "ok"
