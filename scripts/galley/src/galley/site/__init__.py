"""Shows recorded cells on a page: a Markdown extension and a custom fence that look up and never execute."""

from __future__ import annotations

import gc
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from galley.site.extension import GalleyExtension


def makeExtension(**settings: Any) -> GalleyExtension:  # noqa: N802 (Python-Markdown's name for it)
    """The extension that `markdown_extensions: [galley.site]` loads."""
    from galley.site.extension import GalleyExtension  # what lists cells is imported where no builder is

    _settle()
    return GalleyExtension(**settings)


@cache
def _settle() -> None:
    """Let Python's collector pass over what the builder has imported: looking through it is a few per cent of a build.

    Once a process: a live preview loads the extension at each save, and would keep what each save leaves behind.
    """
    gc.freeze()
