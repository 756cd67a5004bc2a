"""The hook `revisions`: asks the hub for the newest commit of each model in the catalogue.

It stands in a file of its own, since no page loads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from galley import Context


def revisions(context: Context, models: Sequence[str]) -> Mapping[str, str]:
    """The newest commit of each of these models that the hub has; folders have none.

    Raises ModelError where the hub does not answer, or refuses.
    """
    from loading.catalogue import catalogue
    from loading.pins import ask

    listed = catalogue(context.root / "snippets" / "models" / "catalogue.toml")
    found = (listed.find(name) for name in models)
    return {model.name: ask(model).revision for model in found if model.on_hub}
