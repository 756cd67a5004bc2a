"""Sharing cores and memory among pages."""

from __future__ import annotations

import asyncio
import sys

import pytest

from galley.run import room
from galley.run.room import Room


async def most_at_once(size: int, pages: list[tuple[int, float, bool]]) -> list[set[int]]:
    """Let pages in as there is room, and say which stood beside each other."""
    shared, inside, seen = Room(size), set(), []

    async def page(number: int, threads: int, peak_mb: float, alone: bool) -> None:
        async with shared.held(threads, peak_mb, alone):
            inside.add(number)
            seen.append(set(inside))
            await asyncio.sleep(0.01)
            inside.remove(number)

    await asyncio.gather(*(page(number, *each) for number, each in enumerate(pages)))
    assert shared.taken == 0
    return seen


def run(size: int, pages: list[tuple[int, float, bool]]) -> list[set[int]]:
    return asyncio.run(most_at_once(size, pages))


def test_as_many_pages_as_cores_run_at_once():
    assert max(map(len, run(2, [(1, 1.0, False)] * 6))) == 2


def test_threads_count_as_cores():
    seen = run(4, [(3, 1.0, False), (1, 1.0, False), (2, 1.0, False)])
    assert {0, 2} not in seen
    assert {0, 1} in seen


def test_a_page_that_asks_for_more_threads_than_there_are_still_runs():
    assert len(run(2, [(8, 1.0, False), (1, 1.0, False)])) == 2


def test_a_page_that_measures_stands_alone():
    seen = run(4, [(1, 1.0, False), (1, 1.0, True), (1, 1.0, False)])
    assert all(group == {1} for group in seen if 1 in group)


def test_pages_wait_for_memory_and_one_is_always_let_in(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "free_mb", lambda: 1000.0)
    assert max(map(len, run(4, [(1, 900.0, False)] * 3))) == 1
    assert max(map(len, run(4, [(1, 300.0, False)] * 3))) == 2  # 375 MB each with what is kept in reserve


def test_a_page_never_recorded_is_expected_to_need_a_lot(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "free_mb", lambda: 100.0)
    assert max(map(len, run(4, [(1, 0.0, False)] * 2))) == 1


@pytest.mark.parametrize("free", [1e6, 1.0])
def test_a_page_that_ends_has_few_others_looked_at(free: float, monkeypatch: pytest.MonkeyPatch):
    """Where cores are scarce it is the next page, where memory is scarce the first of those that wait."""
    monkeypatch.setattr(room, "free_mb", lambda: free)

    def calls(pages: int) -> int:
        heard = 0

        def hear(frame: object, event: str, argument: object) -> None:
            nonlocal heard
            heard += event == "call"

        async def one(shared: Room) -> None:
            async with shared.held(1, 1.0, False):
                await asyncio.sleep(0)

        async def every() -> None:
            shared = Room(2)
            async with asyncio.timeout(60):
                await asyncio.gather(*(one(shared) for _ in range(pages)))

        sys.setprofile(hear)
        try:
            asyncio.run(every())
        finally:
            sys.setprofile(None)
        return heard

    calls(100)  # what is done once a process
    assert calls(400) <= 2.1 * calls(200)


async def taken_after(cancelled_at: int) -> tuple[list[str], int]:
    """Cancel the second of three pages at a step of the event loop; say who was inside, and what is taken at the end.

    The first page leaves at the second step, so the second one is let in there and knows it a step later.
    """
    shared, inside, leave = Room(1), [], asyncio.Event()

    async def page(name: str) -> None:
        async with shared.held(1, 1.0, False):
            inside.append(name)
            await leave.wait()

    tasks = [asyncio.create_task(page(name)) for name in ("first", "second", "third")]
    for step in range(6):
        await asyncio.sleep(0)
        if step == 1:
            leave.set()
        if step == cancelled_at:
            tasks[1].cancel()
    await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
    return inside, shared.taken


def test_a_page_that_is_cancelled_holds_no_room_whenever_it_happens():
    seen = [asyncio.run(taken_after(step)) for step in range(6)]
    assert {taken for _, taken in seen} == {0}
    assert all({"first", "third"} <= set(inside) for inside, _ in seen)
    assert {"second" in inside for inside, _ in seen} == {True, False}  # it was cancelled before and after it was in


def test_a_large_page_at_the_front_holds_up_none_that_fits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "free_mb", lambda: 1000.0)
    seen = run(2, [(1, 100.0, False), (1, 5000.0, False), (1, 100.0, False)])
    assert {0, 2} in seen
    assert {1} in seen
