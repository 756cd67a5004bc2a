"""In the command: MkDocs' own settings, as far as galley asks for them before or without a build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from galley.config import Project
from galley.errors import GalleyError, Place, RefusedError
from galley.export.address import Site
from galley.export.offered import FOLDER
from galley.site.builders import MKDOCS

SITE_URL = "site_url"


def mkdocs_settings(project: Project) -> tuple[Path, dict[str, Any]]:
    """MkDocs' settings file and what it says, without what plug-ins make of it.

    Raises GalleyError where there is none, or where it cannot be read.
    """
    file = _file(project)
    if file is None:
        what = "there is no mkdocs.yml, which says how the site looks"
        mend = "write one, with the lines: site_name: A guide; markdown_extensions: [galley]"
        raise GalleyError(what, Place(Path(MKDOCS.files[0])), mend)
    try:
        return file, MKDOCS.settings(file)
    except (OSError, ValueError) as error:
        shown = Place(project.relative(file))
        raise GalleyError(f"cannot be read: {error}", shown, "mend what stands there") from error


def site_of(project: Project) -> Site:
    """Where readers find the site; nowhere, where the project has no settings of MkDocs.

    Raises GalleyError where the settings cannot be read.
    """
    if _file(project) is None:
        return Site()
    _, settings = mkdocs_settings(project)
    return Site.of(settings.get(SITE_URL), settings.get("repo_url"), settings.get("remote_branch", "gh-pages"))


def to_publish(project: Project) -> Site:
    """Where readers will find the site; raises RefusedError where its address is a placeholder."""
    file, settings = mkdocs_settings(project)
    site = site_of(project)
    if site.address and not site.is_local:
        return site
    lines = file.read_text(encoding="utf-8").split("\n")
    line = next((number for number, text in enumerate(lines, start=1) if text.startswith(f"{SITE_URL}:")), 0)
    what = f"{SITE_URL} is {settings.get(SITE_URL)!r:.200}, and no reader can find the site there"
    mend = f"set {SITE_URL} to the address at which the site is published, or leave out --publish"
    raise RefusedError(what, Place(project.relative(file), line), mend)


def where(project: Project, folder: Path, site: Site) -> str:
    """What to say of a site that was built into a folder."""
    shown = project.relative(folder)
    said = f"The site is in {shown}; look at it with: python -m http.server -d {shown}"
    if site.address or not project.files:
        return said
    more = f"until {SITE_URL} is the site's address, notebooks and scripts cannot fetch their files; these lie in"
    return f"{said}\n{more} {shown / FOLDER}"


def _file(project: Project) -> Path | None:
    return next((each for name in MKDOCS.files if (each := project.root / name).is_file()), None)
