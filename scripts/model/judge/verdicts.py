"""Verdicts on answers, and pass@k over them."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from types import TracebackType

from exercises.records import Pair
from judge import compare
from judge.extract import Extracted, extract
from judge.runner import Limits, Sandbox


@dataclass(frozen=True)
class Verdict:
    """Whether an answer passed, and if not, why."""

    passed: bool
    reason: str = ""


class Judge:
    """Judges answers on `jobs` sandboxes at once; a context manager that leaves no process and no file."""

    def __init__(self, jobs: int = 2, limits: Limits | None = None) -> None:
        self._sandboxes = [Sandbox(limits or Limits()) for _ in range(jobs)]

    def __enter__(self) -> "Judge":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all sandboxes."""
        for sandbox in self._sandboxes:
            sandbox.close()

    def verdicts(self, answers: Sequence[tuple[str, Pair]]) -> list[Verdict]:
        """Return a verdict for each answer: the text a model gave, and the pair whose question it answers."""
        free: SimpleQueue[Sandbox] = SimpleQueue()
        for sandbox in self._sandboxes:
            free.put(sandbox)

        def run(extracted: Extracted, pair: Pair) -> Verdict:
            sandbox = free.get()
            try:
                return _verdict(extracted, pair, sandbox)
            finally:
                free.put(sandbox)

        pairs = [pair for _, pair in answers]
        extracted = [extract(text, pair) for text, pair in answers]
        with ThreadPoolExecutor(len(self._sandboxes)) as pool:
            return list(pool.map(run, extracted, pairs))


def judge(answers: Sequence[tuple[str, Pair]], jobs: int = 2) -> list[Verdict]:
    """Return the verdicts on `answers`, as `Judge.verdicts` does, from new sandboxes."""
    with Judge(jobs) as judging:
        return judging.verdicts(answers)


def pass_at_k(passed: Sequence[bool], k: int) -> float:
    """Return the unbiased estimate that one of `k` answers passes, from the verdicts on n >= k of them.

    Raises ValueError where there are fewer than `k`.
    """
    n = len(passed)
    if not 1 <= k <= n:
        raise ValueError(f"pass@{k} cannot be estimated from {n} answers.")
    return 1 - math.comb(n - sum(passed), k) / math.comb(n, k)


def _verdict(extracted: Extracted, pair: Pair, sandbox: Sandbox) -> Verdict:
    if extracted.problem:
        return Verdict(False, extracted.problem)
    run = sandbox.run(extracted.code, extracted.function, pair.tests.cases)
    if run.problem:
        return Verdict(False, run.problem)
    for case, (result, first_argument) in zip(pair.tests.cases, run.results, strict=True):
        if problem := compare.problem(pair.tests, case, result, first_argument):
            return Verdict(False, problem)
    return Verdict(True)
