# %% table [table]
"""The planets: distance from the sun, and period, in those of the Earth."""

from orbits import Chart, planet, planets

[vars(each) for each in planets()]

# %% figure alt="Eight planets lie on one straight line: the further from the sun, the longer the period."
"""Distance and period on scales by powers of ten."""

Chart(planets())

# %% third-law [claim]
"""The square of a planet's period is the cube of its distance, within half a per cent."""

for each in planets():
    assert abs(each.period**2 / each.distance**3 - 1) < 0.005

# %% no-such-planet raises="LookupError"
"""A planet that the file does not have is an error."""

planet("Pluto")
