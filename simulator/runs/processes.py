"""The same work in any number of processes, with the same results in the same order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def in_processes(work: Callable[[Task], Result], tasks: Sequence[Task], processes: int = 1) -> Iterator[Result]:
    """What ``work`` makes of each task, in the order of the tasks, each as soon as it and those before it are done.

    Vowpal Wabbit holds the interpreter's lock: only processes make use of several cores. They are started anew, not
    forked. Whoever leaves early leaves behind what had not begun.

    Args:
        work: a function of a module, which depends on nothing but its task; tasks and results must be picklable.
        processes: 1 works right here.

    Raises:
        Whatever ``work`` raises.
    """
    if processes <= 1 or len(tasks) <= 1:
        yield from map(work, tasks)
        return
    pool = ProcessPoolExecutor(min(processes, len(tasks)), mp_context=get_context("spawn"))
    try:
        yield from pool.map(work, tasks)
    finally:
        pool.shutdown(cancel_futures=True)
