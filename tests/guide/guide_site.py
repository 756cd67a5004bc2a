"""The guide's own site, built from a copy of what is committed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from galley.config import find_project
from galley.site.build import protect_site
from screenshots import pages

ROOT = Path(__file__).parents[2]
BELOW = "scripts/galley"  # where galley's own documentation is a guide, whose site lies below this one
DOCS = "galley-docs"  # the folder of that site
ADDRESSES = ("SITE_URL", "REPO_URL")  # the variables that mkdocs.yml asks for
BUILDERS = {
    "mkdocs": ["-m", "mkdocs", "build", "--strict"],
    "zensical": ["-m", "zensical", "build", "--clean"],
    "properdocs": ["-m", "properdocs", "build", "--strict", "-f", "mkdocs.yml"],
}
# mike, which publishes several versions of a site, takes the slash from the end of its address.
AS_MIKE = "def on_config(config):\n    config.site_url = config.site_url.rstrip('/')\n"


def own_pages(site: Path) -> list[str]:
    """The address of each page of the guide itself, without those of galley's documentation."""
    return [page for page in pages(site) if page.partition("/")[0] != DOCS]


def pages_of_galley(site: Path) -> list[str]:
    """The address of each page of galley's documentation."""
    return [page for page in pages(site) if page.partition("/")[0] == DOCS]


def copied(folder: Path) -> None:
    """Put into a folder what the site is built from."""
    for part in ("docs", "snippets", "scripts/theme", "scripts/model", f"{BELOW}/docs", f"{BELOW}/snippets"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("mkdocs.yml", "pyproject.toml", "CHANGELOG.md", f"{BELOW}/mkdocs.yml", f"{BELOW}/pyproject.toml"):
        shutil.copy(ROOT / part, folder / part)


def built(folder: Path, builder: str = "mkdocs", **addresses: str) -> Path:
    """The site as a builder makes it in a folder, with its policy; without addresses it states none."""
    copied(folder)
    settings = folder / "mkdocs.yml"
    if addresses:
        (folder / "as_mike.py").write_text(AS_MIKE, encoding="utf-8")
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace("\nhooks:\n", "\nhooks:\n  - as_mike.py\n"), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if name not in ADDRESSES}
    environment = {**kept, "NO_MKDOCS_2_WARNING": "1", **addresses}
    command = [sys.executable, *BUILDERS[builder]]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{builder}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    protect_site(find_project(folder), folder / "site")
    return folder / "site"
