"""Tables in a terminal, and where nobody looks at one."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 240
"""Where nobody looks at a terminal: wide enough to fold nothing."""


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print texts as they are: whatever a cell has in brackets is no markup."""
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*map(Text, row))
    Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH).print(table)
