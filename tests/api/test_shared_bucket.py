"""Workers share one bucket a key: together they let through what one would alone."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

import pytest

from api.auth.bucket import TokenBucket, own_bucket
from api.auth.key import mint
from api.auth.key_file import KeyFile
from api.auth.key_ring import KeyRing
from api.auth.role import Role
from api.auth.shared_bucket import SharedBucket, shared_in

PROCESSES = 4
RATE = 50.0
CALLS = """
import sys, time
from pathlib import Path
from api.auth.shared_bucket import SharedBucket
bucket, end = SharedBucket(Path(sys.argv[1]), float(sys.argv[2])), time.monotonic() + 1.0
made = 0
while time.monotonic() < end:
    made += bucket.take(time.monotonic()) == 0.0
print(made)
"""


@pytest.mark.parametrize("rate", [0.5, 1.0, 7.0])
def test_buckets_of_several_processes_do_together_what_one_does_alone(tmp_path: Path, rate: float):
    alone = TokenBucket(rate)
    together = cycle([SharedBucket(tmp_path / "k.rate", rate) for _ in range(PROCESSES)])
    times = [n / 10 for n in range(1, 200)]
    assert [bucket.take(now) for bucket, now in zip(together, times, strict=False)] == [alone.take(n) for n in times]


def test_processes_that_call_at_once_get_a_burst_and_the_rate_between_them(tmp_path: Path):
    command = [sys.executable, "-c", CALLS, str(tmp_path / "k.rate"), str(RATE)]
    callers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)]
    made = sum(int(caller.communicate(timeout=60)[0]) for caller in callers)
    assert RATE <= made <= RATE * (1 + PROCESSES * 10.0), "at most the rate for as long as any of them called"
    assert all(caller.returncode == 0 for caller in callers)


def test_a_key_without_a_rate_is_not_counted(tmp_path: Path):
    key, _ = mint("bot", [Role.DECIDE], None, datetime.now(UTC))
    assert own_bucket(key) is None
    assert shared_in(tmp_path)(key) is None
    assert not list(tmp_path.iterdir())


def test_rings_of_several_workers_refuse_together(tmp_path: Path):
    key, text = mint("bot", [Role.DECIDE], 3.0, datetime.now(UTC))
    file = KeyFile(tmp_path / "api_keys.json")
    file.add(key)
    rings = [KeyRing(file, bucket=shared_in(tmp_path)) for _ in range(PROCESSES)]
    holders = [ring.holder(text) for ring in rings]
    buckets = [holder.bucket for holder in holders if holder is not None]
    waits = [bucket.take(1.0) for bucket in islice(cycle(buckets), 6) if bucket is not None]
    assert [wait == 0.0 for wait in waits] == [True, True, True, False, False, False]
