"""Sharing cores and memory among pages."""

from __future__ import annotations

import asyncio

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
