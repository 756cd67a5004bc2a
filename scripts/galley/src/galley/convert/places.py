"""Where the links of notebooks lead: which page each file becomes, and on which page each label stands.

In the command.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from galley.convert.forms import slug
from galley.convert.part import Notebook

ANCHOR = re.compile(r'<a id="(?P<label>[a-z0-9-]+)"></a>')
HEADING = re.compile(r"^#{1,6}[ \t]+(?P<text>\S.*)$", re.MULTILINE)
OTHERS = re.compile(r"\W+", re.ASCII)
HEADERS = ("gallery_header", "readme")  # the files that introduce a folder
OF_GALLERIES = re.compile(r"sphx-glr-(?P<way>.+)-py")  # the label that sphinx-gallery gives to a script


def stem_of(name: str) -> str:
    """The name of a snippet file for a notebook's, which may have folders; empty where no name is left."""
    parts = [OTHERS.sub("_", part.lower()).strip("_") for part in PurePosixPath(name).parts if part != "."]
    if parts and parts[-1] in HEADERS:
        parts[-1] = "index"
    return "/".join(parts) if all(parts) else ""


def page_of(stem: str) -> str:
    """The path of the page, in the folder of the pages, that shows a snippet file's cells."""
    return f"{stem.replace('_', '-')}.md"


@dataclass(frozen=True)
class Places:
    """What a page that is made of a notebook can link to."""

    own: str  # the page's path in the folder of the pages
    docs: Path
    files: Mapping[Path, str]  # the page of each file that is imported
    labels: Mapping[str, tuple[str, str]]  # by label: the page, and the heading below the label
    titles: Mapping[str, str]  # of the pages

    def of_page(self, beside: Path, path: str) -> tuple[str, str] | None:
        """The address and the title of the page of a file; a folder's introduction may be called its index."""
        named = (beside / path).resolve()
        for file, page in self.files.items():
            if file == named or (not named.suffix and file.with_suffix("") == named) or self._is_index(file, named):
                return self._address(page), self.titles.get(page, "")
        page = page_of(stem_of(PurePosixPath(path).stem))
        return (self._address(page), "") if (self.docs / page).is_file() else None

    def of_label(self, label: str) -> tuple[str, str] | None:
        """The address of a label, and the heading below it."""
        if label in self.labels:
            page, heading = self.labels[label]
            return f"{self._address(page) if page != self.own else ''}#{label}", heading
        if found := OF_GALLERIES.fullmatch(label):
            for file, page in self.files.items():
                if file.suffix == ".py" and f"-{found['way']}".endswith(f"-{slug(file.stem)}"):
                    return self._address(page), self.titles.get(page, "")
        return None

    def _is_index(self, file: Path, named: Path) -> bool:
        return file.stem.lower() in HEADERS and file.with_name("index") == named.with_suffix("")

    def _address(self, page: str) -> str:
        return Path(os.path.relpath(page, PurePosixPath(self.own).parent)).as_posix()


def labels_of(pages: Mapping[str, Notebook]) -> dict[str, tuple[str, str]]:
    """By label, the page on which it stands, and the heading below it; of two of one name the first."""
    found: dict[str, tuple[str, str]] = {}
    for page, notebook in pages.items():
        text = "\n\n".join(part.text for part in notebook.parts if part.kind == "markdown")
        for label in ANCHOR.finditer(text):
            heading = HEADING.search(text, label.end())
            found.setdefault(label["label"], (page, heading["text"] if heading else label["label"]))
    return found


def title_of(notebook: Notebook) -> str:
    """The title of a notebook: what its head says, or its first heading; empty where it has none."""
    return notebook.title or next(_headings(part.text for part in notebook.parts if part.kind == "markdown"), "")


def _headings(texts: Iterable[str]) -> Iterator[str]:
    return (found["text"] for text in texts for found in HEADING.finditer(text) if found[0].startswith("# "))
