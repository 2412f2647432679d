"""What became of predictions on their way to serving."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from api.cli.failure import FAILED

if TYPE_CHECKING:
    from features.files.load import Loaded


def say_written(written: Loaded, target: str) -> None:
    """Print it. Exit code 1 if a row could not be written."""
    print(f"{target}: {written.written:,} of {written.rows:,} users written")
    left = {
        "have a newer row of this view, which stays": written.older,
        "were erased meanwhile": written.erased,
    }
    for why, count in left.items():
        if count:
            print(f"  {count:,} {why}")
    for reason, count in written.refused.items():
        print(f"  {count:,} refused: {reason}")
    if written.refused:
        raise typer.Exit(FAILED)
