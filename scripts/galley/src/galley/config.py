"""The project that a command works on: its folders, profiles and hooks, as `[tool.galley]` states them.

In every process, but read in the command and in the builder alone. Each setting is a field of `Project`, or of
`Profile` in `galley.profile`: the field's type says what the value must be, its description what the setting is for.
The messages of errors and the documentation are made from both.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from galley.errors import GalleyError, Place, UsageError
from galley.folders import FileName, files_inside, folders_inside, links_inside
from galley.profile import LATE, SHOWN, Profile, profiles_in
from galley.toml import (
    Builder,
    Bytes,
    Directive,
    Folder,
    Hook,
    Member,
    Members,
    Modules,
    Reader,
    Sandbox,
    Seconds,
    Sources,
    Text,
    Texts,
    Variable,
    VariableValue,
    YesNo,
    line_of,
    says,
    table_in,
)

FILE = Path("pyproject.toml")
TABLE = ("tool", "galley")
FILES = ("lock", "mutations", "signers")  # the settings that name a file of the project

# Why a setting cannot influence what a page shows, where several have the same reason.
OPENED = "What a page opens in that folder is a dependency of its own."
QUOTED = "Only messages quote it."


@dataclass(frozen=True, kw_only=True)
class Project:
    """One checkout and its `[tool.galley]` settings; every path is absolute."""

    root: Path
    docs: Annotated[Folder, says("The folder of the pages, from the folder of pyproject.toml.", cannot=OPENED)] = Path(
        "docs"
    )
    snippets: Annotated[
        Folder,
        says(
            "The folder of the snippet files and of what they import.",
            reaches="A page knows its own file, and imports what lies beside it.",
        ),
    ] = Path("snippets")
    outputs: Annotated[
        Folder,
        says("The folder of the records; `outputs` in the folder of the snippets when not given.", cannot=OPENED),
    ] = Path("snippets/outputs")
    profiles: Annotated[
        tuple[Profile, ...],
        says(
            "What the pages run on, as tables `[tool.galley.profiles.NAME]`.",
            cannot="The settings of each profile say it for themselves.",
        ),
    ] = ()
    imports: Annotated[
        Modules,
        says(
            "Modules that the runner imports once, before any page.",
            reaches="What is imported before a page runs can set it up otherwise.",
        ),
    ] = ()
    links: Annotated[
        Texts,
        says(
            "Files and folders in the folder of the snippets that each page finds in its own folder.",
            reaches="A page finds them in its working folder.",
        ),
    ] = ()
    packages: Annotated[
        Texts,
        says(
            "Packages whose versions stand in each record, beside those that its page imported.",
            cannot="It adds to what a record notes; the code of a page does not see it.",
        ),
    ] = ()
    line: Annotated[
        Texts,
        says("Names of what stands under each output: provenance and packages; all else is folded.", cannot=SHOWN),
    ] = ()
    lock: Annotated[
        Text,
        says(
            "The file that pins what the pages import, from the folder of pyproject.toml; a manifest names its digest.",
            cannot="A record has the versions themselves.",
        ),
    ] = ""
    relock: Annotated[
        Text,
        says(
            "The command that makes that file and what is made of it anew; `galley update --apply` runs it.",
            cannot="It writes pins; a record has the versions themselves.",
        ),
    ] = ""
    signers: Annotated[
        Text,
        says(
            "The file that lists who may sign a manifest, in the form of OpenSSH's `allowed_signers`.",
            cannot="It says whose signature counts.",
        ),
    ] = ""
    machine: Annotated[
        Texts,
        says(
            "Names of facts of the hook `provenance` that another machine may state otherwise, such as a processor's.",
            cannot="`galley test` alone asks it: of any other fact, a difference is told as one.",
        ),
    ] = ()
    plugins: Annotated[
        Members,
        says(
            "Plug-ins of the guide, in modules that are installed or in the folder of the snippets.",
            reaches="A kind of output among them can take any value of a page.",
        ),
    ] = ()
    sandbox: Annotated[
        Sandbox,
        says('"on": as the system can; "required": a page needs it whole.', reaches="It bars what a page reads."),
    ] = "on"
    reads: Annotated[
        Texts, says("Patterns of paths that a page may read beside the project.", reaches="A page reads what is there.")
    ] = ()
    files: Annotated[
        Mapping[FileName, Text],
        says("Files of the site: a file's path by its name there; for a name in `.zip`, a folder's.", cannot=SHOWN),
    ] = field(default_factory=dict)
    install: Annotated[
        Text, says("The command that installs what the pages import, which messages quote.", cannot=QUOTED)
    ] = ""
    mutations: Annotated[
        Text,
        says(
            "A file with the results of mutations, from the folder of pyproject.toml: each claim must be in it.",
            cannot="It says of claims what broke them, and no page sees it.",
        ),
    ] = ""
    mutate: Annotated[Text, says("The command that writes that file, which messages quote.", cannot=QUOTED)] = ""
    builder: Annotated[
        Builder,
        says("The program that `galley build` builds the site with, from `mkdocs.yml`.", cannot=SHOWN),
    ] = "mkdocs"
    csp: Annotated[
        YesNo, says("Whether the site has a Content-Security-Policy, which a build computes.", cannot=SHOWN)
    ] = False
    csp_sources: Annotated[
        Mapping[Directive, Sources],
        says("What that policy lets pages load from elsewhere, by directive: what scripts load too.", cannot=SHOWN),
    ] = field(default_factory=dict)
    markdown: Annotated[
        YesNo, says("Whether each page is in the site as Markdown too, with its outputs.", cannot=SHOWN)
    ] = False
    environment: Annotated[
        Mapping[Variable, VariableValue],
        says(
            "Environment variables that each page sees, beside a few fixed ones.",
            reaches="The code of a page reads the variables.",
        ),
    ] = field(default_factory=dict)
    hooks: Annotated[
        Mapping[Hook, Member],
        says(
            "Functions of the guide that galley calls, by the names of the hooks.",
            reaches="They set a page up, and say what its values are.",
        ),
    ] = field(default_factory=dict)
    timeout: Annotated[Seconds, says("How long a cell may take that does not say so itself.", cannot=LATE)] = 60.0
    page_timeout: Annotated[Seconds, says("How long a whole page may take.", cannot=LATE)] = 600.0
    output_limit: Annotated[
        Bytes,
        says(
            "How much of one output of a cell is recorded; what is longer is cut, with a mark.",
            reaches="An output that is longer is cut.",
        ),
    ] = 65536
    derived: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What others computed from the settings and need again for each page, by a name of theirs."""

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
        raise UsageError(f"no profile is named '{name}'", self.place("profiles"), f"the profiles here are: {known}")

    def place(self, *keys: str) -> Place:
        """The line of a setting below `[tool.galley]`, or of the nearest table above it that the file has."""
        try:
            text = (self.root / FILE).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return Place(FILE)
        return Place(FILE, line_of(text, (*TABLE, *keys)))

    @property
    def how_to_install(self) -> str:
        """What to tell a user who lacks a module that the pages import."""
        if self.install:
            return f"install what the pages import: {self.install}"
        return f"install what the pages import into the environment that runs galley: {sys.prefix}"

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
        file = folder / FILE
        if file.is_file() and (found := table_in(file, TABLE)) is not None:
            settings, text = found
            return project_of(folder, settings, Reader(FILE, text, TABLE))
    what = f"no pyproject.toml with a [tool.galley] table in {start} or above it"
    mend = "go to a guide's folder; galley new DIR starts a guide, and galley add puts galley into a site"
    raise GalleyError(what, mend=mend)


def project_of(root: Path, settings: dict[str, Any], reader: Reader) -> Project:
    """The project in a folder; raises GalleyError for a setting that cannot be."""
    values = reader.values(Project, settings, (), others=("profiles",))
    values["profiles"] = profiles_in(settings.get("profiles", {}), reader)
    snippets = values.get("snippets", Project.snippets)
    paths = {"docs": Project.docs, "outputs": snippets / "outputs", **values, "snippets": snippets}
    folders = {name: Path(os.path.normpath(root / paths[name])) for name in ("docs", "snippets", "outputs")}
    project = Project(root=root, **{**values, **folders})
    folders_inside(root, folders, reader)
    links_inside(root, project.snippets, project.links, reader)
    files_inside(root, {name: getattr(project, name) for name in FILES}, reader)
    return project
