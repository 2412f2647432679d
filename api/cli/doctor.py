"""``maitred doctor``: what is wrong with this deployment, and how to mend it. Changes nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.failure import FAILED, reported
from api.cli.serve import HOST, PORT
from api.settings import Settings

DEFAULT_URL = f"http://{HOST}:{PORT}"


def doctor(
    url: Annotated[str, typer.Option(help="where its service listens, if it runs")] = DEFAULT_URL,
    json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Look at every part of the deployment, running or not, and say what is wrong and how to mend it."""
    from rich.console import Console

    from api.doctor.checks import examine
    from api.doctor.finding import healthy
    from api.doctor.patient import Patient
    from api.doctor.report import as_json, show
    from api.doctor.scrape import key_of_environment, scrape

    with reported():
        settings = Settings()
    findings = examine(Patient(settings, lambda: scrape(url, key_of_environment())))
    if json_output:
        print(as_json(findings))
    else:
        show(Console(), findings)
    if not healthy(findings):
        raise typer.Exit(FAILED)
