"""``python -m tests.fuzz.run``: bad requests without number against a running service, and what became of it."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console

from tests.fuzz.grammar import PLACEMENTS, Grammar
from tests.fuzz.minimise import minimised
from tests.fuzz.mutator import Mutator
from tests.fuzz.request import Request
from tests.fuzz.schema_driven import SchemaDriven
from tests.fuzz.storm import Fault, Tally, send_all, send_alone
from tests.fuzz.target import Target
from tests.fuzz.verdict import fault_of, is_slow

BODIES = 100_000
SEED = 20_260_101
SCHEMA_SHARE = 0.05
WARM_UP = 20_000
"""Mutated requests after which caches are full: what memory is compared with. Fewer say nothing about memory."""
MOST_GROWTH = 0.15
"""Of the memory then: twice what the allocator was seen to come and go by."""
REPEATS = 3
MOST_SAVED = 10

console = Console(width=160, highlight=False)


def main() -> int:
    """Fuzz and report; 0 if everything held."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder, Target(Path(folder)) as target:
        if options.replay is not None:
            return _replay(target, options.replay)
        failures = _fuzz(target, options)
    for failure in failures:
        console.print(f"FAILED: {failure}", markup=False)
    return 1 if failures else 0


def _fuzz(target: Target, options: argparse.Namespace) -> list[str]:
    console.print(f"seed {options.seed}, {options.bodies} bodies, {options.connections} connections")
    children, start = target.children(), time.monotonic()
    document = target.get("/openapi.json")
    driven, tally = SchemaDriven(document, PLACEMENTS, target.port, options.seed), Tally()
    driven.run(round(options.bodies * SCHEMA_SHARE))
    sent = driven.statuses.total()
    console.print(f"{sent} bodies by the schema in {time.monotonic() - start:.0f} s: {_counted(driven.statuses)}")
    failures = driven.failures
    failures += _mutated(target, Mutator(Grammar(document), options.seed), options, tally, options.bodies - sent)
    console.print(f"{sent + tally.requests} bodies in {time.monotonic() - start:.0f} s")
    failures += _hangs(target, tally)
    failures += _reported(target, tally.faults, options.save)
    if degraded := target.degraded_parts():
        failures.append(f"something failed behind a 200: {', '.join(sorted(degraded))}")
    if target.children() != children:
        failures.append("the learner died meanwhile")
    if not target.still_learns():
        failures.append("a good decision is no longer learned")
    return failures + _ended(target)


def _mutated(target: Target, mutator: Mutator, options: argparse.Namespace, tally: Tally, count: int) -> list[str]:
    """Send ``count`` mutated requests; memory must be flat after the warm-up."""
    warm = min(count, WARM_UP)
    send_all(target.port, map(mutator.request, range(warm)), tally, options.connections)
    before = target.resident_bytes()
    send_all(target.port, map(mutator.request, range(warm, count)), tally, options.connections)
    after = target.resident_bytes()
    console.print(f"{tally.requests} by the mutator: {_counted(tally.statuses)}, {tally.loose} without a clear end")
    console.print(f"memory of the API: {before >> 20} MiB after {warm} bodies, {after >> 20} MiB at the end")
    if after > before * (1.0 + MOST_GROWTH):
        return [f"memory grew by {after - before} bytes"]
    return []


def _counted(statuses: Counter[int]) -> str:
    return ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))


def _hangs(target: Target, tally: Tally) -> list[str]:
    for seconds, _, request in sorted(tally.slowest, reverse=True):
        console.print(f"slowest: {seconds:.3f} s {request}", markup=False)
    confirmed = [request for request in tally.slow if _is_slow_alone(target, request)]
    console.print(f"over 1 s: {len(tally.slow)}; of these again when asked alone: {len(confirmed)}")
    return [f"takes too long: {request}" for request in confirmed]


def _is_slow_alone(target: Target, request: Request) -> bool:
    return all(is_slow(send_alone(target.port, request)) for _ in range(REPEATS))


def _reported(target: Target, faults: list[Fault], folder: Path) -> list[str]:
    failures = []
    for number, fault in enumerate(faults[:MOST_SAVED]):
        smallest = minimised(fault.request, lambda request: fault_of(send_alone(target.port, request)) is not None)
        path = folder / f"fault-{number}.json"
        smallest.save(path)
        failures.append(f"{fault.why}\n  {smallest}\n  again with --replay {path}")
    return failures + ([f"and {len(faults) - MOST_SAVED} more"] if len(faults) > MOST_SAVED else [])


def _ended(target: Target) -> list[str]:
    failures = []
    if code := target.stop():
        failures.append(f"the service ended with {code}")
    verified = target.verify()
    console.print(f"maitred verify: {verified.stdout.strip() or verified.stderr.strip()}", markup=False)
    return failures + ([f"the journal does not verify: {verified.stderr}"] if verified.returncode else [])


def _replay(target: Target, path: Path) -> int:
    exchange = send_alone(target.port, Request.load(path))
    console.print(f"{exchange.seconds:.3f} s {exchange.answers} {exchange.lost or ''}", markup=False)
    return 0 if fault_of(exchange) is None and not is_slow(exchange) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", type=int, default=BODIES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--replay", type=Path, help="send one saved request instead")
    parser.add_argument("--save", type=Path, default=Path("build/fuzz"), help="where requests with faults are kept")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
