"""Names galley's extension in the settings of a site builder, wherever these have the list of extensions.

In the command. Nothing is written: the answer is the change of one file.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from galley.config import Project
from galley.errors import Place, RefusedError
from galley.site.switched_on import EXTENSION, extensions_of, outdated
from galley.start import in_toml, in_yaml
from galley.start.changes import Change, text_of
from galley.start.in_yaml import Settings, UnprovenError

BOM = "\ufeff"
INHERIT, DOCS = "INHERIT", "docs_dir"
OF_PARENT = "see to it that what it inherits from can be read, and names galley under markdown_extensions"
AGAIN = "then run the command again"
NOTHING = "nothing was written"


def docs_of(root: Path, files: Sequence[Path]) -> str:
    """The folder of the pages, as the builders' settings name it; raises RefusedError where none is said plainly."""
    for file in files:
        try:
            said = _of_toml(root, file) if file.suffix == ".toml" else _of_yaml(root, file)
        except UnprovenError as error:
            own = 'pyproject.toml must say it under [tool.galley]: docs = "a/folder"'
            mend = own if error.what.startswith(DOCS) else error.mend or f"mend that; {AGAIN}, which names galley there"
            raise RefusedError(f"{error.what}; {NOTHING}", Place(file.relative_to(root), error.line), mend) from error
        if said is not None:
            return os.path.normpath(said).replace(os.sep, "/")
    return "docs"


def _of_toml(root: Path, file: Path) -> str | None:
    settings = tomllib.loads(_text(root, file))
    found = settings.get(in_toml.PROJECT, settings)
    return str(found[DOCS]) if isinstance(found, dict) and DOCS in found else None


def _of_yaml(root: Path, file: Path) -> str | None:
    for _, each in _chain(root, file):
        if DOCS in each.entries:
            if (said := each.plain(DOCS)) is None:
                raise UnprovenError(f"{DOCS} is no plain text", each.line(DOCS))
            return said
    return None


def named(project: Project, file: Path) -> Change | None:
    """The change that names galley's extension in a builder's settings; None where they name it.

    Raises RefusedError where it cannot be shown that nothing else would change, with the line to add by hand.
    """
    shown = file.relative_to(project.root)
    found = extensions_of(project, file)
    if wrong := next(outdated(project, file, found), None):
        raise RefusedError(f"{wrong.what}; {NOTHING}", wrong.place, f"{wrong.mend}; {AGAIN}")
    if EXTENSION in found.names:
        return None
    try:
        return _in_toml(project.root, file) if file.suffix == ".toml" else _in_yaml(project.root, file)
    except UnprovenError as error:
        what = f"{error.what}. So it cannot be shown here that no other setting would change; {NOTHING}"
        place = Place(shown, error.line) if error.mend or not found.place.line else found.place
        raise RefusedError(what, place, f"{error.mend or found.add}; {AGAIN}") from error


def _in_toml(root: Path, file: Path) -> Change:
    text = _text(root, file)
    return Change(file.relative_to(root), text, in_toml.with_extension(text, _brought), "galley's extension")


def _in_yaml(root: Path, file: Path) -> Change:
    """The change of the file itself, or of the one from which it inherits a list: a list of its own would hide that."""
    (_, own), *above = _chain(root, file)
    holder = next(((path, each) for path, each in above if in_yaml.KEY in each.entries), None)
    if in_yaml.KEY in own.entries or holder is None or holder[1].form == in_yaml.TABLE:
        return _change(root, file, own.with_extension(as_table=holder is not None), "galley's extension")
    path, parent = holder
    if parent.form != in_yaml.LIST or not path.is_relative_to(root):
        raise UnprovenError(f"{in_yaml.KEY} stands in {os.path.relpath(path, root)}, which it inherits from")
    return _change(root, path, parent.with_extension(), f"galley's extension, which {file.name} inherits")


def _change(root: Path, file: Path, new: str, says: str) -> Change:
    old = _text(root, file)
    return Change(file.relative_to(root), old, f"{BOM * old.startswith(BOM)}{new}", says)


def _chain(root: Path, file: Path) -> list[tuple[Path, Settings]]:
    """A settings file and those that it inherits from; raises UnprovenError where that cannot be followed."""
    found = {file: Settings(_text(root, file).removeprefix(BOM))}
    while INHERIT in (last := found[file]).entries:
        name = last.plain(INHERIT)
        file = Path(os.path.normpath(file.parent / (name or "")))
        if name is None or file in found or not file.is_file():
            raise UnprovenError(f"{INHERIT} names no further file", last.line(INHERIT), OF_PARENT)
        try:
            inside = file.is_relative_to(root)
            text = _text(root, file) if inside else file.read_text(encoding="utf-8")
            found[file] = Settings(text.removeprefix(BOM))
        except (OSError, UnicodeDecodeError, UnprovenError) as error:
            raise UnprovenError(f"{INHERIT} names a file that cannot be read", last.line(INHERIT), OF_PARENT) from error
    return list(found.items())


def _text(root: Path, file: Path) -> str:
    """The text of a settings file that is there."""
    text = text_of(root, file.relative_to(root))
    assert text is not None
    return text


def _brought() -> dict[str, Any]:
    """The extensions that Zensical brings where its settings name none, as TOML has them; raises UnprovenError."""
    try:
        from zensical.config import DEFAULT_MARKDOWN_EXTENSIONS
    except ImportError as error:
        what = "Zensical brings many extensions where its settings name none, and it is not installed here to name them"
        raise UnprovenError(what) from error
    found: Any = DEFAULT_MARKDOWN_EXTENSIONS  # whose type says of the options nothing but `object`
    return {name: dict(map(_as_text, options.items())) for name, options in found.items()}


def _as_text(option: tuple[str, Any]) -> tuple[str, Any]:
    """An option, which is the name of a function where it is a function: Zensical takes that from TOML."""
    name, value = option
    return name, f"{value.__module__}.{value.__qualname__}" if callable(value) else value
