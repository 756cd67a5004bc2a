"""In the command: builds the site in a temporary folder, then puts it in the place of the old site.

MkDocs builds it, or the builder that the setting `builder` names.

A site's folder may hold what galley did not make: a `.nojekyll`, a worktree's `.git`, somebody's notes; and its name
may lead somewhere else. So galley lists what it made in a file of the folder, with the digest of each file. It replaces
and removes what that list names and what still is as it was made, and nothing else: the list may come from elsewhere,
as with a clone. A folder that holds sources, or that a link leads away from, is refused.

A file that would be replaced by one with the same bytes stays, with the time at which it was written. So a program that
copies what is newer, such as rsync, copies what changed. It is faster too: some disks write the bytes of a file down
at once when it takes another one's name.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from galley import system
from galley.config import Project
from galley.errors import GalleyError, Place, RefusedError, UsageError
from galley.folders import MADE
from galley.site.builders import builder_named
from galley.site.csp import protect
from galley.site.settings import mkdocs_settings
from galley.source.digest import digest
from galley.system.whole_file import write_whole
from galley.toml import CONTROL

FRESH = f"{MADE}.new"  # a file there that takes its true name when it is whole
MOVE = "move it away, or name another folder with --site-dir"

Made = dict[str, list[str]]  # the digests of each file that galley made, by name; two while a site replaces another


def site_folder(project: Project, asked: str = "") -> Path:
    """The folder for the site: `asked`, from the working folder, or else MkDocs' setting `site_dir`.

    Raises RefusedError where nothing may be replaced there, GalleyError where the settings cannot be read.
    """
    site = Path(asked).absolute() if asked else project.root / _setting(project)
    return _checked(project, Path(os.path.normpath(site)))


def build_site(project: Project, site: Path) -> int:
    """Build the site into `site`, which `site_folder` gave; the answer is the builder's exit code.

    MkDocs runs in this very process, which is half a second faster than a process of its own. Two builds at once do not
    disturb each other: each builds in a folder of its own, and the site of the last one stays. Raises RefusedError
    where the new site has a file in the place of a file that galley did not make, and NotBuiltError where its policy
    would stop what a page has; then nothing is changed.
    """
    cache = work_folder(project)
    with system.scratch("site-", cache) as folder:
        new = folder / "site"
        settings, _ = mkdocs_settings(project)
        if code := builder_named(project.builder).build(project.root, settings, new):
            return code
        if project.csp:
            protect(project, new)
        with system.locked(cache, alone=True):
            _replace(_checked(project, site), new)
    return 0


def protect_site(project: Project, site: Path) -> None:
    """Give a site that another command has built its Content-Security-Policy; raises an error where that cannot be."""
    if not project.csp:
        what = "csp is false, and pages that were built so lack the marks that the policy needs"
        raise UsageError(what, project.place("csp"), "set csp = true under [tool.galley], and build the site again")
    if not (site / "index.html").is_file() or site.is_symlink():
        raise UsageError("is no folder of a site: it has no index.html, or is a link", Place(site), "name its folder")
    if (site / MADE).exists():
        raise RefusedError("galley build made this site, with its policy", Place(site), "nothing is left to do")
    protect(project, site)


def work_folder(project: Project) -> Path:
    """The folder of what galley makes on its way; raises RefusedError where it is reached by a link, or is none."""
    shown = Path(".cache", "galley")
    for part in (shown.parent, shown):
        if (project.root / part).is_symlink():
            raise RefusedError("is a link, and galley follows none to what it writes", Place(part), "remove the link")
        if (project.root / part).exists() and not (project.root / part).is_dir():
            raise RefusedError("is no folder, and galley works there", Place(part), "move it away")
    (project.root / shown).mkdir(parents=True, exist_ok=True)
    return project.root / shown


def _setting(project: Project) -> str:
    """MkDocs' setting `site_dir`, read without loading MkDocs' plug-ins."""
    file, settings = mkdocs_settings(project)
    named = settings.get("site_dir") or "site"
    if not isinstance(named, str) or CONTROL.search(named):
        shown = Place(project.relative(file))
        raise GalleyError(f"site_dir is {named!r:.80}, and no folder's name", shown, "write it as: site_dir: site")
    return named


def _checked(project: Project, site: Path) -> Path:
    """The site's folder as it was given; raises RefusedError where a site there would replace something else."""
    shown = Place(project.relative(site))
    if link := next((each for each in (site, *site.parents) if _leads_away(project, site, each)), None):
        what = f"the site's folder is reached by the link {project.relative(link)}, and galley follows none"
        raise RefusedError(what, shown, "remove the link, or name another folder with --site-dir")
    true = site.parent.resolve() / site.name
    sources = (project.docs, project.snippets, project.outputs, project.root / ".git", project.root / ".cache")
    if project.root.is_relative_to(true):
        raise RefusedError("the site's folder would be the project's own, or one above it", shown, _elsewhere())
    for folder in (each.resolve() for each in sources):
        if true.is_relative_to(folder) or folder.is_relative_to(true):
            what = f"the site's folder would be in {project.relative(folder)}, or hold it"
            raise RefusedError(what, shown, _elsewhere())
    if site.exists() and not site.is_dir():
        raise RefusedError("the site's folder is a file", shown, "move it away, or name another with --site-dir")
    if site.is_dir() and any(site.iterdir()) and _made(site) is None:
        what = f"the site's folder holds something, and no {MADE} says that galley made it"
        raise RefusedError(what, shown, "empty it yourself, or name another folder with --site-dir")
    return site


def _leads_away(project: Project, site: Path, part: Path) -> bool:
    """Whether a part of the path to the site's folder is a link that counts.

    Of a folder below the project's root every part below the root counts; of any other folder, only the last part.
    """
    below = site.is_relative_to(project.root)
    counts = part.is_relative_to(project.root) and part != project.root if below else part == site
    return counts and part.is_symlink()


def _elsewhere() -> str:
    return "name a folder for the site alone: site_dir in mkdocs.yml, or --site-dir"


def _made(site: Path) -> Made | None:
    """The files that galley made in a site's folder; None where it made none, or nobody can tell."""
    listed = site / MADE
    try:
        if listed.is_symlink() or not listed.is_file():
            return None
        found = msgspec.json.decode(listed.read_bytes(), type=_Listed)
    except (OSError, ValueError, RecursionError):
        return None
    names = [name for name in found.files if isinstance(name, str) and _inside(name)]
    return {name: found.sha256.get(name, []) for name in names}


class _Listed(msgspec.Struct, rename={"by": "made by"}):
    """What stands in the list."""

    files: list[Any]  # texts, unless it is forged
    sha256: dict[str, list[str]]
    by: str = "galley build; it replaces these files alone, as long as they are as it made them"


def _inside(name: str) -> bool:
    """Whether a listed name stays below the site's folder: anybody may have written the list."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\0" not in name


def _replace(site: Path, new: Path) -> None:
    """Remove the files of the old site that the new one does not have, then put each of the new in its place.

    In this order, since on some disks a name in other letters is the same file. The list names both meanwhile, so that
    the next build mends what an interruption left.
    """
    files: Made = {name: [digest((new / name).read_bytes())] for name in sorted(_names_in(new))}
    old = _made(site) or {}
    letters: Made = {}
    for name, digests in old.items():
        letters.setdefault(name.casefold(), []).extend(digests)
    there = {name: _free(site, name, letters) for name in files}
    twins = Counter(name.casefold() for name in old)  # to remove the one may be to remove the other
    kept = {name for name in old if there.get(name) in files.get(name, ()) and twins[name.casefold()] == 1}
    site.mkdir(parents=True, exist_ok=True)
    _list(site, {name: [*files.get(name, []), *old.get(name, [])] for name in {**old, **files}})
    for name in sorted(old.keys() - files.keys()):
        _remove(site, name, letters)
    for name in (each for each in files if each not in kept):
        target = site / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _move(site, new / name, target)
    _list(site, files)


def _names_in(folder: Path) -> Iterator[str]:
    """The files in a folder and below, by their paths in it; no folder is entered through a link."""
    waiting = [""]
    while waiting:
        above = waiting.pop()
        with os.scandir(folder / above) as found:
            for each in found:
                if each.is_dir(follow_symlinks=False):
                    waiting.append(f"{above}{each.name}/")
                elif each.is_file():
                    yield f"{above}{each.name}"


def _free(site: Path, name: str, old: Made) -> str:
    """The digest of the file that galley made in a file's place; empty where nothing is there.

    `name` is one of the new site's, in which no part leads upwards. Raises RefusedError where the place is taken by
    something that galley did not make.
    """
    target = site / name
    way = [site / each for each in PurePosixPath(name).parents][:-1]
    taken = next((each for each in way if each.is_symlink() or (each.exists() and not each.is_dir())), None)
    if taken is None and (target.is_symlink() or target.exists()):
        taken = target
    if taken is None:
        return ""
    if not (made := _as_made(site, taken.relative_to(site).as_posix(), old)):
        what = "the site has a file of this name, and galley did not make this one, or it was changed since"
        raise RefusedError(what, Place(taken), MOVE)
    if taken == target:
        return made
    taken.unlink()  # a file of the old site, where the new one has a folder
    return ""


def _as_made(site: Path, name: str, old: Made) -> str:
    """The digest of the file of a name in the site's folder; empty unless galley made it so, or under other letters."""
    path = site / name
    made = old.get(name.casefold(), ())
    if not made or path.is_symlink() or not path.is_file():
        return ""
    found = digest(path.read_bytes())
    return found if found in made else ""


def _move(site: Path, source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError:  # another disk
        _write(site, target, source.read_bytes())


def _remove(site: Path, name: str, old: Made) -> None:
    """Remove a file that galley made, and the folders that this leaves empty."""
    target = site / name
    way = [each for each in target.parents if each.is_relative_to(site) and each != site]
    if any(each.is_symlink() for each in way) or not _as_made(site, name, old):
        return  # no longer what galley made
    target.unlink()
    with suppress(OSError):  # not empty
        for folder in way:
            folder.rmdir()


def _list(site: Path, files: Made) -> None:
    listed = _Listed(sorted(files), files)
    _write(site, site / MADE, msgspec.json.format(msgspec.json.encode(listed), indent=1) + b"\n")


def _write(site: Path, target: Path, data: bytes) -> None:
    """Write a file of the site whole; raises RefusedError where a folder has the name under which it begins."""
    fresh = site / FRESH
    if fresh.is_dir() and not fresh.is_symlink():
        raise RefusedError("galley writes a file of this name, and there is a folder", Place(fresh), MOVE)
    write_whole(target, data, fresh)
