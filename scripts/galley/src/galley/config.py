"""The project a command works on: its folders, profiles and hooks, as `[tool.galley]` states them."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from galley.errors import GalleyError, Place, UsageError
from galley.settings import FORMS, PROFILE_FORMS, check

Literal = str | int | float | bool | None | list[Any]

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(?<!\.)")  # a file's plain name on every system
HOOKS = ("prepare", "setup", "summarise", "brief", "explain", "provenance")


@dataclass(frozen=True)
class Profile:
    """What a page runs on: values for its parameters, and whether every page must have such a record."""

    name: str
    required: bool = False
    title: str = ""
    memory_mb: int = 0  # a page's limit of private memory; 0 sets none
    parameters: Mapping[str, Literal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or self.name)


@dataclass(frozen=True)
class Project:
    """One checkout and its `[tool.galley]` settings; every path is absolute."""

    root: Path
    docs: Path
    snippets: Path
    outputs: Path
    profiles: tuple[Profile, ...]
    imports: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    line: tuple[str, ...] = ()  # what stands under each output, by name; the rest is folded
    environment: Mapping[str, str] = field(default_factory=dict)
    hooks: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 60.0  # seconds for a cell that states none
    page_timeout: float = 600.0  # seconds for a whole page
    output_limit: int = 65536

    @property
    def required(self) -> tuple[Profile, ...]:
        """The profiles under which every page must have a record."""
        return tuple(profile for profile in self.profiles if profile.required)

    def profile(self, name: str) -> Profile:
        """The profile of that name; raises UsageError when there is none."""
        for profile in self.profiles:
            if profile.name == name:
                return profile
        known = ", ".join(profile.name for profile in self.profiles)
        raise UsageError(f"no profile is named '{name}'", self.settings, f"the profiles here are: {known}")

    @property
    def settings(self) -> Place:
        """Where the settings stand."""
        return Place(Path("pyproject.toml"))

    def relative(self, path: Path) -> Path:
        """`path` as messages show it: from the project's root where it lies below it."""
        text, above = str(path), f"{str(self.root).rstrip(os.sep)}{os.sep}"  # a build asks it of every page often
        if text.startswith(above):
            return Path(text.removeprefix(above))
        return path if path != self.root else Path()


def find_project(start: Path) -> Project:
    """The project that `start` lies in: the nearest folder upwards whose pyproject.toml has `[tool.galley]`.

    Raises GalleyError when there is none, or when its settings cannot be read.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file() and (settings := _settings(file)) is not None:
            return _project(folder, settings)
    raise GalleyError(
        f"no pyproject.toml with a [tool.galley] table in {start} or above it",
        mend="run the command inside a guide's checkout",
    )


def _settings(file: Path) -> dict[str, Any] | None:
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("galley")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GalleyError(f"not readable as TOML: {error}", Place(file)) from error
    return settings if isinstance(settings, dict) else None


def _project(root: Path, settings: dict[str, Any]) -> Project:
    place = Place(Path("pyproject.toml"))
    known = {each.name for each in fields(Project)} - {"root"}
    for key in settings:
        if key not in known:
            raise GalleyError(f"[tool.galley] has no setting '{key}'", place, f"it knows: {', '.join(sorted(known))}")
    check(settings, FORMS, "tool.galley", place)
    for hook in settings.get("hooks", {}):
        if hook not in HOOKS:
            raise GalleyError(f"[tool.galley.hooks] has no hook '{hook}'", place, f"it knows: {', '.join(HOOKS)}")
    for key in ("imports", "links", "packages", "line"):
        settings[key] = tuple(settings.get(key, ()))
    snippets = settings.pop("snippets", "snippets")
    project = Project(
        root=root,
        docs=root / settings.pop("docs", "docs"),
        snippets=root / snippets,
        outputs=root / settings.pop("outputs", f"{snippets}/outputs"),
        profiles=_profiles(settings.pop("profiles", {}), place),
        **settings,
    )
    _stays_inside(project, place)
    return project


def _stays_inside(project: Project, place: Place) -> None:
    """Raises GalleyError where a setting would have galley read, link or write outside the project's own folders."""
    root = project.root
    for name in ("docs", "snippets", "outputs"):
        path: Path = getattr(project, name)
        true = Path(os.path.normpath(path))
        if (
            true == root
            or not true.is_relative_to(root)
            or (name != "docs" and not path.resolve().is_relative_to(root))
        ):
            what = f"{name} = {os.path.relpath(path, root)!r} under [tool.galley] is no folder below the project's"
            raise GalleyError(what, place, f'write it as: {name} = "a/folder", from the folder of pyproject.toml')
    for other in ("docs", "snippets"):
        if getattr(project, other).is_relative_to(project.outputs):
            what = f"outputs under [tool.galley] is the folder of {other}, or holds it"
            raise GalleyError(what, place, "records need a folder of their own, such as snippets/outputs")
    for link in project.links:
        mend = "name files or folders that lie in the snippets' folder"
        if not NAME.fullmatch(link):
            raise GalleyError(f"links under [tool.galley] has '{link}', which is no plain name", place, mend)
        if not (project.snippets / link).resolve().is_relative_to(root):
            what = f"links under [tool.galley] has '{link}', which leads outside the project"
            raise GalleyError(what, place, mend)


def _profiles(tables: dict[str, dict[str, Any]], place: Place) -> tuple[Profile, ...]:
    profiles = []
    for name, table in tables.items():
        known = {each.name for each in fields(Profile)} - {"name"}
        if unknown := set(table) - known:
            what = f"[tool.galley.profiles.{name}] has no setting '{min(unknown)}'"
            raise GalleyError(what, place, f"it knows: {', '.join(sorted(known))}")
        check(table, PROFILE_FORMS, f"tool.galley.profiles.{name}", place)
        if not NAME.fullmatch(name):
            what = f"[tool.galley.profiles] has '{name}', which cannot be a folder's name everywhere"
            raise GalleyError(what, place, "use letters, digits, '-', '_' and dots inside")
        profiles.append(Profile(name=name, **table))
    if not any(profile.required for profile in profiles):
        raise GalleyError("no profile is required", place, "set required = true under one [tool.galley.profiles.NAME]")
    return tuple(profiles)
