# %% mean
"""The mean of three measurements."""

from statistics import mean

print(f"{mean([2.1, 2.4, 2.3]):.2f}")
