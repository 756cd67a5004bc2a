"""A scratch environment: the packages of this one, and in front of them other releases of some.

In the command. Nothing of this environment is changed or copied. The scratch one has a folder of packages of its own,
and finds behind it all packages of this one; so only what differs is fetched and installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
import threading
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT

from galley.errors import Exit, GalleyError
from galley.update.pins import is_version
from galley.update.releases import pip_failed

Tell = Callable[[str], None]  # is told each line that is to be said

COMMAND = "from galley.cli import main; main()"
OTHER = "leave this release out, and tell its makers"
BEHIND = "galley_behind.pth"  # read by Python when it starts in the scratch environment


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    said: str

    @property
    def error(self) -> str:
        """The error with which a run of pages ended that was not a page's own, behind a colon; else empty."""
        if self.code in (Exit.OK, Exit.PAGE_FAILED):
            return ""
        blocks = [each.strip() for each in self.said.split("\n\n") if each.strip()]
        return f": {blocks[-1]}" if blocks else ""


@dataclass(frozen=True)
class ScratchEnvironment:
    """A scratch environment in a folder of its own, which whoever asked for it removes."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> ScratchEnvironment:
        """An environment without packages of its own; `folder` must not be there yet."""
        venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
        made = cls(folder)
        behind = dict.fromkeys(sysconfig.get_paths()[each] for each in ("purelib", "platlib"))
        lines = [f"import site; site.addsitedir({each!r})" for each in behind]
        (made.packages / BEHIND).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return made

    @property
    def python(self) -> Path:
        """The Python of the environment."""
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """The folder of its own packages."""
        names = {"base": str(self.folder), "platbase": str(self.folder)}
        return Path(sysconfig.get_path("purelib", "posix_prefix", names))

    def install(self, requirements: Sequence[str]) -> None:
        """Install releases in front of the others, with what they need that is not there. Raises GalleyError."""
        options = ["--disable-pip-version-check", "--no-input", "--retries", "1", "-q", "--no-warn-conflicts"]
        command = [str(self.python), "-m", "pip", "install", *options, *requirements]
        ran = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if ran.returncode:
            raise pip_failed(ran.stderr, " ".join(requirements), "")

    def versions(self, names: Sequence[str]) -> dict[str, str]:
        """The versions of packages there; a package that is not there is left out.

        Raises GalleyError where Python does not start there, and for a version that is none.
        """
        code = (
            "import sys, json\nfrom importlib import metadata\nfound = {}\n"
            "for name in sys.argv[1:]:\n"
            "    try:\n        found[name] = metadata.version(name).partition('+')[0]\n"
            "    except metadata.PackageNotFoundError:\n        pass\n"
            "print(json.dumps(found))"
        )
        command = [str(self.python), "-c", code, *names]
        ran = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        try:
            found = dict(json.loads(ran.stdout.strip().rpartition("\n")[2]))
            for name, version in found.items():
                if not is_version(version):  # it becomes part of pins, of addresses and of a branch's name
                    raise GalleyError(f"{name} says that it is of the version {version!r:.60}", mend=OTHER)
        except ValueError as error:
            last = (ran.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise GalleyError(f"with these releases Python does not start: {last}", mend=OTHER) from error
        return found

    def command(self, words: Sequence[str], root: Path) -> Ended:
        """Run a command in a project's folder, with this environment's programs in front of all others."""
        programs = os.pathsep.join([str(self.python.parent), os.environ.get("PATH", os.defpath)])
        try:
            ran = subprocess.run(
                words, cwd=root, env={**os.environ, "PATH": programs}, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT,
                text=True, errors="replace", check=False,
            )  # fmt: skip
        except OSError as error:
            return Ended(Exit.USAGE, f"{words[0]}: {error.strerror}")
        return Ended(ran.returncode, ran.stdout)

    def galley(self, arguments: Sequence[str], root: Path, tell: Tell = lambda line: None, **variables: str) -> Ended:
        """Run galley there, in a project's folder; `tell` is told each line as it comes, `variables` are its own.

        The command ends where this process does: it reads its standard input, which this process alone holds open.
        """
        command = [str(self.python), "-c", f"from {__name__} import follow; follow(); {COMMAND}", *arguments]
        said: list[str] = []
        environment = {**os.environ, **variables}
        with subprocess.Popen(
            command, cwd=root, env=environment, stdin=PIPE, stdout=PIPE, stderr=STDOUT, text=True, errors="replace"
        ) as ran:
            assert ran.stdout is not None
            for line in ran.stdout:
                said.append(line)
                tell(line.rstrip())
            code = ran.wait()
        return Ended(code, "".join(said))


def follow() -> None:
    """End this process when its standard input ends, which is when the command that started it has ended."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os._exit(Exit.INTERRUPTED)

    threading.Thread(target=wait, daemon=True).start()
