"""The custom fence: looks a cell or a list of claims up and shows it. Nothing is ever executed here.

In mkdocs.yml, under `custom_fences` of `pymdownx.superfences`: name `python`, class `python`, validator
`!!python/name:galley.site.fence.validator`, format `!!python/name:galley.site.fence.formatter`.
"""

from __future__ import annotations

from typing import Any

from markdown import Markdown
from markdown_exec import base_format

from galley.errors import GalleyError
from galley.site.extension import current_page
from galley.site.html import cell_html
from galley.site.lists import list_html
from galley.source.fences import Fence


def validator(
    language: str, inputs: dict[str, Any], options: dict[str, Any], attrs: dict[str, Any], md: Markdown
) -> bool:
    """Whether the fence is ours; any other is left to superfences, options and all."""
    if not {"exec", "cell", "list"} & set(inputs):
        return False
    options["name"] = str(inputs.pop("cell", "") or inputs.pop("list", ""))
    inputs.pop("exec", None)
    return True


def formatter(source: str, language: str, css_class: str, options: dict[str, Any], md: Markdown, **rest: Any) -> str:
    """The HTML of what the fence names; what goes wrong is kept, and stops the build after the page."""
    page = current_page(md)
    name = options["name"]

    def look_up(_: str, **leftover: Any) -> str:
        fence: Fence | None = None
        try:
            fence = page.next_fence(name)
            if fence.listing:
                return list_html(page, fence)
            return cell_html(md, page, fence, page.views(fence))
        except GalleyError as error:
            if str(error) not in map(str, page.errors):  # a file that cannot be read fails every fence that names it
                page.errors.append(error)
        except Exception as error:  # superfences would swallow it and publish the raw fence
            place = fence.place if fence else None
            page.errors.append(GalleyError(f"{name} cannot be shown: {type(error).__name__}: {error}", place))
        return ""

    return str(base_format(language=language, run=look_up, code=source, md=md, html=True, id=name))
