"""In the command: whether the builders' settings name galley's extension, without which a fence is shown as text, and
whether the builders read the pages that galley reads.

The files are read without the builders, which take half a second to import. Of tags, `!ENV` alone is resolved, as
MkDocs does it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galley.config import Project
from galley.errors import GalleyError, Place
from galley.record.findings import Finding
from galley.site.builders import BUILDERS
from galley.source.guide import Guide
from galley.source.nested import too_deep

if TYPE_CHECKING:
    from yaml.nodes import Node

KIND, OTHER_PAGES = "not switched on", "other pages"
NAMES = tuple(dict.fromkeys(name for builder in BUILDERS for name in builder.files))
LINE = "markdown_extensions: [galley]"
EXTENSION = "galley"
DOCS = "docs_dir"
FORMER = re.compile(r"^[^#]*!!python/name:galley\.")  # how a fence was declared before the extension declared it
FORMER_NAMES = ("galley.site", "galley.render")
TABLE = re.compile(r"^\s*(?:\[(?:project\.)?markdown_extensions\b|(?:project\.)?markdown_extensions\s*[=.])")


@dataclass(frozen=True)
class Extensions:
    """The Markdown extensions in a builder's settings, their place, and how to add galley's extension to them."""

    names: tuple[str, ...]
    place: Place
    add: str  # what to do, with the exact line
    options: tuple[str, ...] = ()  # that galley is given there, and does not have


def switched_off(guide: Guide) -> list[Finding]:
    """The findings that keep a builder from rendering the guide's fences; none in a guide without fences and cells."""
    root = guide.project.root
    files = settings_files(root)
    if not guide.fences:
        return [finding for file in files if guide.snippets for finding in _elsewhere(guide.project, file)]
    if not files:
        what = f"there is no settings file of a site builder: {', '.join(NAMES)}"
        mend = f"write one, with the lines: site_name: A guide; {LINE}"
        return [Finding(KIND, Place(Path("mkdocs.yml")), what, mend)]
    return [finding for file in files for each in (_elsewhere, _of_file) for finding in each(guide.project, file)]


def settings_files(root: Path) -> list[Path]:
    """The builders' settings files in a folder, in the order in which the builders look for them."""
    return [root / name for name in NAMES if (root / name).is_file()]


def _of_file(project: Project, file: Path) -> Iterator[Finding]:
    try:
        found = extensions_of(project, file)
    except UnreadableError as error:
        yield Finding("unreadable", error.place or Place(file), error.what)
        return
    yield from outdated(project, file, found)
    if found.options:
        what = f"markdown_extensions gives galley the option '{found.options[0]}', and it has none"
        yield Finding(KIND, found.place, what, "leave its options out")
    if not {EXTENSION, *FORMER_NAMES} & set(found.names):
        what = "pages have galley's fences, and markdown_extensions does not name galley, which renders them"
        yield Finding(KIND, found.place, what, found.add)


def _elsewhere(project: Project, file: Path) -> Iterator[Finding]:
    """A finding where the builder makes the site of other pages than galley reads."""
    try:
        name, place = _docs_dir(project, file)
    except UnreadableError:
        return  # whoever looks for the extension tells it
    folder = Path(os.path.normpath(project.root / name))
    if os.path.realpath(folder) == os.path.realpath(project.docs):
        return
    what = f"the builder makes its site of the pages in {name}, and galley reads {project.relative(project.docs)}"
    yield Finding(OTHER_PAGES, place, what, f'set docs = "{name}" under [tool.galley], or another {DOCS} here')


def _docs_dir(project: Project, file: Path) -> tuple[str, Place]:
    """The builder's folder of pages and where the settings say it; raises UnreadableError where they cannot be read."""
    if file.suffix == ".toml":
        settings, _ = _tables(project, file)
        return str(settings.get(DOCS, "docs")), Place(project.relative(file))
    found = [(place, str(node.value)) for place, node in _values(project, file, DOCS, ()) if node.id == "scalar"]
    place, name = found[0] if found else (Place(project.relative(file)), "docs")
    return name, place


def outdated(project: Project, file: Path, found: Extensions) -> Iterator[Finding]:
    """The findings for settings as galley 0.1 had them: the builder would import modules that are gone."""
    if old := next((name for name in found.names if name in FORMER_NAMES), ""):
        yield Finding(KIND, found.place, f"markdown_extensions names {old}, as it did once", "write instead: galley")
    lines = file.read_text(encoding="utf-8-sig", errors="replace").split("\n")
    at = next((number for number, line in enumerate(lines, start=1) if FORMER.match(line)), 0)
    if at:
        what = "galley's fence is declared by hand, as it was once"
        mend = "take the custom fence with !!python/name:galley… away; `- galley` under markdown_extensions declares it"
        yield Finding(KIND, Place(project.relative(file), at), what, mend)


class UnreadableError(GalleyError):
    """A settings file that is not YAML or TOML."""


def extensions_of(project: Project, file: Path) -> Extensions:
    """The Markdown extensions that a builder's settings name; raises UnreadableError where they cannot be read."""
    return _toml(project, file) if file.suffix == ".toml" else _yaml(project, file)


def _tables(project: Project, file: Path) -> tuple[dict[str, Any], str]:
    """What a settings file in TOML says, and its text; raises UnreadableError."""
    text = _text(project, file)
    try:
        settings = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is no error of TOML's own
        raise UnreadableError(f"not readable as TOML: {error}", Place(project.relative(file))) from error
    tables = settings.get("project", settings)
    return tables if isinstance(tables, dict) else {}, text


def _toml(project: Project, file: Path) -> Extensions:
    (tables, text), shown = _tables(project, file), project.relative(file)
    found = tables.get("markdown_extensions")
    at = next((number for number, line in enumerate(text.split("\n"), start=1) if TABLE.match(line)), 0)
    add = "add the line: [project.markdown_extensions.galley]"
    if found is None:  # a first name replaces the many extensions that Zensical brings by itself
        add += ", and tables for those of Zensical's own extensions that the pages use"
    if isinstance(found, list):
        add = 'add to the list: "galley"'
        given = [each[EXTENSION] for each in found if isinstance(each, Mapping) and EXTENSION in each]
        return Extensions(tuple(map(_item_name, found)), Place(shown, at), add, _options(given))
    named = dict(found) if isinstance(found, Mapping) else {}
    return Extensions(tuple(named), Place(shown, at), add, _options([named.get(EXTENSION)]))


def _options(given: Sequence[Any]) -> tuple[str, ...]:
    """The names of what galley is given as options; a value that holds none by name counts as it is."""
    return tuple(str(name) for each in given if each for name in (each if isinstance(each, Mapping) else [each]))


def _item_name(item: Any) -> str:
    return str(next(iter(item), "")) if isinstance(item, Mapping) else str(item)


def _yaml(project: Project, file: Path) -> Extensions:
    found = _values(project, file, "markdown_extensions", ())
    if not found:
        return Extensions((), Place(project.relative(file)), f"add the line: {LINE}")
    place, node = found[0]
    merged = [each for _, each in found if each.id == "mapping"] if node.id == "mapping" else [node]
    names = tuple(name for each in merged for name in _names(each))
    options = tuple(name for each in merged for name in _given(each))
    column = node.value[0][0].start_mark.column if node.id == "mapping" and node.value else node.start_mark.column
    if node.id not in ("mapping", "sequence") or node.flow_style:
        one = f"{EXTENSION}: {{}}" if node.id == "mapping" else EXTENSION
        return Extensions(names, place, f"add to it: {one}" if names else f"write it as: {LINE}", options)
    one = f"{EXTENSION}: {{}}" if node.id == "mapping" else f"- {EXTENSION}"
    return Extensions(names, place, f"add below it the line: {' ' * column}{one}", options)


def _given(node: Node) -> list[str]:
    """The names of the options that galley is given in a list or a mapping of extensions."""
    pairs = node.value if node.id == "mapping" else []
    if node.id == "sequence":
        pairs = [pair for each in node.value if each.id == "mapping" for pair in each.value]
    found = []
    for value in (value for key, value in pairs if _text_of(key) == EXTENSION):
        if value.id == "mapping":
            found += [_text_of(name) for name, _ in value.value]
        elif value.value not in ("", "null", "~", "{}"):
            found.append(_text_of(value) or "[]")
    return found


def _names(node: Node) -> list[str]:
    if node.id == "mapping":
        return [_text_of(key) for key, _ in node.value]
    items = node.value if node.id == "sequence" else []
    return [_text_of(each.value[0][0] if each.id == "mapping" and each.value else each) for each in items]


def _text_of(node: Node) -> str:
    """The text of a node; empty for a list or a table, which may hold itself or have no bottom."""
    return str(node.value) if node.id == "scalar" else ""


def _values(project: Project, file: Path, name: str, below: tuple[Path, ...]) -> list[tuple[Place, Node]]:
    """The value of a setting and its place, in a file and then in those that it inherits from.

    A list takes the place of an inherited one; a mapping adds to it.
    """
    import yaml

    shown = project.relative(file)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = _text(project, file)
    if line := too_deep(text):
        raise UnreadableError("not readable as YAML: it is nested too deeply", Place(shown, line))
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = f"not readable as YAML: {getattr(error, 'problem', None) or error}"
        raise UnreadableError(what, Place(shown, mark.line + 1 if mark else 0)) from error
    entries = {_text_of(key): (key, value) for key, value in root.value} if root and root.id == "mapping" else {}
    found = []
    if name in entries:
        key, value = entries[name]
        found.append((Place(shown, key.start_mark.line + 1), _resolved(value)))
    if "INHERIT" in entries:
        parent = Path(os.path.normpath(file.parent / _text_of(entries["INHERIT"][1])))
        if parent.is_file() and parent not in (*below, file):
            found += _values(project, parent, name, (*below, file))
    return found


def _resolved(node: Node) -> Node:
    """A node that is what its `!ENV` stands for, and so are the items of a list; each keeps the place of its tag.

    What stands deeper names no extension, and a list that holds itself has no deepest item.
    """
    if node.tag == "!ENV":
        return _with_values(node)
    if node.id == "sequence":
        node.value = [_with_values(each) if each.tag == "!ENV" else each for each in node.value]
    return node


def _with_values(node: Node) -> Node:
    """The value of an environment variable, or its default, as a node."""
    import yaml
    from yaml_env_tag import add_env_tag

    loader = add_env_tag(type("Loader", (yaml.SafeLoader,), {}))("")
    try:
        value = loader.construct_document(node)
    except yaml.YAMLError:
        return node  # the builder tells what is wrong with it
    made = yaml.representer.SafeRepresenter().represent_data(value)
    for each in (made, *(part for pair in made.value if made.id == "mapping" for part in pair)):
        each.start_mark = node.start_mark
    return made


def _text(project: Project, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"cannot be read: {error}", Place(project.relative(file))) from error
