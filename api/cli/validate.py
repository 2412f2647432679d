"""``maitred validate``: is the bot's YAML right? Names line, key and what was expected."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.failure import FAILED, reported
from api.settings import Settings
from api.wiring import check_policy
from engine import config_file


def validate(
    path: Annotated[Path | None, typer.Argument(help="the YAML; MAITRED_CONFIG by default")] = None,
) -> None:
    """Check the bot's configuration and list every problem."""
    with reported():
        checked = path or Settings().config
        problems = config_file.check(checked, check_policy=check_policy)
    for problem in problems:
        print(f"{checked}:{problem}")
    if not all(problem.warning for problem in problems):
        raise typer.Exit(FAILED)
    print(f"{checked}: valid")
