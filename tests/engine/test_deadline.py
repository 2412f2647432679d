"""A deadline bounds whatever waits, costs nothing where nothing waits, and lets work end as it would by itself."""

from __future__ import annotations

import asyncio

import pytest

from engine.deadline import Deadline


class Clock:
    """Seconds; time passes by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def kept(deadline: Deadline, work, share: float = 1.0):
    return asyncio.run(deadline.keep(work, share))


async def never() -> None:
    await asyncio.Event().wait()


async def after_some_steps() -> str:
    for _ in range(3):
        await asyncio.sleep(0)
    return "done"


async def failing(*, waits: bool) -> None:
    if waits:
        await asyncio.sleep(0)
    raise OSError("the store")


def test_what_is_left_is_counted_by_shares_and_never_negative() -> None:
    clock = Clock()
    deadline = Deadline(1_000, clock)
    clock.now_s += 0.25
    assert deadline.left_s() == pytest.approx(0.75)
    assert deadline.left_s(0.5) == pytest.approx(0.25)
    assert not deadline.passed
    clock.now_s += 1.0
    assert (deadline.left_s(), deadline.left_s(0.5), deadline.passed) == (0.0, 0.0, True)


def test_what_waits_for_nothing_is_never_late_and_needs_no_event_loop() -> None:
    async def at_once() -> int:
        return 7

    coroutine = Deadline(0).keep(at_once())
    with pytest.raises(StopIteration) as done:
        coroutine.send(None)
    assert done.value.value == 7


def test_what_waits_gives_its_result_in_time() -> None:
    assert kept(Deadline(60_000), after_some_steps()) == "done"


@pytest.mark.parametrize("ms", [0, 5])
def test_what_waits_too_long_is_given_up(ms: float) -> None:
    with pytest.raises(TimeoutError):
        kept(Deadline(ms), never())


def test_only_its_share_of_the_time_is_waited_for() -> None:
    with pytest.raises(TimeoutError):
        kept(Deadline(3_600_000), never(), share=1e-9)


@pytest.mark.parametrize("waits", [False, True])
def test_errors_come_through_as_they_are(waits: bool) -> None:
    with pytest.raises(OSError, match="the store"):
        kept(Deadline(60_000), failing(waits=waits))


def test_an_error_of_what_is_waited_for_reaches_the_work() -> None:
    async def handles() -> str:
        loop = asyncio.get_running_loop()
        lost = loop.create_future()
        loop.call_soon(lost.set_exception, ConnectionError("lost"))
        try:
            await lost
        except ConnectionError:
            return "handled"
        return "missed"

    assert kept(Deadline(60_000), handles()) == "handled"


def test_given_up_work_can_tidy_up() -> None:
    tidied = []

    async def tidy() -> None:
        try:
            await never()
        finally:
            tidied.append(True)

    with pytest.raises(TimeoutError):
        kept(Deadline(1), tidy())
    assert tidied == [True]
