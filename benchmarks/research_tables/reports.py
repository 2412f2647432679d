"""Tables on paper: for the terminal, for the README, for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table as Drawn

from benchmarks.research_tables.table import Row, Table

WIDTH = 160
COLUMNS = ("figure", "source", "ours", "difference", "tolerance", "met")
OTHERWISE = "by design"

Report = Callable[[Sequence[Table]], str]


def text(tables: Sequence[Table]) -> str:
    """tables for the terminal (the default)"""
    console = Console(width=WIDTH)
    with console.capture() as captured:
        for table in tables:
            console.print(_drawn(table))
            for line in _lines(table):
                console.print(line, highlight=False)
    return captured.get()


def markdown(tables: Sequence[Table]) -> str:
    """tables for the README"""
    return "\n".join(line for table in tables for line in _marked(table))


def as_json(tables: Sequence[Table]) -> str:
    """one JSON object, tables by their names"""
    return msgspec.json.encode({table.name: _content(table) for table in tables}).decode()


REPORTS: Mapping[str, Report] = {"text": text, "markdown": markdown, "json": as_json}


def _drawn(table: Table) -> Drawn:
    drawn = Drawn(title=f"{table.name}: {table.source}")
    for column in COLUMNS:
        drawn.add_column(column)
    for row in table.rows:
        drawn.add_row(*_cells(row))
    return drawn


def _marked(table: Table) -> Iterator[str]:
    yield f"`{table.name}`: {table.source}\n"
    yield f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"
    yield from (f"| {' | '.join(_cells(row))} |" for row in table.rows)
    yield from ("", *_lines(table), "")


def _lines(table: Table) -> Iterator[str]:
    yield f"Tolerance: {table.tolerance}. {'All met.' if table.met else 'NOT MET by all.'}"
    yield from table.remarks


def _cells(row: Row) -> tuple[str, ...]:
    difference = "" if row.difference is None else f"{row.difference:+.{row.digits}f}"
    tolerance = "" if row.tolerance is None else f"{row.tolerance:.1g}"
    met = {True: "yes", False: "NO", None: OTHERWISE}[row.met]
    return row.figure, _said(row.source, row.digits), _said(row.ours, row.digits), difference, tolerance, met


def _said(value: float | str, digits: int) -> str:
    return value if isinstance(value, str) else f"{value:,.{digits}f}"


def _content(table: Table) -> dict[str, Any]:
    rows = [asdict(row) | {"difference": row.difference, "met": row.met} for row in table.rows]
    return asdict(table) | {"rows": rows, "met": table.met}
