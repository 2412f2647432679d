"""Several workers, one scrape: sums of counts, the worst of the live ones' gauges, and no count lost with a worker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from api.children import METRICS_FOLDER
from api.doctor.scrape import Samples, parse
from api.metrics import Metrics
from api.shared_metrics import FILE_BYTES, FILES, GREATEST, LAST, LEAST
from api.supervisor import forget_gauges

WORKER = """
import sys
from api import shared_metrics
shared_metrics.share(int(sys.argv[1]))
from api.metrics import Metrics
from engine.refusal import Refusal
metrics = Metrics()
metrics.outcomes.inc(float(sys.argv[2]))
metrics.latency.labels("decisions").observe(0.003)
metrics.settled_position.labels("greeting").set(float(sys.argv[3]))
metrics.model_refused.labels("greeting").set(float(sys.argv[3]) < 100)
metrics.disk_free.set(float(sys.argv[3]))
metrics.count_refusal(Refusal("request", "x", "invalid-body", None))
metrics.gathered.refused_learning = {"forgotten": 5}
metrics.gathered.restarts = {"worker 1": 2}
print(metrics.text().decode())
"""

Work = Callable[[int, float, float], Samples]


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """Runs a worker that counts outcomes, sets the position of its model, and then tells what it knows of all."""

    def run(number: int, outcomes: float, position: float) -> Samples:
        command = [sys.executable, "-c", WORKER, str(number), str(outcomes), str(position)]
        environment = {**os.environ, METRICS_FOLDER: str(tmp_path)}
        return parse(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)

    return run


def test_any_worker_tells_the_sums_and_the_worst(work):
    work(1, 3, 500)
    work(2, 4, 90)
    samples = work(3, 5, 700)
    assert samples.value("maitred_outcomes_total") == 12
    assert samples.value("maitred_request_seconds_count", route="decisions") == 3
    assert samples.value("maitred_request_seconds_bucket", route="decisions", le="0.005") == 3
    assert samples.value("maitred_model_settled_position", placement="greeting") == 90
    assert samples.value("maitred_model_refused", placement="greeting") == 1
    assert samples.value("maitred_disk_free_bytes") == 700, "what was seen last"


def test_what_is_known_of_the_whole_deployment_is_not_multiplied_by_its_workers(work):
    work(1, 0, 0)
    samples = work(2, 0, 0)
    assert samples.by("maitred_quarantined_total", "where") == {"learning": 5, "request": 2}
    assert samples.value("maitred_child_restarts_total", child="worker 1") == 2


def test_a_workers_successor_counts_on_and_there_are_never_more_files_than_workers(work, tmp_path):
    for _ in range(3):
        samples = work(1, 2, 100)
    assert samples.value("maitred_outcomes_total") == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}_1.db" for name in FILES)


def test_a_dead_workers_gauges_go_and_its_counts_stay(work, tmp_path):
    work(1, 3, 10)
    forget_gauges(tmp_path, 1)
    samples = work(2, 4, 500)
    assert samples.value("maitred_model_settled_position", placement="greeting") == 500
    assert samples.value("maitred_outcomes_total") == 7


def test_files_have_their_blocks_so_that_a_full_disk_kills_nobody(work, tmp_path):
    work(1, 3, 10)
    for path in tmp_path.iterdir():
        status = path.stat()
        assert status.st_size == FILE_BYTES
        assert status.st_blocks * 512 >= FILE_BYTES


def test_every_gauge_says_whose_value_is_told_and_has_a_file():
    modes = {
        metric._multiprocess_mode for metric in vars(Metrics()).values() if getattr(metric, "_type", "") == "gauge"
    }
    assert modes <= {LAST, LEAST, GREATEST}
    assert {f"gauge_{mode}" for mode in modes} <= set(FILES)
    assert {getattr(m, "_type", "counter") for m in vars(Metrics()).values()} <= {"counter", "gauge", "histogram"}


def test_one_process_alone_tells_its_own_and_what_is_on_disk():
    metrics, other = Metrics(), Metrics()
    metrics.outcomes.inc(2)
    other.outcomes.inc(5)
    metrics.gathered.refused_learning = {"forgotten": 1}
    samples = parse(metrics.text().decode())
    assert samples.value("maitred_outcomes_total") == 2
    assert samples.by("maitred_quarantined_total", "where") == {"learning": 1}


def test_a_worker_without_a_supervisor_is_refused(run_verb, tmp_path):
    done = run_verb("work", "--listener", "0", "--worker", "1", "--parent", "1", home=tmp_path)
    assert done.returncode == 1
    assert "maitred serve --workers" in done.stderr
    assert "Traceback" not in done.stderr
