"""What is logged when things fail: what failed, never whom it was about; and logging itself never fails a bot."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import structlog

from api import logs

SECRET = "Zebediah"


class FullDisk(io.StringIO):
    """A file on a disk without room."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    before = structlog.get_config()
    logs.configure()
    yield
    structlog.configure(**before)


def _fail_with_a_person_at_hand(user_id: str) -> None:
    context = {"first_name": user_id}
    raise RuntimeError(f"broken with {len(context)} value")


def test_a_traceback_names_the_failure_and_none_of_the_variables(capsys: pytest.CaptureFixture[str]):
    try:
        _fail_with_a_person_at_hand(SECRET)
    except RuntimeError:
        structlog.get_logger("test").exception("not_recorded")
    logged = capsys.readouterr().err
    assert "not_recorded" in logged
    assert "_fail_with_a_person_at_hand" in logged
    assert SECRET not in logged


def test_a_log_that_cannot_be_written_is_not_the_callers_failure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stderr", FullDisk())
    structlog.get_logger("test").error("journal_unreachable")
