"""Is the bot's YAML valid?"""

from __future__ import annotations

from collections.abc import Iterator

from api.doctor.finding import Sign, fail, ok, warn
from api.doctor.patient import Patient
from api.settings import EXAMPLE_CONFIG
from api.wiring import check_policy
from engine import config_file
from engine.errors import ConfigError


def look(patient: Patient) -> Iterator[Sign]:
    """One sign a problem, as ``maitred validate`` lists them."""
    path = patient.settings.config
    try:
        problems = config_file.check(path, check_policy=check_policy)
    except ConfigError as error:
        yield fail(str(error), "name a YAML with MAITRED_CONFIG that `maitred validate` accepts")
        return
    for problem in problems:
        yield (warn if problem.warning else fail)(f"{path}:{problem}", "change the YAML, then `maitred validate`")
    if all(problem.warning for problem in problems):
        yield ok(f"{path} is valid" + (": the example shop" if path == EXAMPLE_CONFIG else ""))
