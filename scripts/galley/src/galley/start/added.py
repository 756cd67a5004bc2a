"""Puts galley into a guide that is there: its extension, its settings, what git should know, an example if asked.

In the command. Nothing is written: what is found out are the changes, which the command shows or writes.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Any

from galley.config import FILE, TABLE, Project, project_of
from galley.errors import Place, RefusedError, UsageError
from galley.site.switched_on import extensions_of, settings_files
from galley.site.typed import typed_by_hand
from galley.source.guide import Guide, read_guide
from galley.source.shadows import in_the_way, refuse_shadows
from galley.start import in_toml
from galley.start.changes import Change, text_of
from galley.start.in_yaml import UnprovenError
from galley.start.known_to_git import known_to_git
from galley.start.library import library_of
from galley.start.made import GALLEY, TEMPLATES
from galley.start.named import NOTHING, docs_of, named
from galley.toml import Reader, table_in
from galley.words import counted

EXAMPLE = TEMPLATES / "example"
PLACEHOLDERS = ("page-of-the-guide/mean", "page-of-the-guide.py")
SHOWN = 5  # errors that a message names


@dataclass(frozen=True)
class Plan:
    """What is to be changed, with the guide as galley reads it then; its pages are those before the change."""

    changes: tuple[Change, ...]
    guide: Guide


def plan(root: Path, snippets: str = "", example: str = "") -> Plan:
    """The changes that put galley into the guide in a folder; none where it is there already.

    `snippets` names the folder of the snippet files, and `example` a page to which a section with a cell is added.
    Raises RefusedError where it cannot be shown that nothing else would change, and GalleyError for what cannot be
    read.
    """
    files = settings_files(root)
    if not files:
        raise RefusedError("there is no settings file of a site builder here", Place(root), _where_one_is(root))
    for file in files:
        extensions_of(Project(root=root), file)  # whose error for a file that cannot be read has its line
    settings, project = _settings(root, files, snippets)
    lines = {change.path: change for file in files if (change := named(project, file))}
    guide = read_guide(project)
    if lines:
        _refuse_errors(guide)
    changes = [*settings, *known_to_git(project), *lines.values(), *_example(guide, example)]
    return Plan(tuple(changes), guide)


def _where_one_is(root: Path) -> str:
    if above := next((each for each in root.parents if settings_files(each)), None):
        return f"go to the folder that has one: cd {os.path.relpath(above, root)}"
    return "go to the folder that has mkdocs.yml, properdocs.yml or zensical.toml; galley new DIR starts a guide"


def _settings(root: Path, files: Sequence[Path], snippets: str) -> tuple[list[Change], Project]:
    """The change of pyproject.toml, where it lacks the settings, and the project with them."""
    text = text_of(root, FILE)
    if text is not None and (found := table_in(root / FILE, TABLE)):
        if snippets:
            what = "[tool.galley] is there already, and says where the snippet files are"
            raise UsageError(what, Place(FILE), "leave --snippets out")
        return [], project_of(root, found[0], Reader(FILE, found[1], TABLE))
    docs = docs_of(root, files)
    if not (root / docs).is_dir():
        raise RefusedError("there is no such folder, and the pages should be in it", Place(Path(docs)), "make it first")
    own = {key: value for key, value in (("docs", docs), ("snippets", snippets)) if value not in ("", key)}
    if wrong := next((each for each in own.values() if not each.isprintable() or set(each) & set('"\\')), None):
        raise UsageError(f"{wrong!r} has characters that no folder of galley's may have", mend="rename the folder")
    lines = [*(["[tool.galley]"] if own else []), *(f'{key} = "{value}"' for key, value in own.items())]
    lines += [*([""] if own else []), "[tool.galley.profiles.laptop]", "required = true"]
    table: dict[str, Any] = {**own, "profiles": {"laptop": {"required": True}}}
    try:
        new = in_toml.with_table(text or "", lines, {"tool": {"galley": table}})
    except UnprovenError as error:
        mend = f"add these settings by hand: {'; '.join(filter(None, lines))}"
        raise RefusedError(f"{error.what}; {NOTHING}", Place(FILE, error.line), mend) from error
    made = Change(FILE, text, new, "the settings of galley")
    return [made], project_of(root, tomllib.loads(new)["tool"]["galley"], Reader(FILE, "\n".join(lines), TABLE))


def _refuse_errors(guide: Guide) -> None:
    """Raises RefusedError where galley would not take the pages and snippet files: the site would no longer build."""
    if not guide.errors:
        return
    told = [f"    {each.place}: {each.what}" for each in guide.errors[:SHOWN]]
    what = f"galley would stop the build at {counted(len(guide.errors), 'place')}; {NOTHING}"
    mend = "a Python fence with exec, cell or list is galley's: move its code into a snippet file, and name the cell"
    if any(each.place and each.place.path.suffix == ".py" for each in guide.errors):
        mend = "a Python file with lines that begin with # %% is read as cells: name another folder with --snippets DIR"
    raise RefusedError("\n".join([what, *told]), None, mend)


def _example(guide: Guide, page: str) -> list[Change]:
    """The changes that give a page a section with a cell: its snippet file, and the page; none if it shows a cell."""
    if not page:
        return []
    project = guide.project
    docs = project.docs.relative_to(project.root)
    path = docs / PurePosixPath(page.removeprefix(f"{docs.as_posix()}/"))
    if path.suffix != ".md" or ".." in path.parts or not (project.root / path).is_file():
        raise UsageError("there is no such page", Place(path), f"name one that is in {docs.as_posix()}, with its .md")
    stem = path.relative_to(docs).with_suffix("").as_posix().replace("-", "_")
    if guide.shown_on(path):
        return []
    file = project.snippets.relative_to(project.root) / f"{stem}.py"
    if os.path.lexists(project.root / file):
        raise RefusedError("is there already", Place(file), f"show a cell of it on {path.as_posix()} yourself")
    code = (EXAMPLE / "example.py").read_text(encoding="utf-8")
    refuse_shadows(code, project.root / file, file, in_the_way(project.snippets))
    text = text_of(project.root, path) or ""
    section = (EXAMPLE / "section.md").read_text(encoding="utf-8")
    for placeholder, name in zip(PLACEHOLDERS, (f"{stem}/mean", file.as_posix()), strict=True):
        section = section.replace(placeholder, name)
    end = "\r\n" if "\r\n" in text else "\n"
    ended = text[len(text.rstrip()) :].count("\n")
    gap = end * (2 - min(2, ended)) if text.strip() else ""
    new = f"{text}{gap}{section.replace(chr(10), end)}"
    return [Change(file, None, code, "an example cell"), Change(path, text, new, "a section that shows it")]


def next_steps(found: Plan) -> list[str]:
    """What to tell the user of a guide that galley came into, the commands of a shell last."""
    root = found.guide.project.root
    own = library_of(GALLEY)
    told = [f"what builds the site elsewhere needs this, too: pip install {quote(own.requirement)}"]
    if own.place.startswith("file:"):
        told = [f"what builds the site elsewhere needs {GALLEY}, too, and not from {own.place}, which is here alone"]
    if typed := typed_by_hand(found.guide):
        blocks = counted(len(typed), "block")
        told.append(f"galley check will tell {blocks} of output that nobody ran, the first at {typed[0].place}")
    names = {each.suffix: each.stem for each in reversed(settings_files(root))}
    builder = names.get(".yml") or names.get(".yaml") or names[".toml"]
    return [*told, "    galley run", "    galley check", f"    {builder} build --strict"]
