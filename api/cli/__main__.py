"""``python -m api.cli``: the same as ``maitred``, for child processes."""

from api.cli import main

main()
