# %% version
"""The version of the-library that this guide is about."""

from importlib.metadata import version

import the_library

print(version("the-library"))

# %% names
"""The first names that it offers."""

names = [name for name in dir(the_library) if not name.startswith("_")]
print(*names[:5], sep="\n")
