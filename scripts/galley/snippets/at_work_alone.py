"""Cells that measure, or need more than one thread: no other page runs beside theirs. docs/at-work.md shows them."""

# %% seconds [measured]
import time

begin = time.perf_counter()
numbers = sorted(range(100_000), key=lambda number: -number)
print(f"{len(numbers):,} numbers in {time.perf_counter() - begin:.4f} s")

# %% pool threads="2"
from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(2) as pool:
    print(list(pool.map(len, ["one", "three"])))
