"""How a reader gets what a page's code needs: commands at the head of a script, code in a notebook's first cell.

In the command and in the builder.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable

from galley.export.address import Site
from galley.export.needs import Needs
from galley.export.offered import Offered

NOTHING = "Needs: Python alone"
INSTALLS = "Installs the packages that are not here in these versions, and fetches the files that are not here."
NO_ADDRESS = "of the built site, in its folder files/ (the site has no address yet):"
CODE = """\
SITE = {site}
PACKAGES = {packages}
FILES = {files}


def fetch():
    import hashlib, io, pathlib, subprocess, sys, urllib.request, zipfile
    from importlib import metadata

    def installed(package):
        name, _, wanted = package.partition("==")
        try:
            return metadata.version(name).partition("+")[0] == wanted or not wanted
        except metadata.PackageNotFoundError:
            return False

    if missing := [package for package in PACKAGES if not installed(package)]:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *missing], check=True)
    for address, (path, digest) in FILES.items():
        path = pathlib.Path(path)
        if path.exists():
            continue
        if not SITE:
            raise FileNotFoundError(f"{{path}} is missing: set SITE to the address of the guide's site")
        with urllib.request.urlopen(SITE + address) as answer:
            data = answer.read()
        if hashlib.sha256(data).hexdigest() != digest:
            raise ValueError(f"{{SITE}}{{address}} has changed: download this notebook again")
        if address.endswith(".zip"):
            zipfile.ZipFile(io.BytesIO(data)).extractall()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


fetch()"""


def head(needs: Needs, site: Site) -> list[str]:
    """The lines that say what it takes to run a script: commands, indented, and what no command brings."""
    commands = [f"pip install {shlex.join(needs.packages)}"] if needs.packages else []
    commands += commands_of(needs.offered, site) if site.address else []
    lines = ["Needs, in the folder of this file:", *(f"    {command}" for command in commands)] if commands else []
    if needs.offered and not site.address:
        lines.append(f"Needs beside this file, {NO_ADDRESS} {', '.join(each.name for each in needs.offered)}")
    lines += elsewhere(needs, site)
    return lines or [NOTHING]


def commands_of(files: Iterable[Offered], site: Site) -> list[str]:
    """The commands that bring files of the site into the working folder."""
    found = []
    for each in files:
        where = ["-O"] if each.is_archive or each.place == each.name else ["--create-dirs", "-o", each.place]
        found.append(shlex.join(["curl", "-fsSL", *where, f"{site.address}{each.address}"]))
        if each.is_archive:
            found.append(shlex.join(["python", "-m", "zipfile", "-e", each.name, "."]))
    return found


def elsewhere(needs: Needs, site: Site) -> list[str]:
    """What a page needs and the site does not offer, and where it is."""
    repository = "the guide's repository" + (f", {site.repository}" if site.repository else "")
    groups = ((needs.links, needs.linked), (needs.source, needs.beside))
    lines = [
        f"Needs beside this file, from {each}/ in {repository}: {', '.join(names)}" for each, names in groups if names
    ]
    return lines + ([f"Needs from the root of {repository}: {', '.join(needs.declared)}"] if needs.declared else [])


def fetching(needs: Needs, site: Site) -> str:
    """The code that installs and fetches what a notebook needs; empty where it needs nothing that code can bring."""
    if not needs.packages and not needs.offered:
        return ""
    rows = "".join(f"    {_quoted(each.address)}: {_quoted([each.last, each.sha256])},\n" for each in needs.offered)
    files = f"{{  # an address on the site: the last path of the file here, and its sha256\n{rows}}}" if rows else "{}"
    return CODE.format(site=_quoted(site.address), packages=_quoted(needs.packages), files=files)


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # lists and texts are spelled alike in JSON and in Python
