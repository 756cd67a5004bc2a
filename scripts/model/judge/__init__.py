"""Judges answers by running them against an exercise's tests, each in a process of its own."""

from judge.extract import Extracted, extract
from judge.runner import Limits
from judge.verdicts import Judge, Verdict, judge, pass_at_k

__all__ = ["Extracted", "Judge", "Limits", "Verdict", "extract", "judge", "pass_at_k"]
