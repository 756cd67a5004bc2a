"""Runs the snippets of a guide, records what they printed, and shows the records in a static site."""

from __future__ import annotations

__version__ = "0.2.0"


def __getattr__(name: str) -> object:
    """What is imported when it is asked for: `import galley` stays cheap, for every process imports it."""
    if name == "makeExtension":  # Python-Markdown's name for what makes the extension `galley`
        from galley.site.extension import GalleyExtension

        return GalleyExtension
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
