"""Makes the roles and directives of Sphinx known to docutils, whose registers hold for the process.

In the command. docutils is imported here and in `galley.convert.doctree` alone; `galley.convert.rest` imports both when
a text is read.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive, directives, roles
from docutils.statemachine import StringList

from galley.convert import forms

DOMAINS = ("", "py:", "c:", "cpp:", "std:")
ROLES = (*forms.IN_CODE, *forms.AS_TEXT, "ref", "numref", "doc", "pep")
OF_CODE = (*forms.CODE_BLOCKS, "doctest", "testcode", "ipython")


class _Anything(dict[str, Any]):
    """The options of a directive, of any name."""

    def __missing__(self, name: str) -> Any:
        return directives.unchanged


class _Unseen(Directive):  # type: ignore[misc]
    """A directive that shows nothing."""

    optional_arguments, final_argument_whitespace, has_content = 1, True, True
    option_spec = _Anything(name=directives.unchanged)

    def run(self) -> list[Any]:
        return []


class _Code(_Unseen):
    """A block of code."""

    def run(self) -> list[Any]:
        text = "\n".join(self.content)
        found = nodes.literal_block(text, text)
        found["language"] = (self.arguments or ["python"])[0]
        found["caption"] = self.options.get("caption", "")
        return [found]


class _Admonition(_Unseen):
    """What a page sets apart. One with a title of its own says its kind as a class."""

    def run(self) -> list[Any]:
        title, said = "", (self.arguments or [""])[0]
        if self.name == "admonition":
            title, said = " ".join(said.split()), ""
        elif self.name.startswith(forms.OF_VERSIONS):
            title, said = (*said.split(maxsplit=1), "", "")[:2]
        first = [*said.split("\n"), ""] if said else []
        found = nodes.admonition("\n".join(self.content))
        classes = self.options.get("class", "").split()
        found["name"] = next((each for each in classes if each in forms.ADMONITIONS), self.name)
        found["title"] = title
        self.state.nested_parse(StringList([*first, *self.content], source=""), self.content_offset, found)
        return [found]


def make_known() -> None:
    """Tell docutils of all of them."""
    for name in (domain + each for domain in DOMAINS for each in ROLES):
        roles.register_local_role(name, _role)
    for names, made in ((forms.UNSEEN, _Unseen), (OF_CODE, _Code), (forms.ADMONITIONS, _Admonition)):
        for name in names:
            directives.register_directive(name, made)


def _role(name: str, rawtext: str, text: str, lineno: int, inliner: Any, options: Any = None, content: Any = ()) -> Any:
    said = forms.role(name, " ".join(nodes.unescape(text).split()))
    return [nodes.raw("", said or "", format="markdown")], []
