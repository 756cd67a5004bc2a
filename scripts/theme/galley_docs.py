"""A hook of MkDocs and ProperDocs: galley's own documentation, built below the guide's site and in the guide's look.

In the builder. The documentation is a guide of its own, in scripts/galley, with a plain look that needs nothing but
galley. Here it is built once more, into a folder of the site, with the theme, the styles and the fonts of the guide.
Both sites have a menu, a search and a sitemap of their own, and lead to each other. The live preview leaves it out.

A page of the guide links to a page of the documentation by its address on the site, as from the page's own:
`[records](../galley-docs/records/)`. Zensical runs no hook: it leaves such a link as it is, and makes the guide alone.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

FOLDER = "galley-docs/"  # of the site; galley puts scripts of its own into the folder `galley`
SOURCES = "scripts/galley"  # of the repository
UNSHARED = ("badge.svg", "feed.xml", "robots.txt")  # templates of the theme that are about the guide
SHARED = ("assets/mark.svg", "assets/fonts/*.woff2", "stylesheets/guide.css", "javascripts/reach.js",
          "javascripts/search-on-demand.js")  # fmt: skip
LINK = re.compile(rf"\]\((?:\.\./)++{FOLDER}(?P<page>[\w-]*+)/?+")

started = {"command": "build"}


def on_startup(command: str, dirty: bool) -> None:
    """Note whether this is a build or the live preview."""
    started["command"] = command


def on_config(config: Any) -> None:
    """Say to the theme's templates where the other site is."""
    config.extra["beside"] = {"title": "galley itself", "url": FOLDER}


def on_files(files: Any, config: Any) -> None:
    """Let the guide's pages link to those of the documentation, which this build does not make."""
    kind = type(next(iter(files)))
    elsewhere = type("Elsewhere", (kind,), {"is_documentation_page": lambda self: False, "copy_file": _nothing})
    for page in sorted(_sources(config).joinpath("docs").glob("*.md")):
        file = elsewhere(f"{FOLDER}{page.name}", None, config.site_dir, config.use_directory_urls)
        file.url = FOLDER if page.stem == "index" else f"{FOLDER}{page.stem}/"
        files.append(file)


def on_nav(nav: Any, config: Any, files: Any) -> None:
    """Put the other site at the end of the menu's last section."""
    nav.items[-1].children.append(_link(config))


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Name the documentation's pages by their files, which is right in the page's HTML and in the page as Markdown."""
    up = "../" * page.file.src_uri.count("/")
    return LINK.sub(lambda found: f"]({up}{FOLDER}{found['page'] or 'index'}.md", markdown)


def on_post_build(config: Any) -> None:
    """Build the documentation into the site."""
    if started["command"] == "serve":
        return
    below = _module(config, "config").load_config(str(_sources(config) / "mkdocs.yml"), **_given(config))
    look = {"on_files": _with_shared(config), "on_nav": _with_link}
    below.plugins["look"] = type("Look", (_module(config, "plugins").BasePlugin,), look)()
    errors = _module(config, "exceptions")
    try:
        _module(config, "commands.build").build(below)
    except errors.Abort as error:
        what = f"galley's own documentation does not build. Its files are in {SOURCES}: type there what mends it"
        raise errors.BuildError(what) from error


def _given(config: Any) -> dict[str, Any]:
    """What the documentation's site takes from the guide's settings."""
    with Path(config.config_file_path).open("rb") as file:
        said = _module(config, "utils.yaml").yaml_load(file)
    theme = {**said["theme"], "custom_dir": str(_root(config) / said["theme"]["custom_dir"])}
    return {
        "theme": {**theme, "static_templates": ["llms.txt"]},
        "plugins": said["plugins"],
        "extra_css": said["extra_css"],
        "extra_javascript": said["extra_javascript"],
        "extra": {
            "generator": False,
            "edit": config.extra["edit"].replace("docs", f"{SOURCES}/docs"),
            "beside": {"title": config.site_name, "url": "../"},
        },
        "site_dir": str(Path(config.site_dir, FOLDER)),
        "site_url": f"{config.site_url.rstrip('/')}/{FOLDER}" if config.site_url else None,
        "repo_url": config.repo_url or None,
        "strict": config.strict,
    }


def _with_shared(config: Any) -> Any:
    """An event that puts the guide's styles, scripts and fonts into the documentation's site."""

    def on_files(self: Any, files: Any, config: Any) -> None:
        for name in UNSHARED:
            files.remove(files.get_file_from_path(name))
        kind, docs = type(next(iter(files))), Path(guide.docs_dir)
        for path in sorted(path for pattern in SHARED for path in docs.glob(pattern)):
            name = path.relative_to(docs).as_posix()
            files.append(kind(name, guide.docs_dir, config.site_dir, config.use_directory_urls))

    guide = config
    return on_files


def _with_link(self: Any, nav: Any, config: Any, files: Any) -> None:
    """Put the guide at the end of the documentation's menu."""
    nav.items.append(_module(config, "structure.nav").Section("Made with galley", [_link(config)]))


def _link(config: Any) -> Any:
    beside = config.extra["beside"]
    return _module(config, "structure.nav").Link(beside["title"], beside["url"])


def _module(config: Any, name: str) -> Any:
    """A module of the builder that runs: MkDocs or ProperDocs."""
    return import_module(f"{type(config).__module__.partition('.')[0]}.{name}")


def _nothing(self: Any, dirty: bool = False) -> None:
    """Copy nothing: the file is made by the other site's build."""


def _root(config: Any) -> Path:
    return Path(config.config_file_path).absolute().parent  # ProperDocs may have it from the working folder


def _sources(config: Any) -> Path:
    return _root(config) / SOURCES
