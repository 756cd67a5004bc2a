"""One run of pytest over a guide: what came of each cell that is a test of the run.

In pytest's process, with `--galley` alone. A page runs once for all of its cells that are tests, and as far as the last
of them. Where pytest-xdist shares the tests out, no worker knows which it will be given. So each worker begins a page
when the first of its cells comes; `--dist loadfile` keeps the cells of a page together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path

import pytest

from galley.config import Project, find_project
from galley.errors import GalleyError
from galley.profile import Profile
from galley.record.model import Name
from galley.record.status import State, status
from galley.run.backend import WAITS
from galley.run.choose import Task, narrowed, to_compare, told_held
from galley.run.command import need_machine
from galley.run.outcome import Outcome
from galley.run.protocol import Job
from galley.run.rerun import outcomes
from galley.run.reruns import Reruns
from galley.source.cells import SnippetFile
from galley.source.guide import Guide, read_guide

Selected = Mapping[Name, Collection[str]]  # the names of the cells of a page that are tests of this run


class HeldError(GalleyError):
    """A page is kept as recorded, so that nothing is compared with its record."""


class Session:
    """The guide, the profiles under which its records are compared, and what came of the pages so far."""

    def __init__(
        self, guide: Guide, profiles: Collection[Profile], say: Callable[[str], None], *, strict: bool
    ) -> None:
        """`say` writes a line on the terminal."""
        self.guide, self.profiles, self.say, self.strict = guide, profiles, say, strict
        self._open = ExitStack()
        self._refused: dict[Name, GalleyError] = {}
        self._outcomes: dict[Name, dict[str, Outcome]] = {}

    @classmethod
    def of(cls, config: pytest.Config) -> Session:
        """The session that the options ask for; raises GalleyError where there is no guide that can be read."""
        folder = config.invocation_params.dir
        given = [Path(folder, each.partition("::")[0]) for each in config.args]
        project = _first_project([folder, *(each for each in given if each.exists())])
        profiles = [project.profile(name) for name in config.getoption("galley_profile")]
        say = partial(_say, config)
        return cls(read_guide(project), profiles or project.required, say, strict=config.getoption("galley_strict"))

    @property
    def project(self) -> Project:
        """The guide's settings."""
        return self.guide.project

    @cached_property
    def pages(self) -> dict[Path, list[SnippetFile]]:
        """The snippet files of each page, by the page's path; the one of the page's own name is the first."""
        found: dict[Path, list[SnippetFile]] = {}
        for each in self.guide.snippets.values():
            found.setdefault(self.guide.page_file(each), []).append(each)
        return {path: sorted(files, key=lambda each: each.page != path.stem) for path, files in found.items()}

    def unreadable(self, page: Path) -> list[GalleyError]:
        """What is wrong with the snippet files that a page shows cells of."""
        shown = {each.file for each in self.guide.fences if each.place.path == self.project.relative(page)}
        files = [(each.place.path, each) for each in self.guide.errors if each.place]
        return [error for path, error in files if path.suffix == ".py" and path.stem in shown]

    def is_tested(self, snippets: SnippetFile, profile: Profile) -> bool:
        """Whether the cells of a page are tests under a profile: it is required, or there is a record."""
        return profile.required or status(self.project, snippets, profile).state is not State.MISSING

    def begin(self, selected: Selected) -> None:
        """Start the pages that have not begun, each as far as the last of the cells that are selected."""
        tasks = []
        for name, cells in selected.items():
            if name not in self._reruns and name not in self._refused:
                try:
                    tasks += self._tasks(name, cells)
                except GalleyError as error:
                    self._refused[name] = error
        self._reruns.begin(tasks)

    def begun(self, name: Name) -> bool:
        """Whether a page has begun, or cannot begin."""
        return name in self._reruns or name in self._refused

    def outcome(self, name: Name, cell: str) -> Outcome:
        """What came of a cell, once its page has ended.

        Raises HeldError for a page that is held, PrepareError and RefusedError where the profile cannot run here, and
        another GalleyError where nothing can be compared.
        """
        if name in self._refused:
            raise self._refused[name]
        if name not in self._outcomes:
            found = outcomes(self.project, self._reruns.result(name), strict=self.strict)
            self._outcomes[name] = {each.cell.name: each for each in found}
        return self._outcomes[name][cell]

    def pytest_sessionfinish(self) -> None:
        """Stop what still runs; with `pytest -x`, pages may."""
        self._open.close()

    @cached_property
    def _reruns(self) -> Reruns:
        return self._open.enter_context(Reruns(self.project, self._tell))

    def _tell(self, job: Job, what: str) -> None:
        """Say that a page waits for something; the cells that begin are told by their tests."""
        if what.startswith(WAITS):
            self.say(f"page {Name(job.page, job.profile)} {what}")

    def _tasks(self, name: Name, cells: Collection[str]) -> list[Task]:
        need_machine(self.project)
        snippets, profile = self.guide.find(name.page), self.project.profile(name.profile)
        found = status(self.project, snippets, profile)
        tasks, errors = to_compare([found], named=True)
        if errors:
            raise errors[0]
        if held := told_held([found]):
            raise HeldError("\n".join(held))
        narrow = narrowed(tasks, {name.page: cells})
        return [Task(each.snippets, each.profile, each.before, keep_going=True, only=each.only) for each in narrow]


def _say(config: pytest.Config, line: str) -> None:
    """Write a line on the terminal; a worker of xdist has none."""
    if terminal := config.pluginmanager.get_plugin("terminalreporter"):
        terminal.ensure_newline()
        terminal.write_line(f"galley: {line}")


def _first_project(folders: Collection[Path]) -> Project:
    """The first project that one of some folders lies in; raises GalleyError where none does."""
    errors = []
    for folder in folders:
        try:
            return find_project(folder)
        except GalleyError as error:
            errors.append(error)
    raise errors[0]
