"""Random texts from hypothesis, judged one by one and counted by what came of them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from hard import Counts

ROUND = 2000  # texts that hypothesis remembers at a time: its memory grows with them
PATIENCE = 20.0  # seconds of processor time for one text
PHASES = (Phase.generate, Phase.shrink)  # what fails is made small, and nothing is kept between two runs


def near(text: str) -> Iterator[str]:
    """A text, and it without one of its lines, cut inside of a line, and with two lines in the other order."""
    lines = text.split("\n")
    yield text
    for at in range(1, len(lines)):
        yield "\n".join([*lines[:at], *lines[at + 1 :]])
        yield "\n".join([*lines[:at], lines[at][: (len(text) + at) % (len(lines[at]) + 1)]])
        yield "\n".join([*lines[: at - 1], lines[at], lines[at - 1], *lines[at + 1 :]])


def fuzz(
    texts: SearchStrategy[str],
    check: Callable[[str], str],
    number: int,
    counts: Counts,
    near: Callable[[str], Iterator[str]] = near,
) -> None:
    """Have `check` judge a number of different texts; its answer says what came of a text, and is counted.

    hypothesis makes a text, which takes longer than to judge it; so the texts near it are judged as well. The seeds
    follow from how many rounds there were: the same texts come at each run, and more of them where more are asked.
    """
    seen: set[int] = set()
    rounds = 0
    while len(seen) < number:
        rounds += 1

        @seed(rounds)
        @settings(
            max_examples=min(ROUND, number),
            database=None,
            deadline=None,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
        )
        @given(texts)
        def judged(text: str) -> None:
            for each in near(text) if len(seen) < number else ():
                if (known := hash(each)) not in seen:
                    with bounded():
                        came = check(each)
                    seen.add(known)
                    counts.add(came)

        judged()


@contextmanager
def bounded(seconds: float = PATIENCE) -> Iterator[None]:
    """Fail where the block takes more processor time than any input should, whatever else the machine does."""

    def late(*_: object) -> None:
        raise AssertionError(f"it takes more than {seconds} s of processor time")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
