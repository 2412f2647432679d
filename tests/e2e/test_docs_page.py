"""The documentation page, in a real browser, without any other host."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=10000",
)


@pytest.fixture
def chromium() -> str:
    program = shutil.which("chromium")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is missing")
        pytest.skip("chromium is missing")
    return program


def test_the_docs_page_shows_every_route_and_loads_nothing_from_elsewhere(own_deployment, chromium, tmp_path: Path):
    base = f"http://127.0.0.1:{own_deployment.port}"
    page = subprocess.run(
        [chromium, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"{base}/docs"],
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout
    document = own_deployment.client.get("/openapi.json").json()
    for path in document["paths"]:
        assert path.replace("/", "/<wbr>") in page or path in page.replace("<wbr>", ""), path
    loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', page)
    assert loaded
    assert [url for url in loaded if re.match(r"(?:https?:)?//", url) and not url.startswith(base)] == []


def test_every_body_has_an_example_that_the_route_takes(own_deployment):
    document = own_deployment.client.get("/openapi.json").json()
    examples = [
        (path, operation["requestBody"]["content"]["application/json"]["example"])
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if "requestBody" in operation
    ]
    assert len(examples) == 4
    for path, example in examples:
        response = own_deployment.client.post(path.replace("{session_id}", "s-1"), json=example)
        assert response.status_code in (200, 202), (path, response.text)
