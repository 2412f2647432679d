"""``python -m benchmarks.run``: every question (or those named), its answer beside the promise."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import (
    append_cluster,
    append_journal,
    decide_in_process,
    decide_over_http,
    decide_while_learning,
    estimators,
    learn_events,
    learn_memory,
    load_users,
    read_embedded,
    read_redis,
    second_order,
    statistics,
)
from benchmarks.home import prepare
from benchmarks.question import Answer
from benchmarks.report import REPORTS, Report, on_this_machine
from benchmarks.size import FULL, SMOKE, Size

Measure = Callable[[Path, Size], list[Answer]]

QUESTIONS: Mapping[str, Measure] = {
    "decide_in_process": decide_in_process.measure,
    "decide_over_http": decide_over_http.measure,
    "decide_while_learning": decide_while_learning.measure,
    "read_embedded": read_embedded.measure,
    "read_redis": read_redis.measure,
    "append_journal": append_journal.measure,
    "append_cluster": append_cluster.measure,
    "learn_events": learn_events.measure,
    "learn_memory": learn_memory.measure,
    "load_users": load_users.measure,
    "estimators": estimators.measure,
    "second_order": second_order.measure,
    "statistics": statistics.measure,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    given = _parser().parse_args(arguments)
    size = SMOKE if given.smoke else FULL
    with tempfile.TemporaryDirectory() as folder:
        home = prepare(Path(folder), size.users)
        answers = [answer for name in given.questions or QUESTIONS for answer in _asked(name, home, size)]
    report: Report = given.report
    print(report(answers, on_this_machine()))


def _asked(name: str, home: Path, size: Size) -> list[Answer]:
    print(f"{name} …", file=sys.stderr)
    return QUESTIONS[name](home, size)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=__doc__)
    parser.add_argument("questions", nargs="*", metavar="question", choices=[[], *QUESTIONS], help=", ".join(QUESTIONS))
    parser.add_argument("--smoke", action="store_true", help="tiny amounts: only shows that everything still runs")
    for name, report in REPORTS.items():
        parser.add_argument(f"--{name}", dest="report", action="store_const", const=report, help=report.__doc__)
    parser.set_defaults(report=REPORTS["table"])
    return parser


if __name__ == "__main__":
    main()
