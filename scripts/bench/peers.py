"""A peer is one function: it takes the pages and yields path and text of the files of its tree.

This module holds this project and its floors; `others.py` holds the other generators. `TREE` in a file's text stands
for the tree's own path.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.formats import EXTENSIONS, Files, mkdocs, named, snippet_file, typed_in
from bench.pages import Page

Write = Callable[[Sequence[Page]], Files]

MKDOCS = "mkdocs build"
ZENSICAL = "zensical build --clean"
HTML = "site/*/index.html"


@dataclass(frozen=True)
class Peer:
    """A generator: how its tree is written, how it is built, where the built pages are."""

    name: str
    write: Write
    venv: str  # below WORK/venvs; the build's program is looked up there first
    build: str
    site: tuple[str, ...]  # where to look for the marks
    before: str = ""  # a command that runs before the build and is not measured
    env: dict[str, str] = field(default_factory=dict)


PEERS: dict[str, Peer] = {}


def peer(name: str, venv: str, build: str, *site: str, before: str = "", **env: str) -> Callable[[Write], Write]:
    """Register the decorated function as a peer; further keywords are environment variables of its build."""

    def register(write: Write) -> Write:
        PEERS[name] = Peer(name, write, venv, build, site, before, env)
        return write

    return register


def write_tree(peer: Peer, pages: Sequence[Page], out: Path) -> None:
    """Write the peer's files; only those whose text changed, so an edit touches one file."""
    for path, text in peer.write(pages):
        target, wanted = out / path, text.replace("TREE", str(out))
        if not target.exists() or target.read_text(encoding="utf-8") != wanted:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(wanted, encoding="utf-8")


@peer("zensical-static", "zensical-static", ZENSICAL, HTML)
@peer("static", "material", MKDOCS, HTML)
def static(pages: Sequence[Page]) -> Files:
    """The floor of every build: the same pages with their outputs typed in."""
    yield from mkdocs("plugins: [search]\n")
    for page in pages:
        yield f"docs/{page.name}.md", typed_in(page)


AHEAD = (Path(__file__).parents[2] / "snippets" / "loading" / "ahead.py").read_text(encoding="utf-8")
SETTINGS = """[tool.galley]
imports = [IMPORTS]
[tool.galley.environment]
HF_HUB_OFFLINE = "1"
TOKENIZERS_PARALLELISM = "false"
HF_HUB_DISABLE_PROGRESS_BARS = "1"
BENCH_RUNS = "TREE/runs.txt"
BENCH_DATA = "TREE/data.txt"
[tool.galley.profiles.laptop]
required = true
"""


@peer("galley", "galley", "galley build", HTML)
@peer("galley-mkdocs", "galley", MKDOCS, HTML, before="galley run")
@peer("galley-zensical", "galley-zensical", ZENSICAL, HTML, before="galley run")
def galley(pages: Sequence[Page]) -> Files:
    """This project: the code in snippet files, the records made by `galley` where they are missing or stale."""
    models = any("torch" in cell for page in pages for cell in page.cells)
    yield "pyproject.toml", SETTINGS.replace("IMPORTS", '"torch", "transformers", "peft", "ahead"' if models else "")
    if models:
        yield "snippets/ahead.py", AHEAD
    yield from mkdocs("plugins: [search]\n", f"markdown_extensions: [{', '.join((*EXTENSIONS, 'galley'))}]\n")
    for page in pages:
        yield f"docs/{page.name.replace('_', '-')}.md", named(page)
        yield f"snippets/{page.name}.py", snippet_file(page)


@peer("galley-named", "galley-zensical", "galley build", HTML)
def named_builder(pages: Sequence[Page]) -> Files:
    """The same, where the guide names Zensical as its builder."""
    for path, text in galley(pages):
        yield path, text.replace("[tool.galley]", '[tool.galley]\nbuilder = "zensical"', 1)


BARE = """import contextlib, io, json

loaded = {}
out = open("out.txt", "w")
for number, cells in json.load(open("pages.json")):
    space = {}
    for cell in cells:
        if "from_pretrained" in cell and cell in loaded:
            space.update(loaded[cell])
            continue
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(cell, "cell", "exec"), space)
        if "from_pretrained" in cell:
            loaded[cell] = dict(space)
        print(said.getvalue(), file=out)
    if "lora" in space:
        space["lora"].unload()
"""


@peer("bare", "stack", "python bare.py", "out.txt")
def bare(pages: Sequence[Page]) -> Files:
    """The floor of every run: all cells in one process; a cell that loads weights runs once and its names are kept."""
    yield "pages.json", json.dumps([[page.number, page.cells] for page in pages])
    yield "bare.py", BARE


@peer("imports", "stack", "python -c 'import torch, transformers, peft'")
def imports(pages: Sequence[Page]) -> Files:
    """What the imports alone cost."""
    yield "README", "nothing to read\n"
