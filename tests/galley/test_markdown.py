"""A page as Markdown with its outputs, and what a theme's templates are told of a page, under each builder."""

from __future__ import annotations

import json

import pytest

from builders import BUILDERS
from galley.errors import Exit
from guide_folder import SETTINGS, GuideFolder, fence

SOURCE = '''\
# %% first
print("one")
2 + 2
# %% ticks
print("```\\n````")
# %% sum [claim]
"""Two and two are `4`."""
print("checked")
assert len("four") == 4
# %% broken raises="ValueError"
int("x")
# %% figure alt="a line"
class Drawing:
    def _repr_svg_(self):
        return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1"/></svg>'


Drawing()
'''
PAGE = f"""---
description: What it is.
---

# A page

See [the other](other.md).

{fence("a_page", "first").strip()}

{fence("a_page", "ticks").strip()}

{fence("a_page", "sum").strip()}

!!! note

{fence("a_page", "broken").strip().replace("```", "    ```")}

{fence("a_page", "figure").strip()}

## The end

```console
$ true
```
"""
WANTED = """\
# A page

*Checked on {day} (a_page, profile laptop).*

See [the other](other.md).

```python
print("one")
2 + 2
```

Printed:

```
one
```

The value:

```
4
```

`````python
print("```\\n````")
`````

Printed:

`````
```
````
`````

✓ **Claim.** Two and two are `4`.

```python
print("checked")
assert len("four") == 4
```

Printed:

```
checked
```

!!! note

    ```python
    int("x")
    ```

    The error:

    ```
    ValueError: invalid literal for int() with base 10: 'x'
    ```

```python
class Drawing:
    def _repr_svg_(self):
        return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1"/></svg>'


Drawing()
```

[Output of the kind image, as the page shows it](a-page.html#cell-a_page-figure)

## The end

```console
$ true
```
"""
NAMES = [f"a_page/{name}" for name in ("first", "ticks", "sum", "broken", "figure")]
TEMPLATE = "<article>{{ page.content }}</article><pre>{{ page.meta.galley | tojson }}</pre>\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide whose pages are in the site as Markdown too, with a theme that shows what its template is told."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"))
    settings = (folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    folder.write("mkdocs.yml", settings.replace("name: mkdocs", "name: null\n  custom_dir: theme"))
    folder.write("theme/main.html", TEMPLATE)
    folder.write("pyproject.toml", SETTINGS.replace("[tool.galley]\n", "[tool.galley]\nmarkdown = true\n", 1))
    folder.snippet("a_page", SOURCE)
    folder.write("docs/a-page.md", PAGE)
    folder.page("other", '```python exec="on" list="claims"\n```\n\n```python exec="on" list="facts"\n```\n', "Other")
    folder.page("plain", "Words.\n", "Plain")
    assert not folder.run().failures
    return folder


def told(folder: GuideFolder, page: str) -> dict[str, object]:
    """What the template of a page was told."""
    text = (folder.root / "site" / f"{page}.html").read_text(encoding="utf-8")
    return dict(json.loads(text.partition("<pre>")[2].partition("</pre>")[0]))


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_page_is_in_the_site_as_markdown_with_its_outputs(guide: GuideFolder, builder: str) -> None:
    pytest.importorskip(builder)
    BUILDERS[builder](guide)
    day = guide.record("a-page").date
    assert (guide.root / "site/a-page.md").read_text(encoding="utf-8") == WANTED.replace("{day}", day)
    assert (guide.root / "site/plain.md").read_text(encoding="utf-8") == "# Plain\n\nWords.\n"
    listed = (guide.root / "site/other.md").read_text(encoding="utf-8")
    assert "1 claim:\n\n- Two and two are `4`. (a-page.md)\n" in listed
    assert f"1 claim, 5 cells, 1 page, checked {day}\n" in listed


def test_the_templates_are_told_of_each_page(guide: GuideFolder) -> None:
    assert guide.galley("build").returncode == Exit.OK
    day = guide.record("a-page").date
    assert told(guide, "a-page") == {"cells": NAMES, "claims": ["a_page/sum"], "checked": day, "markdown": "a-page.md"}
    assert told(guide, "plain") == {"cells": [], "claims": [], "markdown": "plain.md"}
    made = json.loads((guide.root / "site/.galley-site.json").read_text(encoding="utf-8"))["files"]
    assert {"a-page.md", "other.md", "plain.md"} <= set(made), "the next build replaces them"


def test_without_the_setting_there_is_no_markdown(guide: GuideFolder) -> None:
    guide.write("pyproject.toml", SETTINGS)
    assert guide.galley("build").returncode == Exit.OK
    assert not list((guide.root / "site").glob("*.md"))
    assert "markdown" not in told(guide, "a-page")


def test_no_link_leads_the_writing_out_of_the_site(guide: GuideFolder) -> None:
    pytest.importorskip("zensical")
    outside = guide.write("outside.md", "mine")
    (guide.root / "site").mkdir()
    (guide.root / "site/a-page.md").symlink_to(outside)
    with pytest.raises(Exception, match=r"a-page\.md: is a link, and galley follows none"):
        BUILDERS["zensical"](guide)  # which leaves what lies in the site's folder
    assert outside.read_text(encoding="utf-8") == "mine"
