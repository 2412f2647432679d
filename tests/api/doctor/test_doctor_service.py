"""What a running service adds: readiness, what it serves, what it refuses and what it lacks."""

from __future__ import annotations

from itertools import repeat
from pathlib import Path

import httpx
import pytest

from api.doctor.patient import Patient
from api.doctor.scrape import Samples, parse, scrape
from api.settings import Settings
from engine.quarantine_file import Quarantined, QuarantineFile

URL = "http://service"
INFO = 'maitred_service_info{version="0",home="h"} 1\n'


def only(findings):
    [finding] = findings
    return finding


def asked(metrics: httpx.Response, *, ready: int = 200) -> httpx.MockTransport:
    """A service that answers with this."""
    return httpx.MockTransport(lambda request: metrics if request.url.path == "/metrics" else httpx.Response(ready))


def test_metrics_are_read_with_the_key_that_was_given():
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization"))
        return httpx.Response(200, text=INFO)

    service = scrape(URL, "k", httpx.MockTransport(answer))
    assert (service.trouble, service.ready) == ("", True)
    assert set(seen) == {"Bearer k"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(401), "API key"),
        (httpx.Response(403), "API key"),
        (httpx.Response(500), "500"),
        (httpx.Response(200, text="<html>{ 1 } }{ a{b"), "no maitred"),
        (httpx.Response(200, content=b"\xff\x00\x01"), "no maitred"),
        (httpx.Response(200, text="up 1\n"), "no maitred"),
    ],
)
def test_what_is_no_service_of_ours_is_said_and_not_believed(answer, words):
    service = scrape(URL, transport=asked(answer))
    assert words in service.trouble
    assert service.samples == Samples()


@pytest.mark.parametrize("url", ["http://" + "a" * 300, "http://127.0.0.1:1", "nonsense", "http://[", "ftp://x"])
def test_a_url_where_nothing_answers_is_said(url):
    assert scrape(url).trouble


def test_an_answer_without_end_is_given_up():
    endless = httpx.Response(200, content=repeat(b"a_metric 1\n" * 10_000))
    assert "nothing answers (ReadError)" in scrape(URL, transport=asked(endless)).trouble


def test_the_service_of_another_home_is_not_taken_for_this_one(tmp_path: Path):
    service = scrape(URL, transport=asked(httpx.Response(200, text=INFO)))
    patient = Patient(Settings(home=tmp_path), lambda: service)
    assert patient.samples is None


def test_a_service_that_runs_with_older_files_is_told_to_restart(home, diagnose, samples_of):
    samples = samples_of(home, "maitred_configuration_current 0", "maitred_plan_current 0")
    said = [(finding.status, finding.what) for finding in diagnose(home, samples=samples)["service"]]
    assert [status for status, _ in said] == ["ok", "warn", "warn"]
    assert "older configuration" in said[1][1]
    assert "feature plan" in said[2][1]
    assert only(diagnose(home, samples=samples_of(home, "maitred_plan_current NaN"))["service"]).status == "ok"


@pytest.mark.parametrize(
    ("problems", "status"),
    [
        ({}, "ok"),
        ({"invalid-body": 1}, "ok"),
        ({"invalid-body": 30, "too-large": 2}, "warn"),
        ({"internal": 1}, "warn"),
        ({"journal-unavailable": 1}, "warn"),
    ],
)
def test_refusals_are_listed_by_type_and_weighed_by_their_share(home, diagnose, samples_of, problems, status):
    lines = [f'maitred_problems_total{{type="{name}"}} {count}' for name, count in problems.items()]
    finding = only(diagnose(home, samples=samples_of(home, "maitred_outcomes_total 1000", *lines))["refusals"])
    assert finding.status == status
    assert all(f"{name}: {count}" in finding.what for name, count in problems.items())


@pytest.mark.parametrize(("degraded", "status"), [(0, "ok"), (1, "ok"), (20, "warn"), (600, "fail")])
def test_degraded_answers_are_weighed_by_their_share(home, diagnose, samples_of, degraded, status):
    decided = 'maitred_decisions_total{placement="greeting",group="champion",reason="policy"} 1000'
    missing = f'maitred_degraded_total{{part="features"}} {degraded}'
    assert only(diagnose(home, samples=samples_of(home, decided, missing))["degraded"]).status == status


def test_late_and_orphaned_outcomes_are_a_warning_where_there_are_many(home, diagnose, samples_of):
    from api.doctor.heartbeat import FILE

    path = home / FILE
    for late, orphans, words in ((90, 0, "report sooner"), (0, 90, "decision_id"), (1, 1, "")):
        text = path.read_text()
        path.write_text(text.replace('"late":0,"orphans":0', f'"late":{late},"orphans":{orphans}'))
        finding = only(diagnose(home, samples=samples_of(home, "maitred_outcomes_total 1000"))["outcomes"])
        assert words in finding.mend
        assert finding.status == ("warn" if words else "ok")
        path.write_text(text)


def test_the_quarantine_is_summed_by_place_and_reason(home, diagnose):
    now_us = 1_800_000_000_000_000
    file = QuarantineFile(home / "quarantine.db")
    for where, subject, count in (("learning", "greeting", 2), ("learning", "offer", 3), ("request", "/v1/x", 7)):
        entry = Quarantined(where=where, subject=subject, reason="unsafe", count=count, first_us=now_us, last_us=now_us)
        file.add([entry])
    file.close()
    findings = diagnose(home, clock=lambda: now_us + 60_000_000)["quarantine"]
    assert [(each.status, each.what) for each in findings] == [
        ("warn", "learning: unsafe, 5 time(s), last 1.0 min ago"),
        ("ok", "request: unsafe, 7 time(s), last 1.0 min ago"),
    ]


def test_labels_are_summed_and_the_largest_comes_first():
    samples = parse('a_total{x="1",y="1"} 1\na_total{x="2",y="1"} 5\na_total{x="1",y="2"} 2\n')
    assert samples.by("a_total", "x") == {"2": 5.0, "1": 3.0}
    assert samples.total("a_total") == 8.0
    assert samples.value("a_total", x="2", y="1") == 5.0
    assert samples.value("a_total", x="3") is None
