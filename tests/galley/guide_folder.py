"""A throw-away guide for tests: its folders, a few lines to write pages, and the commands that work on it."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import forked
from galley.config import Project, find_project
from galley.kinds import kinds_of
from galley.record.findings import Finding, findings
from galley.record.model import Record
from galley.record.status import Status, status, store_of
from galley.run.command import Summary, run_pages
from galley.source.guide import Guide, read_guide

SETTINGS = """\
[tool.galley]
timeout = 20.0

[tool.galley.profiles.laptop]
required = true
"""

MKDOCS = """\
site_name: A guide
use_directory_urls: false
theme:
  name: {theme}
plugins: []
markdown_extensions:
  - admonition
  - pymdownx.highlight
  - galley
"""

# Plug-ins that galley has nothing to do with take half of the time of a small run.
PYTEST = [sys.executable, "-m", "pytest", *(f"-p no:{name}" for name in ("cacheprovider", "hypothesispytest", "anyio"))]

# A list of a guide's own: the claims that say which question they answer.
ANSWERS = """\
from galley.site.lists import List
from galley.kinds.markup import inline
from galley.source.tags import Option


class Answers(List):
    name, entry, columns = "answers", "answer", ("Asked & answered", "Where")
    options = (Option("asked", "The question that the claim answers.", form='asked="is it so?"'),)

    def holds(self, cell):
        return bool(cell.options["asked"])

    def row(self, each):
        return inline(each.cell.options["asked"]), each.link
"""


def command(name: str) -> str:
    """The path of a command of this very environment."""
    return str(Path(sysconfig.get_path("scripts"), name))


def quiet_environment(**changed: str) -> dict[str, str]:
    """This process's variables without CI, and with the notices of the builders off."""
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "PYTHONPATH")}
    return kept | {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"} | changed


@dataclass(frozen=True)
class GuideFolder:
    """A guide in a folder of its own; every method writes into it or asks something of it."""

    root: Path

    @classmethod
    def make(cls, root: Path, settings: str = SETTINGS, theme: str = "mkdocs") -> GuideFolder:
        """An empty guide."""
        for folder in ("docs", "snippets"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / "pyproject.toml").write_text(settings, encoding="utf-8")
        (root / "mkdocs.yml").write_text(MKDOCS.format(theme=theme), encoding="utf-8")
        return cls(root)

    def copied(self, to: Path) -> GuideFolder:
        """A copy of the guide, records and all, that a test may spoil."""
        shutil.copytree(self.root, to, dirs_exist_ok=True)
        return GuideFolder(to)

    @property
    def project(self) -> Project:
        """The project as its settings state it now."""
        return find_project(self.root)

    @property
    def guide(self) -> Guide:
        """Pages and snippet files as they are now."""
        return read_guide(self.project)

    def write(self, path: str, text: str) -> Path:
        """Write a file below the root, its text without common indentation."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
        return file

    def snippet(self, stem: str, text: str, *, shown: bool = True) -> Path:
        """Write a snippet file, and unless told otherwise a page that shows each of its cells."""
        path = self.write(f"snippets/{stem}.py", text)
        if shown:
            names = [line.split()[2] for line in dedent(text).splitlines() if line.startswith("# %% ")]
            self.page(stem.replace("_", "-"), "\n".join(fence(stem, name) for name in names))
        return path

    def page(self, name: str, body: str, title: str = "A page") -> Path:
        """Write a page with a title above its body."""
        return self.write(f"docs/{name}.md", f"# {title}\n\n{body}")

    def without_sandbox(self) -> GuideFolder:
        """Let pages do what a page in the sandbox cannot: stop their runner, or leave a file beside the guide."""
        settings = (self.root / "pyproject.toml").read_text(encoding="utf-8")
        self.write("pyproject.toml", settings.replace("[tool.galley]\n", '[tool.galley]\nsandbox = "off"\n', 1))
        return self

    def bring_answers(self) -> None:
        """Give the guide the list `answers`, of claims with `asked="a question"`."""
        self.write("snippets/mine.py", ANSWERS)
        settings = (self.root / "pyproject.toml").read_text(encoding="utf-8")
        listed = settings.replace("[tool.galley]\n", '[tool.galley]\nplugins = ["mine:Answers"]\n', 1)
        self.write("pyproject.toml", listed)

    def run(self, *pages: str, profiles: tuple[str, ...] = (), everything: bool = False, jobs: int = 0) -> Ended:
        """What `galley run` does, in this process."""
        said = io.StringIO()
        summary = run_pages(read_guide(self.project), pages, profiles, everything=everything, jobs=jobs, file=said)
        return Ended(summary, said.getvalue())

    def galley(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the `galley` command in the guide's folder."""
        return self.call([command("galley"), *arguments], **variables)

    def call(self, arguments: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
        """Run any command in the guide's folder; standard output and error come back as one."""
        environment = quiet_environment(**variables)
        if done := forked.run(arguments, self.root, environment, seconds=60):
            return subprocess.CompletedProcess(arguments, *done)
        return subprocess.run(
            arguments,
            cwd=self.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )

    def mkdocs(self) -> subprocess.CompletedProcess[str]:
        """Build the site as CI does."""
        return self.call([sys.executable, "-m", "mkdocs", "build", "--strict"])

    def status(self, stem: str, profile: str = "laptop") -> Status:
        """The state of a page's record."""
        project = self.project
        return status(project, self.guide.snippets[stem], project.profile(profile))

    def findings(self) -> list[Finding]:
        """What `galley check` finds."""
        return findings(self.guide, kinds_of(self.project))

    def record(self, page: str, profile: str = "laptop") -> Record:
        """The record of a page, which must be there and whole."""
        found = store_of(self.project).read(page, profile)
        assert found is not None
        return found

    def output(self, page: str, file: str, profile: str = "laptop") -> str:
        """The text of one recorded output."""
        return (self.project.outputs / page / profile / file).read_text(encoding="utf-8")

    def recorded(self) -> dict[str, tuple[bytes, int]]:
        """Bytes and modification time of every file of every record."""
        outputs = self.project.outputs
        files = sorted(path for path in outputs.rglob("*") if path.is_file())
        return {str(path.relative_to(outputs)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@dataclass(frozen=True)
class Ended:
    """How a run ended, and what it said."""

    summary: Summary
    said: str

    @property
    def failures(self) -> Mapping[str, str]:
        """What each page that failed is told, by page."""
        return {failure.page: str(failure) for failure in self.summary.failures}


def fence(stem: str, cell: str) -> str:
    """The fence that shows a cell."""
    return f'```python exec="on" cell="{stem}/{cell}"\n```\n'


def python(source: str) -> list[str]:
    """The command line that runs some Python source in this environment."""
    return [sys.executable, "-c", dedent(source)]
