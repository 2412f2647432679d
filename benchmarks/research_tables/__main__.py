"""``python -m benchmarks.research_tables``: tables of the field (or those named), made again; ``MAITRED_DATASETS`` says
where the data are."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from benchmarks.research_tables import (
    digits,
    hillstrom,
    open_bandit,
    open_bandit_bootstraps,
    open_bandit_uniform,
    vw_tutorial,
)
from benchmarks.research_tables.amounts import FULL, SMOKE, Amounts
from benchmarks.research_tables.reports import REPORTS, Report
from benchmarks.research_tables.table import Table

TABLES: Mapping[str, Callable[[Amounts], Table]] = {
    "open_bandit": open_bandit.made,
    "open_bandit_bootstraps": open_bandit_bootstraps.made,
    "open_bandit_uniform": open_bandit_uniform.made,
    "digits": digits.made,
    "hillstrom": hillstrom.made,
    "vw_tutorial": vw_tutorial.made,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Make and print; exit with 1 if a figure that has to agree does not."""
    given = _parser().parse_args(arguments)
    amounts = SMOKE if given.smoke else FULL
    tables = [_made(name, amounts) for name in given.tables or TABLES]
    report: Report = given.report
    print(report(tables))
    if not all(table.met for table in tables) and not given.smoke:
        raise SystemExit(1)


def _made(name: str, amounts: Amounts) -> Table:
    print(f"{name} …", file=sys.stderr)
    return TABLES[name](amounts)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.research_tables", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="table", choices=[[], *TABLES], help=", ".join(TABLES))
    parser.add_argument("--smoke", action="store_true", help="tiny amounts: only shows that everything still runs")
    for name, report in REPORTS.items():
        parser.add_argument(f"--{name}", dest="report", action="store_const", const=report, help=report.__doc__)
    parser.set_defaults(report=REPORTS["text"])
    return parser


if __name__ == "__main__":
    main()
