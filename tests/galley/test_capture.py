"""The reading end of a page's output: the first part kept, the rest counted, nothing mixed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from galley.run.capture import Capture


def with_capture(limit: int, use: Callable[[Capture], object]) -> None:
    """Use a capture inside an event loop, and let go of it."""

    async def inside() -> None:
        capture = Capture(limit)
        try:
            use(capture)
        finally:
            capture.close()

    asyncio.run(inside())


def test_what_was_written_is_taken_once() -> None:
    def use(capture: Capture) -> None:
        os.write(capture.writing, b"one")
        assert capture.take() == (b"one", 0)
        assert capture.take() == (b"", 0)
        os.write(capture.writing, b"two")
        assert capture.take() == (b"two", 0)

    with_capture(10, use)


def test_what_is_more_than_the_limit_is_counted() -> None:
    def use(capture: Capture) -> None:
        os.write(capture.writing, b"x" * 25)
        assert capture.take() == (b"x" * 10, 15)
        os.write(capture.writing, b"y" * 10)
        assert capture.take() == (b"y" * 10, 0)

    with_capture(10, use)


def test_a_full_pipe_is_emptied_at_once() -> None:
    def use(capture: Capture) -> None:
        os.set_blocking(capture.writing, False)
        assert os.write(capture.writing, b"z" * 200_000) == 65536
        assert capture.take() == (b"z" * 100, 65436)

    with_capture(100, use)


def test_an_end_that_the_page_closed_reads_as_nothing() -> None:
    def use(capture: Capture) -> None:
        os.write(capture.writing, b"last")
        capture.sent()
        assert capture.take() == (b"last", 0)
        assert capture.take() == (b"", 0)

    with_capture(10, use)


def test_a_writer_that_floods_never_blocks_and_memory_is_bounded() -> None:
    async def inside() -> None:
        capture = Capture(1000)

        def flood() -> None:
            for _ in range(500):
                os.write(capture.writing, b"f" * 10_000)

        await asyncio.to_thread(flood)
        assert capture.take() == (b"f" * 1000, 5_000_000 - 1000)
        capture.close()

    asyncio.run(inside())


def test_no_descriptor_is_left_open() -> None:
    before = set(Path("/proc/self/fd").iterdir())
    with_capture(10, lambda capture: capture.sent())
    with_capture(10, lambda capture: None)
    assert set(Path("/proc/self/fd").iterdir()) == before
