"""The findings for what a page shows as if it had run, and somebody typed.

In the command. A language that Pygments knows, or that the builder's settings name for a fence of their own, is taken
for a source; a block of any other language is shown as plain text, as an output is.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

from galley.record.findings import Finding
from galley.site.builders import BUILDERS
from galley.source.guide import Guide
from galley.source.typed import typed

KIND = "typed by hand"
WORD = re.compile(r"[\w+#.-]++")


def typed_by_hand(guide: Guide) -> list[Finding]:
    """A finding for each block of a page that looks like an output and is none."""
    known = _Languages(guide.project.root).known
    errors = [error for path, text in guide.pages.items() for error in typed(text.split("\n"), path, known)]
    return [Finding(KIND, error.place or guide.project.place(), error.what, error.mend) for error in errors]


class _Languages:
    """The languages of sources, looked up once a page has one that is not among the usual ones."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def known(self, language: str) -> bool:
        """Whether Pygments knows a language, or a builder's settings name it."""
        return language in self._highlighted or language in self._named or language.partition("-")[0] in self._named

    @cached_property
    def _highlighted(self) -> frozenset[str]:
        from pygments.lexers import get_all_lexers

        return frozenset(name.lower() for _, names, _, _ in get_all_lexers() for name in names)

    @cached_property
    def _named(self) -> frozenset[str]:
        files = dict.fromkeys(self._root / name for builder in BUILDERS for name in builder.files)
        texts = [file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file()]
        return frozenset(word.lower() for text in texts for word in WORD.findall(text))
