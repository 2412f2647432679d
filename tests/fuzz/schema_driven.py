"""Schemathesis: requests drawn from the service's own OpenAPI document, right ones and wrong ones."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, Config, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzz.verdict import HANG_SECONDS

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
REFUSALS = ["400", "404", "409", "413", "422"]
CONFIG = {"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}}
MODES = (GenerationMode.NEGATIVE, GenerationMode.POSITIVE)
PATIENCE_SECONDS = 15.0
SHOWN = 3_000
REPEATS = 3


class SchemaDriven:
    """Asks a service whatever its document allows, and what it does not. What fails is made smaller by Hypothesis.

    Attributes:
        statuses: of the answers so far.
        failures: one for each operation that broke a check.
    """

    def __init__(self, document: Mapping[str, Any], placements: Collection[str], port: int, seed: int) -> None:
        self._schema = schemathesis.openapi.from_dict(_adapted(document, placements), config=Config.from_dict(CONFIG))
        self._url = f"http://127.0.0.1:{port}"
        self._seed = seed
        self.statuses: Counter[int] = Counter()
        self.failures: list[str] = []

    def run(self, cases: int) -> None:
        """About ``cases`` requests, spread over the operations that can be asked in more than one way."""
        operations = [result.ok() for result in self._schema.get_all_operations()]
        varied = [operation for operation in operations if operation.body or operation.path_parameters]
        share = max(1, cases // (len(varied) * len(MODES)))
        with requests.Session() as session:
            for operation in varied:
                for mode in MODES:
                    self._drive(operation, mode, share, session)

    def _drive(
        self, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, cases: int, session: requests.Session
    ) -> None:
        @hypothesis.seed(self._seed)
        @hypothesis.settings(
            max_examples=cases,
            deadline=None,
            database=None,
            derandomize=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: Case[Any]) -> None:
            self._ask(case, session)

        try:
            holds()
        except Unsatisfiable:  # whatever is sent to this operation fits its schema
            return
        except (FailureGroup, AssertionError, requests.RequestException) as failure:
            self.failures.append(f"{operation.label}, {mode} data: {str(failure)[:SHOWN]}")

    def _ask(self, case: Case[Any], session: requests.Session) -> None:
        response = case.call(base_url=self._url, session=session, timeout=PATIENCE_SECONDS)
        self.statuses[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)
        if response.elapsed > HANG_SECONDS:  # once may be the machine's doing
            again = [case.call(base_url=self._url, session=session, timeout=PATIENCE_SECONDS) for _ in range(REPEATS)]
            assert min(other.elapsed for other in again) <= HANG_SECONDS, f"takes too long: {case.as_curl_command()}"


def _adapted(document: Mapping[str, Any], placements: Collection[str]) -> dict[str, Any]:
    """The document, with the names of the placements, which only the configuration knows, and without API keys.

    On loopback no key is needed; with one that was made up, every answer would be 401.
    """
    adapted = copy.deepcopy(dict(document))
    schemas, names = adapted["components"]["schemas"], sorted(placements)
    schemas["DecisionBody"]["properties"]["placement"]["enum"] = names
    schemas["TurnBody"]["properties"]["placements"]["items"]["enum"] = names
    for part in (adapted, *(operation for path in adapted["paths"].values() for operation in path.values())):
        part.pop("security", None)
    adapted["components"].pop("securitySchemes", None)
    return adapted
