"""`maitred demo`, small: the main job from an empty home to a report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

DECISIONS_AT_LEAST = 600


def test_the_demo_prepares_serves_learns_and_reports(tmp_path: Path):
    command = [sys.executable, "-m", "api.cli", "demo", "--once", "--json", "--port", "0"]
    size = ["--customers", "120", "--turns", "400", "--home", str(tmp_path / "demo")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAITRED_")}
    done = subprocess.run([*command, *size], env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["decisions"] >= DECISIONS_AT_LEAST
    assert summary["degraded"] == 0
    overall = summary["report"]["overall"]
    assert all(0.0 < overall[group]["share_of_best"] <= 1.0 for group in ("champion", "random"))
    published = {path.parent.name for path in (tmp_path / "demo").rglob("snapshots/*/CURRENT.json")}
    assert published == {"greeting", "offer", "recommendation"}
