"""Compile constraints.txt and the locks (`make constraints`): python scripts/compile_locks.py [--digests]

constraints.txt holds the version of everything. What is pinned there stays as long as it satisfies both files; remove a
line to have a newer version. pip-tools resolves, with the index that pip is configured with.

Each lock holds, for the packages that its part of the environment adds to the parts before it, that version and the
digests of all files that PyPI lists for it: wheels of every platform and Python. They are PyPI's own, whatever index a
machine installs from. `--digests` writes the locks for the versions as they stand, and asks for nothing newer.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import Request, urlopen

from packaging.requirements import Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
LOCKS = ROOT / "scripts" / "locks"
INDEX = "https://pypi.org/simple"
# The parts of the environment, each with the groups of requirements that it adds; the Makefile installs them in turn.
PARTS = {"site": ("", "build"), "run": ("run",), "dev": ("dev",)}
# Indexes serve other files of torch to other machines: for a processor alone, or for a certain CUDA.
WITHOUT_DIGEST = ("torch",)
# pip comes with Python's venv, and nothing verifies the program that verifies. setuptools is pinned as all others are.
OPTIONS = (
    *("--quiet", "--strip-extras", "--annotation-style=line", "--no-header", "--unsafe-package=pip"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host", "--no-emit-options"),
)
PIN = re.compile(r"^([a-z0-9-]+)==([^\s+]+)\S*(?: +# via (.*))?$", re.MULTILINE)
ENTRY = re.compile(r"^([a-z0-9-]+)==(?:.*\\\n)*.*$", re.MULTILINE)
DIGEST = re.compile(r"--hash=sha256:([0-9a-f]{64})\b")
TITLE = (
    "# Every version that this project is tested with, and what asks for it. Made by 'make constraints'; not edited by"
    " hand.\n"
)


def wanted(groups: tuple[str, ...]) -> list[str]:
    """The requirements in these groups of the guide and of galley; the group '' is what each always needs."""
    lines = []
    for file in (ROOT / "pyproject.toml", ROOT / "scripts" / "galley" / "pyproject.toml"):
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        each = {"": project["dependencies"], **project.get("optional-dependencies", {})}
        # pip-compile cannot read the requirement of galley by its place; galley's own requirements are here.
        lines += [line for group in groups for line in each.get(group, []) if "{root:uri}" not in line]
    return lines


def compile_versions() -> None:
    """Write constraints.txt: pip-compile keeps the versions that it finds there."""
    command = [sys.executable, "-m", "piptools", "compile", *OPTIONS, f"--output-file={CONSTRAINTS}", "-"]
    requirements = "\n".join(wanted(tuple(group for groups in PARTS.values() for group in groups)))
    subprocess.run(command, input=requirements, text=True, check=True, cwd=ROOT)
    keep_versions(CONSTRAINTS.read_text(encoding="utf-8"))


def keep_versions(text: str) -> None:
    """Write constraints.txt from what pip-compile wrote: each version, and the packages that need it."""
    lines = []
    for name, version, by in sorted(PIN.findall(text)):
        # A local version (torch's +cpu) is carried by no public index under that name, and PIN leaves it out. What is
        # asked for by the files themselves (`-r -`) stands in these.
        needed_by = ", ".join(one for one in by.split(", ") if one and not one.startswith("-"))
        lines.append(f"{name}=={version}  # via {needed_by}\n" if needed_by else f"{name}=={version}\n")
    CONSTRAINTS.write_text(TITLE + "".join(lines), encoding="utf-8")


def versions() -> dict[str, str]:
    """The version of each package, as constraints.txt pins it."""
    return {name: version for name, version, _ in PIN.findall(CONSTRAINTS.read_text(encoding="utf-8"))}


def askers() -> dict[str, set[str]]:
    """For each package the names of those that need it, as constraints.txt tells them."""
    found = PIN.findall(CONSTRAINTS.read_text(encoding="utf-8"))
    return {name: set(by.split(", ")) for name, _, by in found}


def closure(names: set[str], asked: dict[str, set[str]]) -> set[str]:
    """These packages, and what they need."""
    while more := {name for name, by in asked.items() if name not in names and by & names}:
        names = names | more
    return names & asked.keys()


def parts() -> dict[str, list[str]]:
    """The packages that each part adds to the parts before it."""
    asked, done, found = askers(), set[str](), {}
    for part, groups in PARTS.items():
        names = closure({canonicalize_name(Requirement(line).name) for line in wanted(groups)} | done, asked)
        found[part] = sorted(names - done)
        done |= names
    return found


def locked(part: str) -> dict[str, list[str]]:
    """The digests of each package that a lock names."""
    text = (LOCKS / f"{part}.txt").read_text(encoding="utf-8")
    return {found[1]: DIGEST.findall(found[0]) for found in ENTRY.finditer(text)}


def version_of(file: str) -> Version | None:
    """The version that a file's name states; none for a form that pip installs no more, such as an egg."""
    try:
        return parse_wheel_filename(file)[1] if file.endswith(".whl") else parse_sdist_filename(file)[1]
    except (InvalidSdistFilename, InvalidWheelFilename):
        return None


def digests(pin: tuple[str, str]) -> list[str]:
    """The digests of all files of one version of a package, as PyPI lists them."""
    name, version = pin
    request = Request(f"{INDEX}/{name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urlopen(request, timeout=60) as answer:
        files = json.load(answer)["files"]
    found = {file["hashes"]["sha256"] for file in files if version_of(file["filename"]) == Version(version)}
    if not found:
        sys.exit(f"{INDEX}/{name}/ lists no file of {name} {version}: pin another version in constraints.txt")
    return sorted(found)


def title(part: str, before: list[str]) -> str:
    """The lines at a lock's top."""
    return (
        f"# The digests of what `{part}` installs. Made by 'make constraints'; not edited by hand.\n"
        f"# Not here, since not all machines get the same files of it: {', '.join(WITHOUT_DIGEST)}.\n"
    ) + "".join(f"-r {name}.txt\n" for name in before[-1:])


def compile_locks() -> None:
    """Write the locks for the versions of constraints.txt."""
    pins = {name: version for name, version in versions().items() if name not in WITHOUT_DIGEST}
    with ThreadPoolExecutor(8) as several:
        found = dict(zip(pins, several.map(digests, pins.items()), strict=True))
    for number, (part, names) in enumerate(parts().items()):
        entries = (
            " \\\n    ".join([f"{name}=={pins[name]}", *(f"--hash=sha256:{digest}" for digest in found[name])])
            for name in names
            if name in pins
        )
        text = title(part, [*PARTS][:number]) + "".join(f"{entry}\n" for entry in entries)
        (LOCKS / f"{part}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--digests"]:
        compile_versions()
    compile_locks()
