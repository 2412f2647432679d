"""``maitred doctor`` as a command: what it prints where, its exit codes, and that the README knows its checks."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from api.doctor.checks import CHECKS
from api.doctor.finding import Finding, healthy
from api.doctor.report import lines, show

README = (Path(__file__).parents[3] / "README.md").read_text()
NOWHERE = ("--url", "http://127.0.0.1:1")
FINDINGS = [
    Finding(check="disk", status="ok", what="9 GiB [free]"),
    Finding(check="clock", status="warn", what="jumped\nonce", mend="slew it"),
    Finding(check="online-store", status="fail", what="gone", mend="bring it back"),
]


def test_a_home_that_does_not_exist_yet_is_no_failure(tmp_path, run_verb):
    said = run_verb("doctor", *NOWHERE, home=tmp_path / "none")
    assert (said.returncode, said.stderr) == (0, "")
    assert "warn  plan" in said.stdout
    assert said.stdout.splitlines()[-1].endswith(" 0 failing")


def test_something_broken_is_exit_code_1_and_one_json_object(home, learning_config, run_verb):
    (home / "journal.db").write_bytes(b"no journal")
    said = run_verb("doctor", "--json", *NOWHERE, home=home, config=learning_config)
    assert (said.returncode, said.stderr) == (1, "")
    report = json.loads(said.stdout)
    assert report["healthy"] is False
    assert {"check", "status", "what", "mend"} == report["findings"][0].keys()
    assert "journal" in {finding["check"] for finding in report["findings"] if finding["status"] == "fail"}


def test_a_wrong_environment_variable_is_misuse(tmp_path, run_verb):
    said = run_verb("doctor", *NOWHERE, home=tmp_path, durability="sometimes")
    assert said.returncode == 2
    assert "MAITRED_DURABILITY" in said.stderr


def test_elsewhere_than_in_a_terminal_every_finding_is_one_line():
    assert list(lines(FINDINGS)) == [
        "ok    disk          9 GiB [free]",
        "warn  clock         jumped once → slew it",
        "fail  online-store  gone → bring it back",
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_is_lost_on_the_way_to_the_reader(terminal):
    out = io.StringIO()
    show(Console(file=out, force_terminal=terminal, width=100, color_system=None), FINDINGS)
    said = out.getvalue()
    for finding in FINDINGS:
        assert finding.check in said
        assert finding.mend in said
    assert "9 GiB [free]" in said
    assert "1 ok, 1 to look at, 1 failing" in said


def test_warnings_do_not_make_a_deployment_ill():
    assert healthy(FINDINGS[:2])
    assert not healthy(FINDINGS)


def test_the_readme_has_a_row_for_every_check_and_for_no_other():
    table = README[README.index("| check | what it looks at | mend |") :].split("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE) == [check.name for check in CHECKS]
