"""The known faults can still be made: what they change is there, and the tests that must notice are there."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.fault import Fault
from tests.faults.known import FAULTS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_a_change_that_still_compiles(fault: Fault) -> None:
    source = fault.source(ROOT)
    assert ast.dump(ast.parse(fault.made_in(source))) != ast.dump(ast.parse(source))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_tests_that_must_notice_exist(fault: Fault) -> None:
    assert fault.tests
    assert [name for name in fault.tests if not (ROOT / name).is_file()] == []


def test_every_fault_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(fault.name for fault in FAULTS).items() if count > 1] == []


@pytest.mark.parametrize("times", [0, 2])
def test_a_fault_whose_text_is_not_there_once_cannot_be_made(times: int) -> None:
    fault = Fault("n", "b", "f.py", {"a = 1\n": "a = 2\n"}, ("t.py",))
    with pytest.raises(LookupError, match=rf"{times} times, not once"):
        fault.made_in("a = 1\n" * times)
