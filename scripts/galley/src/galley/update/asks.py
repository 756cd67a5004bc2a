"""Which names code asks for, seen in its syntax tree alone.

In the command.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property

from galley.source.reads import nodes


@dataclass(frozen=True)
class Mentions:
    """The names that code asks for: `globals` by themselves, `attributes` of something, and `texts` that could be such.

    `imports` are the modules that it imports from, each with its dots before it and with the name that it imports;
    the name is empty where the module itself is imported, and where a text could be its name. Of an attribute
    `__version__` the name before it is kept: `package.__version__`, and `.__version__` where that is imported from a
    module near by.
    """

    globals: frozenset[str]
    attributes: frozenset[str]
    texts: frozenset[str]
    imports: frozenset[tuple[str, str]] = frozenset()

    @cached_property
    def modules(self) -> frozenset[str]:
        """All parts of what it imports: of the modules' names, and the names."""
        return frozenset(part for origin, name in self.imports for part in (*origin.split("."), name))

    @cached_property
    def words(self) -> frozenset[str]:
        """All names in it."""
        return frozenset((*self.globals, *self.attributes, *self.texts, *self.modules))


def mentions(node: ast.AST) -> Mentions:
    """The names that code asks for, wherever in it."""
    names: set[str] = set()
    attributes: set[str] = set()
    texts: set[str] = set()
    imports: set[tuple[str, str]] = set()
    for each in nodes(node):
        if isinstance(each, ast.Name):
            names.add(each.id)
        elif isinstance(each, ast.Attribute):
            held = f"{each.value.id}." if each.attr == "__version__" and isinstance(each.value, ast.Name) else ""
            attributes.add(f"{held}{each.attr}")
        elif isinstance(each, ast.Constant) and isinstance(each.value, str):
            if each.value.isidentifier():
                texts.add(each.value)
            elif "." in each.value and all(part.isidentifier() for part in each.value.lstrip(".").split(".")):
                imports.add((each.value, ""))
        elif isinstance(each, ast.Import):
            imports |= {(alias.name, "") for alias in each.names}
        elif isinstance(each, ast.ImportFrom):
            imports |= {("." * each.level + (each.module or ""), alias.name) for alias in each.names}
            if any(alias.name == "__version__" for alias in each.names):
                top = "" if each.level else (each.module or "").partition(".")[0]
                attributes.add(f"{top}.__version__")
    return Mentions(frozenset(names), frozenset(attributes), frozenset(texts), frozenset(imports))
