"""This guide's hooks, as galley calls them: each hands on what the loading module asks for.

`prepare` runs beside the pages, where nothing heavy should be imported: so each hook imports what it needs.
"""

from __future__ import annotations

from collections.abc import Mapping

from galley import Context


def prepare(context: Context) -> Mapping[str, str]:
    """Download the pinned models that the profile names."""
    from loading.downloads import prepare

    return prepare(context.profile, context.parameters)


def summarise(context: Context, value: object) -> str | None:
    """A value of PyTorch, Transformers or PEFT in a few lines."""
    from loading.summaries import summarise

    return summarise(value)


def brief(context: Context, value: object) -> str | None:
    """The same in a few words, for a traced cell."""
    from loading.summaries import brief

    return brief(value)
