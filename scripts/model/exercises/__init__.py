"""Programming exercises: generated functions, questions with answers, and how an answer is judged."""

from exercises.records import Case, Checks, Exercise, Pair
from exercises.streams import catalogue, functions, pairs

__all__ = ["Case", "Checks", "Exercise", "Pair", "catalogue", "functions", "pairs"]
