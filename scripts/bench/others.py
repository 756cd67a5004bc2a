"""The other generators, each in its own format, pages isolated where the generator can do so."""

from __future__ import annotations

from collections.abc import Sequence

from bench.formats import Files, fenced, mkdocs, notebook, script
from bench.pages import Page
from bench.peers import HTML, MKDOCS, peer

KERNEL = "---\nkernelspec:\n  name: python3\n  display_name: Python 3\n---\n\n"
SPHINX = "sphinx-build -b html . _build/html"


def _sessions(pages: Sequence[Page], session: str = "") -> Files:
    """markdown-exec: a namespace for each page, or one for the whole site."""
    yield from mkdocs("plugins: [search, markdown-exec]\n")
    for page in pages:
        text = fenced(page, f'python exec="1" source="above" result="text" session="{session or page.name}"')
        if session:  # load only where the first page has not
            text = text.replace("tokenizer = Auto", "if 'model' not in globals(): tokenizer = Auto")
            text = text.replace("\nmodel = Auto", "\nif 'model' not in globals(): model = Auto")
            text = text.replace("type(lora).__name__)", "type(lora).__name__, lora.get_nb_trainable_parameters())")
            text = text.replace("print(lora.get_nb_trainable_parameters())", "model = lora.unload()\nprint('unloaded')")
        yield f"docs/{page.name}.md", text


@peer("markdown-exec", "markdown-exec", MKDOCS, HTML)
def markdown_exec(pages: Sequence[Page]) -> Files:
    """A namespace for each page, in one process."""
    yield from _sessions(pages)


@peer("markdown-exec-shared", "markdown-exec", MKDOCS, HTML)
def markdown_exec_shared(pages: Sequence[Page]) -> Files:
    """One namespace for all pages."""
    yield from _sessions(pages, "site")


@peer("zensical", "zensical", "zensical build", HTML)
def zensical(pages: Sequence[Page]) -> Files:
    """markdown-exec under Zensical."""
    yield from _sessions(pages)


@peer("mkdocs-jupyter", "mkdocs-jupyter", MKDOCS, HTML)
def mkdocs_jupyter(pages: Sequence[Page]) -> Files:
    """A kernel for each notebook."""
    yield from mkdocs("plugins:\n  - search\n  - mkdocs-jupyter: {execute: true, allow_errors: false}\n")
    for page in pages:
        yield f"docs/{page.name}.ipynb", notebook(page)


@peer("mkdocs-gallery", "mkdocs-gallery", MKDOCS, "site/**/plot_*/index.html")
def mkdocs_gallery(pages: Sequence[Page]) -> Files:
    """Scripts that become pages, in one process."""
    gallery = "  - gallery: {examples_dirs: docs/examples, gallery_dirs: docs/generated/gallery}\n"
    yield from mkdocs(f"plugins:\n{gallery}  - search\nnav: [index.md, {{Gallery: generated/gallery}}]\n")
    yield "docs/examples/README.md", "# Gallery\n\nAll pages.\n"
    for page in pages:
        yield f"docs/examples/plot_{page.name}.py", script(page, f"# {page.title}")


def _sphinx(extra: str, pages: str) -> Files:
    conf = f"project = 'Bench'\nhtml_theme = 'furo'\nexclude_patterns = ['_build', 'examples']\n{extra}"
    yield "conf.py", conf
    yield "index.rst", f"Bench\n=====\n\n.. toctree::\n   :glob:\n\n   {pages}\n"


@peer("myst-nb", "myst-nb", SPHINX, "_build/html/page_*.html")
def myst_nb(pages: Sequence[Page]) -> Files:
    """A kernel for each page, outputs cached."""
    yield from _sphinx("extensions = ['myst_nb']\nnb_execution_mode = 'cache'\nnb_execution_timeout = 60\n", "page_*")
    head = KERNEL.replace("---\n", "---\nfile_format: mystnb\n", 1)
    for page in pages:
        yield f"{page.name}.md", fenced(page, "{code-cell} ipython3", head)


@peer("sphinx-gallery", "sphinx-gallery", SPHINX, "_build/html/gallery/plot_*.html")
def sphinx_gallery(pages: Sequence[Page]) -> Files:
    """Scripts that become pages, in one process."""
    dirs = "'examples_dirs': 'examples', 'gallery_dirs': 'gallery', 'download_all_examples': False"
    conf = f"extensions = ['sphinx_gallery.gen_gallery']\nsphinx_gallery_conf = {{{dirs}}}\n"
    yield from _sphinx(conf, "gallery/index")
    yield "examples/README.rst", "Gallery\n=======\n\nAll pages.\n"
    for page in pages:
        yield f"examples/plot_{page.name}.py", script(page, f"{page.title}\n{'=' * len(page.title)}")


@peer(
    "jupyter-book",
    "jupyter-book",
    "jupyter book build --site --execute --strict --ci",
    "_build/site/content/page-*.json",
)
def jupyter_book(pages: Sequence[Page]) -> Files:
    """A kernel for each page."""
    yield ".jupyter/jupyter_server_config.json", '{"ServerApp": {"allow_root": true}}'  # found through $HOME, the tree
    files = "".join(f"    - file: {page.name}.md\n" for page in pages)
    project = f"project:\n  title: Bench\n  toc:\n    - file: index.md\n{files}"
    yield "myst.yml", f"version: 1\n{project}site:\n  template: ./theme\n"
    yield "index.md", "# Bench\n"
    yield "theme/template.yml", "jtex: v1\ntitle: Bench\nbuild:\n  install: 'true'\n  start: 'true'\nfiles: []\n"
    for page in pages:
        yield f"{page.name}.md", fenced(page, "{code-cell} python", KERNEL)
