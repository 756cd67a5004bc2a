"""The settings that reach a page: part of a record's key, so that a change of one makes the record stale.

In the command and in the builder. Which settings reach a page is said where each is defined, in `galley.config`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from galley.config import Project
from galley.errors import Place
from galley.plugins import plugins_of
from galley.profile import Profile
from galley.source.digest import digest
from galley.toml import Setting, settings_of

SHORT = 80  # characters of a value that stands in a record as it is; of a longer one the digest does
TABLES = ("environment", "hooks", "parameters")  # each of whose names counts by itself


def reaching(project: Project, profile: Profile) -> dict[str, str]:
    """Every setting that reaches a page under a profile, by its name, as a short text.

    A name in a table is joined to the table's with a dot: `environment.GREETING`.
    """
    known: dict[str, dict[str, str]] = project.derived.setdefault("the settings that reach a page", {})
    if profile.name not in known:
        known[profile.name] = _reaching(project, profile)
    return known[profile.name]


def _reaching(project: Project, profile: Profile) -> dict[str, str]:
    found = {
        name: value
        for kind, each in ((Project, project), (Profile, profile))
        for name, value in _of(kind, each, project)
    }
    if not project.hooks:  # the rest of the page's code has them in its cell `parameters`, whose digest knows
        found = {name: value for name, value in found.items() if not name.startswith("parameters.")}
    return {name: _short(value) for name, value in sorted(found.items())}


def changed(project: Project, profile: Profile, recorded: Mapping[str, str]) -> Iterator[tuple[str, Place]]:
    """Each setting that was another when a page was recorded, in words, and where it stands.

    A record from before galley noted settings has none, and nothing is held against it. A setting that it lacks and
    this galley knows had the default.
    """
    if not recorded:
        return
    now = reaching(project, profile)
    if now == recorded:
        return
    defaults = {
        each.name: _short(_plain(each.default, project)) for kind in (Project, Profile) for each in _known(kind)
    }
    own = {each.name for each in _known(Profile)}
    for name in sorted({*recorded, *now}):
        setting, _, part = name.partition(".")
        if setting not in defaults or (setting == "parameters" and not project.hooks):
            continue
        default = "" if part else defaults[setting]
        if recorded.get(name, default) != now.get(name, default):
            path = [setting, part] if part else [setting]
            above = ["profiles", profile.name] if setting in own else []
            yield f"the setting {name} changed", project.place(*above, *path)


def _known(kind: Any) -> list[Setting]:
    return [each for each in settings_of(kind) if each.reaches]


def _of(kind: Any, holder: Any, project: Project) -> Iterator[tuple[str, Any]]:
    for name in (each.name for each in _known(kind)):
        value: Any = _kinds(project) if name == "plugins" else getattr(holder, name)
        if name == "sandbox" and value == "required":
            value = "on"  # what a page may do is the same
        if name in TABLES:
            yield from ((f"{name}.{part}", each) for part, each in value.items() if part != "revisions")
        else:
            yield name, _plain(value, project)


def _kinds(project: Project) -> tuple[str, ...]:
    """The plug-ins that are kinds of output, those of installed distributions too; a list reaches no page's run."""
    return tuple(each.name for each in plugins_of(project).found if hasattr(each.brought, "of_value"))


def _plain(value: Any, project: Project) -> Any:
    """A value as it is the same on every machine."""
    if isinstance(value, Path):
        return project.relative(value).as_posix()
    return value


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= SHORT else digest(text)
