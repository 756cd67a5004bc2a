"""This guide's hooks, in the form in which galley calls them; each calls a function of the module `loading`.

The process of the hook `prepare` should import nothing heavy, so each hook imports what it needs itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from galley import Context


def prepare(context: Context) -> Mapping[str, str]:
    """Download the pinned models that the profile names."""
    from loading.downloads import prepare

    return prepare(context.profile, context.parameters)


def summarise(context: Context, value: object) -> str | None:
    """Describe a value of PyTorch, Transformers or PEFT in a few lines."""
    from loading.summaries import summarise

    return summarise(value)


def brief(context: Context, value: object) -> str | None:
    """Describe such a value in a few words, for the table of a traced cell."""
    from loading.summaries import brief

    return brief(value)
