"""The findings, for a terminal, for a log, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.doctor.finding import Finding, Status, healthy

STYLES: dict[Status, str] = {"ok": "green", "warn": "yellow", "fail": "bold red"}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What ``--json`` prints."""

    healthy: bool
    findings: Sequence[Finding]


def as_json(findings: Sequence[Finding]) -> str:
    """One JSON object."""
    return msgspec.json.encode(Report(healthy=healthy(findings), findings=findings)).decode()


def show(console: Console, findings: Sequence[Finding]) -> None:
    """A table in a terminal, a line a finding elsewhere; in both, how many of each grade."""
    if console.is_terminal:
        console.print(_table(findings))
    else:
        for line in lines(findings):
            console.print(Text(line), soft_wrap=True)
    console.print(Text(_count(findings)), soft_wrap=True)


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """``fail  disk  what is wrong → what to do``."""
    width = max((len(finding.check) for finding in findings), default=0)
    for each in findings:
        mend = f" → {each.mend}" if each.mend else ""
        yield f"{each.status:<4}  {each.check:<{width}}  {_one_line(each.what)}{mend}"


def _table(findings: Sequence[Finding]) -> Table:
    table = Table(box=SIMPLE, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("check", no_wrap=True)
    table.add_column("what", ratio=3, overflow="fold")
    table.add_column("mend", ratio=2, overflow="fold")
    for each in findings:
        style = STYLES[each.status]
        table.add_row(Text(each.status, style=style), Text(each.check), Text(_one_line(each.what)), Text(each.mend))
    return table


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _count(findings: Sequence[Finding]) -> str:
    counts = {status: sum(each.status == status for each in findings) for status in STYLES}
    return f"{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failing"
