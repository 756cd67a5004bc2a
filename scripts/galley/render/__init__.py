"""Shows recorded cells on a page: a Markdown extension and a custom fence that look up and never execute."""

from __future__ import annotations

from typing import Any

from galley.render.extension import GalleyExtension


def makeExtension(**settings: Any) -> GalleyExtension:  # noqa: N802 (Python-Markdown's name for it)
    """The extension that `markdown_extensions: [galley.render]` loads."""
    return GalleyExtension(**settings)
