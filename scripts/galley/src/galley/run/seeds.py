"""The seeds that every page starts from, in any guide, so that what it draws is the same at each run.

In a page's child. galley seeds the generators that Python programs share: that of `random`, and numpy's where the page
or the runner has numpy, which galley does not import itself. A seed that the page or the hook `setup` sets comes later
and wins. A generator that draws its own seed from the system, such as `numpy.random.default_rng()` without one or
`secrets`, stays free; and so is one in another process.
"""

from __future__ import annotations

from types import ModuleType

SEED = 0


def fix(module: ModuleType) -> None:
    """Seed the generator that the users of a module share."""
    module.seed(SEED)


SEEDED = {"random": fix, "numpy.random": fix}  # by the name of the module
