"""Vowpal Wabbit's text: ``--cb`` lines (``action:cost:probability | features``) and ``--cb_adf`` blocks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from simulator.logs.faults import Faults, RowFault
from simulator.logs.lines import BadLine, Line, lines_of
from simulator.logs.rows import Numbered, Row, batches_of
from simulator.logs.schema import LoggedBatch
from simulator.logs.vw_label import SHARED, Cost, Example, parsed

EXPECTED = "Vowpal Wabbit's text"
_LOOKED_AT = 1_000
_RowOf = Callable[[list[Line]], Row]


@dataclass(frozen=True)
class VwTextReader:
    """Reads such a file; rewards are negative costs. Vowpal Wabbit itself is never handed it.

    Blocks (``--cb_adf``) are told by a shared line or an empty line between examples among the first 1,000.

    Attributes:
        actions: how many there are (``--cb``); the greatest in the file, if ``None``.
    """

    path: Path
    actions: int | None = None

    @property
    def taken_for(self) -> str:
        """See ``Reader.taken_for``."""
        return f"{EXPECTED}, {'a block' if self._in_blocks() else 'a line'} a decision"

    def batches(self, faults: Faults, columns: Collection[str] | None = None) -> Iterator[LoggedBatch]:
        """See ``Reader.batches``."""
        lines = lines_of(self.path, EXPECTED)
        if self._in_blocks():
            return batches_of(_good(_blocks(lines), _block_row, faults), columns)
        actions = self.actions or self._greatest()
        singles = ([line] for line in lines if line.text.strip())
        return batches_of(_good(singles, lambda block: _line_row(block, actions), faults), columns)

    def _in_blocks(self) -> bool:
        first = [line.text.strip() for line in islice(lines_of(self.path, EXPECTED), _LOOKED_AT)]
        texts = "\n".join(first).strip().splitlines()
        return any(not text or text.split()[0] == SHARED for text in texts)

    def _greatest(self) -> int:
        return max((cost.action for example in self._readable() for cost in example.costs), default=0)

    def _readable(self) -> Iterator[Example]:
        for line in lines_of(self.path, EXPECTED):
            try:
                yield parsed(line.text)
            except BadLine:
                continue  # named when the rows are read


def _blocks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    block: list[Line] = []
    for line in lines:
        if line.text.strip():
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _good(blocks: Iterable[list[Line]], row_of: _RowOf, faults: Faults) -> Iterator[Numbered]:
    for block in blocks:
        try:
            yield Numbered(block[0].number, row_of(block))
        except BadLine as bad:
            faults.add(RowFault(block[0].number, bad.field, bad.expected, bad.found))


def _line_row(block: list[Line], actions: int) -> Row:
    """Actions count from 1; a label that lists several says which could be chosen."""
    example = parsed(block[0].text)
    listed = [cost.action for cost in example.costs]
    chosen = _one(example.known)
    numbers = sorted(set(listed)) if len(listed) > 1 else range(1, actions + 1)
    if len(set(listed)) < len(listed) or (listed and (min(listed) < 1 or max(listed) > actions)):
        raise BadLine("label", f"actions from 1 to {actions}, each once", listed)
    return Row(
        id=f"line-{block[0].number}",
        context=example.features,
        candidates=[str(number) for number in numbers],
        chosen=None if chosen is None else list(numbers).index(chosen.action),
        reward=_reward(chosen),
        propensity=None if chosen is None else chosen.probability,
    )


def _block_row(block: list[Line]) -> Row:
    """The candidates are the block's lines, in order."""
    examples = [parsed(line.text) for line in block]
    context = examples.pop(0).features if examples[0].shared else {}
    if not examples or any(example.shared for example in examples):
        raise BadLine("block", "at most one shared line, the first, and a line an action", len(block))
    labelled = [index for index, example in enumerate(examples) if example.known]
    if len(labelled) > 1:
        raise BadLine("label", "one line with a cost", len(labelled))
    chosen = _one(examples[labelled[0]].known) if labelled else None
    return Row(
        id=f"line-{block[0].number}",
        context=context,
        candidates=[str(number) for number in range(1, len(examples) + 1)],
        features=[example.features for example in examples],
        chosen=labelled[0] if labelled else None,
        reward=_reward(chosen),
        propensity=None if chosen is None else chosen.probability,
    )


def _one(known: list[Cost]) -> Cost | None:
    if len(known) > 1:
        raise BadLine("label", "the cost of one action", len(known))
    return known[0] if known else None


def _reward(chosen: Cost | None) -> float | None:
    return None if chosen is None or chosen.cost is None else 0.0 - chosen.cost
