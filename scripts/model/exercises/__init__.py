"""Programming exercises: generated functions, and questions with answers and their tests."""

from exercises.records import Case, Checks, Exercise, Pair
from exercises.streams import catalogue, functions, pairs

__all__ = ["Case", "Checks", "Exercise", "Pair", "catalogue", "functions", "pairs"]
