"""Judges answers by running them against an exercise's tests, each in a process of its own."""

from exercises.judge.extract import Extracted, extract
from exercises.judge.runner import Limits
from exercises.judge.verdicts import Judge, Verdict, judge, pass_at_k

__all__ = ["Extracted", "Judge", "Limits", "Verdict", "extract", "judge", "pass_at_k"]
