"""The end of a run, as a table."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from tests.chaos.audit import bears_out
from tests.chaos.storm import Finished

MOST_PRINTED = 20


def print_report(console: Console, finished: Finished) -> None:
    """Print what was done, what came of it, and the verdict."""
    storm = finished.storm
    table = Table(title=f"{storm.backend}, {storm.workers} worker(s), seed {storm.seed}", show_header=False)
    for name, value in rows(finished):
        table.add_row(name, value)
    console.print(table)
    for finding in finished.findings[:MOST_PRINTED]:
        console.print(f"FOUND: {finding}", markup=False)
    if len(finished.findings) > MOST_PRINTED:
        console.print(f"and {len(finished.findings) - MOST_PRINTED} more")


def rows(finished: Finished) -> list[tuple[str, str]]:
    """Name and value of everything that was counted."""
    ledger, journaled, counts = finished.ledger, finished.journaled, finished.ledger.counts
    kills = ", ".join(f"{count} × {victim}" for victim, count in sorted(finished.kills.items()))
    degraded = ", ".join(f"{n:,} {name}" for name, n in sorted(counts.items()) if name.startswith("degraded"))
    early = sum(len(found) for found in journaled.settled_early.values())
    return [
        ("customers talked", f"{finished.seconds:.0f} s"),
        ("decisions acknowledged, journaled", f"{len(ledger.claims):,}, {len(journaled.decisions):,}"),
        ("outcomes acknowledged, journaled", f"{len(ledger.acknowledged):,}, {len(journaled.outcomes):,}"),
        ("displays acknowledged, journaled", f"{sum(ledger.shown.values()):,}, {len(journaled.shown):,}"),
        ("sent again on purpose", f"{counts['duplicates']:,}"),
        ("outcomes early, late, correcting", f"{counts['early']:,}, {counts['late']:,}, {counts['corrected']:,}"),
        ("retries after no answer", f"{counts['retries']:,}"),
        ("answers not recorded; degraded", f"{counts['unrecorded']:,}; {degraded or 'none'}"),
        (
            "answered anew while the journal was away",
            f"{len(ledger.provisional):,}, {_other(finished):,} of them otherwise",
        ),
        ("killed", f"{finished.kills.total()}: {kills}"),
        ("starts of the service", f"{finished.starts}"),
        ("settled, learned", f"{len(journaled.settled):,} (early {early:,}), {journaled.learned:,}"),
        ("records", f"{journaled.records:,}"),
        ("verdict", "nothing lost, nothing twice" if not finished.findings else f"{len(finished.findings)} FOUND"),
    ]


def _other(finished: Finished) -> int:
    """Provisional answers that are not what the journal has."""
    found = finished.journaled.decisions
    return sum(not bears_out(found[id][0], claim) for id, claim in finished.ledger.provisional.items() if id in found)
