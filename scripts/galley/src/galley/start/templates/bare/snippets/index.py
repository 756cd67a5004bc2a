# %% area
"""The area of a circle of radius 2."""

from math import pi

print(f"{pi * 2**2:.3f}")
