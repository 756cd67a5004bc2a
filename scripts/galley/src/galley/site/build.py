"""In the command: builds the site with MkDocs in a temporary folder, then puts it in the place of the old site.

The site's folder may hold files that galley did not make (a `.nojekyll`, a worktree's `.git`, somebody's notes), and it
may be a link to another folder. So galley lists the files that it made in a file of the folder, and replaces and
removes only those. It refuses a folder that holds sources, and a folder that is reached by a link.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path, PurePosixPath

from galley import system
from galley.config import Project
from galley.errors import GalleyError, Place, RefusedError
from galley.site.builders import MKDOCS

MADE = ".galley-site.json"  # in the site's folder: the files there that galley made


def site_folder(project: Project, asked: str = "") -> Path:
    """The folder for the site: `asked`, from the working folder, or else MkDocs' setting `site_dir`.

    Raises RefusedError where nothing may be replaced there, GalleyError where the settings cannot be read.
    """
    site = Path(asked).absolute() if asked else project.root / _setting(project)
    return _checked(project, Path(os.path.normpath(site)))


def build_site(project: Project, site: Path) -> int:
    """Build the site into `site`, which `site_folder` gave; the answer is MkDocs' exit code.

    MkDocs runs in this very process, which is half a second faster than a process of its own. Two builds at once do not
    disturb each other: each builds in a folder of its own, and the site of the last one stays. Raises RefusedError, and
    changes nothing, where the new site has a file in the place of a file that galley did not make.
    """
    cache = project.root / ".cache" / "galley"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="site-", dir=cache) as folder:
        new = Path(folder) / "site"
        if code := MKDOCS.build(project.root, new):
            return code
        with system.locked(cache, alone=True):
            _replace(_checked(project, site), new)
    return 0


def _setting(project: Project) -> str:
    """MkDocs' setting `site_dir`, read without loading MkDocs' plug-ins."""
    file = next((each for name in MKDOCS.files if (each := project.root / name).is_file()), None)
    if file is None:
        what = "there is no mkdocs.yml, which says how the site looks"
        mend = "write one, with the lines: site_name: A guide; markdown_extensions: [galley]"
        raise GalleyError(what, Place(Path(MKDOCS.files[0])), mend)
    try:
        return MKDOCS.site_dir(file)
    except (OSError, ValueError) as error:
        raise GalleyError(f"cannot be read: {error}", Place(project.relative(file))) from error


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


def _made(site: Path) -> set[str] | None:
    """The files that galley made in a site's folder; None where the folder has no list of them that can be read."""
    try:
        if (site / MADE).is_symlink():
            return None
        names = json.loads((site / MADE).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {name for name in names if isinstance(name, str) and _inside(name)} if isinstance(names, list) else None


def _inside(name: str) -> bool:
    """Whether a listed name stays below the site's folder: anybody may have written the list."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\0" not in name


def _replace(site: Path, new: Path) -> None:
    """Put each file of the new site in its place, then remove the files of the old site that the new one does not have.

    Meanwhile the list names the files of both sites, so that the next build knows what an interruption left.
    """
    files = sorted(path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file())
    old = _made(site) or set()
    for name in files:
        _free(site, name, old)
    site.mkdir(parents=True, exist_ok=True)
    _list(site, {*files, *old})
    for name in files:
        target = site / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _move(new / name, target)
    for name in sorted(old - set(files)):
        _remove(site, name)
    _list(site, set(files))


def _free(site: Path, name: str, old: set[str]) -> None:
    """Raises RefusedError where a file's place is taken by something that galley did not make."""
    target = site / name
    way = [each for each in target.parents if each.is_relative_to(site) and each != site]
    taken = next((each for each in way if each.is_symlink() or (each.exists() and not each.is_dir())), None)
    if taken is None and (target.is_symlink() or (target.exists() and (name not in old or target.is_dir()))):
        taken = target
    if taken and (taken.is_symlink() or taken.relative_to(site).as_posix() not in old or taken.is_dir()):
        mend = "move it away, or name another folder with --site-dir"
        raise RefusedError("the site has a file of this name, and galley did not make this one", Place(taken), mend)
    if taken:
        taken.unlink()  # a file of the old site, where the new site has a folder


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError:  # the folders are on two disks: copy first, then rename the whole copy
        near = target.with_name(f"{target.name}.new")
        shutil.copyfile(source, near)
        near.replace(target)


def _remove(site: Path, name: str) -> None:
    """Remove a file that galley made, and the folders that this leaves empty."""
    target = site / name
    way = [each for each in target.parents if each.is_relative_to(site) and each != site]
    if any(each.is_symlink() for each in (target, *way)) or not target.is_file():
        return  # somebody replaced the file that galley made
    target.unlink()
    with suppress(OSError):  # not empty
        for folder in way:
            folder.rmdir()


def _list(site: Path, files: set[str]) -> None:
    text = json.dumps({"made by": "galley build; it replaces these files alone", "files": sorted(files)}, indent=0)
    fresh = site / f"{MADE}.new"
    fresh.unlink(missing_ok=True)  # writing through a link would change another file
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(site / MADE)
