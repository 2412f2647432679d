"""How a verb fails: one line on standard error and an exit code, no traceback for what the user can mend."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import typer
from pydantic import ValidationError

from engine.errors import MaitredError
from features.errors import FeatureError

FAILED = 1
MISUSED = 2


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Turn expected errors into a message and exit code 1, wrong environment variables into exit code 2.

    Errors of the operating system are expected, too: a folder that is a file, a full disk, no permission.
    """
    try:
        yield
    except (MaitredError, FeatureError, OSError) as error:
        print(f"maitred: {error}", file=sys.stderr)
        raise typer.Exit(FAILED) from error
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            print(f"maitred: MAITRED_{name}: {problem['msg']}", file=sys.stderr)
        raise typer.Exit(MISUSED) from error
