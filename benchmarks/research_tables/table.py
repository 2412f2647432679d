"""A table of a source beside ours."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        source, ours: both numbers, or both words.
        tolerance: how far ours may be from the source's, with the source's precision and noise; ``None`` for words,
            which must be the same, and for ``others``.
        other: ours is made otherwise by design: it is shown, and need not agree.
        digits: after the point, when printed.
    """

    figure: str
    source: float | str
    ours: float | str
    tolerance: float | None = None
    other: bool = False
    digits: int = 6

    @property
    def difference(self) -> float | None:
        """Ours less the source's; ``None`` for words."""
        if isinstance(self.source, str) or isinstance(self.ours, str):
            return None
        return self.ours - self.source

    @property
    def met(self) -> bool | None:
        """Whether ours is the source's, within the tolerance; ``None`` where it need not be."""
        if self.other:
            return None
        if self.difference is None:
            return self.source == self.ours
        return abs(self.difference) <= (self.tolerance or 0.0)


@dataclass(frozen=True, slots=True)
class Table:
    """A whole table.

    Attributes:
        source: where the figures on the left are from.
        tolerance: in words, how the rows' tolerances were computed.
        remarks: what is made otherwise, and why.
    """

    name: str
    source: str
    tolerance: str
    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        """Whether every row that has to agree does."""
        return all(row.met is not False for row in self.rows)


def last_digit(digits: int) -> float:
    """What rounding to so many digits hides: half a unit of the last, and the rounding of binary numbers."""
    return 0.5 * 10.0**-digits * (1.0 + 1e-6)
