"""Write reference.md, beside this file, from the code that reads what it describes.

    python scripts/galley/docs/make_reference.py

A test compares the committed file with what this script writes, so the two cannot differ.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from galley.config import Project
from galley.errors import Exit
from galley.hooks import Context, Hooks
from galley.kinds.kind import Kind
from galley.profile import Profile
from galley.site.lists import List
from galley.source import fences
from galley.source.tags import OPTIONS, TAGS, Tag
from galley.toml import settings_of

FILE = Path(__file__).with_name("reference.md")
HEAD = """\
---
description: Every setting, tag, option, hook and exit code of galley, and what a plug-in may bring, made from the code.
---

<!-- Made by make_reference.py from the code that reads what it describes; not edited by hand. -->

# Reference

Every setting, every word on the line of a cell and in a fence, what a plug-in may bring, and the exit codes.
"""
SETTINGS = """\
`pyproject.toml` has them under `[tool.galley]`. Folders are from the folder of that file.
"""
PROFILES = """\
Each table `[tool.galley.profiles.NAME]` is a profile; at least one is required.
"""
TAGS_HEAD = """\
A cell begins with the line `# %% name [tag tag] option="value"`. [Every tag and option at work](at-work.md) shows
each of them. Tags and options marked *part of the record* can change what a cell's outputs are: adding or taking away
one makes the record stale. Others can be changed at any time.
"""
FENCES = """\
A page shows a cell with a fence that holds no code of its own.
"""
HOOKS = """\
`[tool.galley.hooks]` names a function of the guide's for each of these, as `module:function`, in a module of the
snippets' folder or an installed one. The first argument is what the hook is told; each hook may be left out. All but
`prepare` and `revisions` are imported when the runner starts, in this order, and checked before any page runs.
"""
PLUGINS = """\
The setting `plugins` names a guide's own, as `module:Name`, in modules that are installed or that lie in the folder of
the snippets; the entry-point group `galley.plugins` has those of distributions. A plug-in is an object, or a class that
is called without arguments. It may have `tags` and `options`, which are tuples of `galley.Tag` and
`galley.Option`; `check(cell)`, which raises `galley.errors.GalleyError` for a cell that is wrong; and
what one of the classes below has. It is loaded in every process of galley and must not import what only pages need.
Modules of the snippets' folder can be imported while it is loaded and not after that, so it imports them at the top.
"""


def reference() -> str:
    """The text of the whole page."""
    parts = [
        HEAD,
        section("Settings", SETTINGS, settings(Project)),
        section("Settings of a profile", PROFILES, settings(Profile)),
        section("Tags of a cell", TAGS_HEAD, table(("tag", "what it says"), map(_tag, TAGS))),
        section("Options of a cell", "", table(("option", "what it says"), _options())),
        section("Options of a fence", FENCES, table(("option", "what it says"), _fence_options())),
        section("Hooks", HOOKS, methods(Hooks)),
        section("What a hook is told", _said(Context), methods(Context)),
        section("Plug-ins", PLUGINS),
        section("A kind of output", _said(Kind), methods(Kind)),
        section("A list", _said(List), methods(List)),
        section("Exit codes", "", table(("code", "meaning"), ((str(int(each)), each.says) for each in Exit))),
    ]
    return "\n".join(parts)


def section(title: str, *parts: str) -> str:
    """A heading with what stands below it."""
    return "\n".join([f"## {title}\n", *(part for part in parts if part)])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def settings(kind: type[Any]) -> str:
    """The settings that are fields of a class."""
    rows = [(f"`{each.name}`", _with(each.says, each.wanted, each.default)) for each in settings_of(kind)]
    return table(("setting", "what it is for"), rows)


def methods(kind: type[Any]) -> str:
    """The public methods of a class or a protocol: each with its signature and what its docstring says."""
    found = {name: each for name, each in vars(kind).items() if not name.startswith("_")}
    functions = {name: getattr(each, "fget", each) for name, each in found.items()}
    shown = [(name, each) for name, each in functions.items() if inspect.isfunction(each)]
    return "\n".join(f"`{name}{_signature(each)}`\n:   {_said(each, indent='    ')}" for name, each in shown)


def _signature(function: Callable[..., Any]) -> str:
    """The parameters but `self`, and what comes back, without quotes around types."""
    signature = inspect.signature(function)
    given = [each for name, each in signature.parameters.items() if name != "self"]
    words = [each.name + _typed(": ", each.annotation) + _default(each) for each in given]
    return f"({', '.join(words)}){_typed(' -> ', signature.return_annotation)}"


def _typed(before: str, annotation: Any) -> str:
    return "" if annotation is inspect.Signature.empty else f"{before}{annotation}"


def _default(parameter: inspect.Parameter) -> str:
    return "" if parameter.default is inspect.Parameter.empty else f" = {parameter.default!r}"


def _said(thing: object, indent: str = "") -> str:
    """A docstring, its lines below the first one step in."""
    lines = (inspect.getdoc(thing) or "").splitlines()
    return "\n".join([*lines[:1], *(f"{indent}{line}" if line else "" for line in lines[1:])]) + "\n"


def _tag(tag: Tag) -> Sequence[str]:
    others = [*(f"`[{name}]`" for name in tag.excludes), *(f"the cell `{name}`" for name in tag.never_on)]
    excluded = f" Not with {', '.join(others)}." if others else ""
    return f"`[{tag.name}]`", f"{tag.says}{excluded}{_part(tag.outputs)}"


def _options() -> Iterable[Sequence[str]]:
    for each in OPTIONS:
        yield f"`{each.form}`", _with(each.says, each.wanted, each.default) + _part(each.outputs)


def _fence_options() -> Iterable[Sequence[str]]:
    for each in fences.OPTIONS:
        yield f"`{each.form}`", _with(each.says, each.wanted)


def _with(says: str, wanted: str, default: object = None) -> str:
    """What a word says, and below it in small print what its value must be."""
    said = f"value: {wanted}"
    if given := _toml(default):
        said += f"; {given} when not given"
    return f"{says}<br><small>{said}</small>"


def _part(outputs: object) -> str:
    return "<br><small>part of the record</small>" if outputs else ""


def _toml(value: object) -> str:
    """A default as TOML has it; nothing where there is none."""
    if value is None or value in ("", (), {}):
        return ""
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    assert isinstance(value, str | int | float | list | Mapping)
    return f"`{json.dumps(value)}`"


if __name__ == "__main__":
    FILE.write_text(reference(), encoding="utf-8")
    print(f"wrote {FILE}")
