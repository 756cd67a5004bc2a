"""The error that stops a site build, whichever builder runs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pymdownx.superfences import SuperFencesException

from galley.errors import GalleyError

BUILDERS = ("mkdocs.exceptions", "properdocs.exceptions")


def build_error(errors: Sequence[Exception]) -> Exception:
    """One exception for everything wrong with a page.

    It is a SuperFencesException, since superfences swallows all others, and the BuildError of the builder
    that is running, since it prints those without a traceback.
    """
    kinds = {getattr(sys.modules[name], "BuildError", None) for name in BUILDERS if name in sys.modules}
    bases = (SuperFencesException, *(kind for kind in kinds if isinstance(kind, type)))
    kind = type("GuideError", bases, {"__doc__": "A page that cannot be built."})
    message = "\n".join(str(error) if isinstance(error, GalleyError) else repr(error) for error in errors)
    error: Exception = kind(f"\n{message}")
    return error
