"""In the builder, and in the command: what galley knows of each site builder, one class for one builder.

A builder has Python-Markdown convert its pages. It tells an extension neither which page is converted nor the page's
address in the site, but its own processors know both. This module reads them there, and holds whatever else differs
between builders. To add a builder, add a class to BUILDERS.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galley.errors import RunnerError
from galley.export.address import Site

if TYPE_CHECKING:
    from markdown import Markdown

META = "galley"  # the name of what a page's templates are told, in the page's meta
STYLES = "galley-styles"  # the name of the plug-in that brings them
# Runs MkDocs so that SIGINT ends it: a process that a shell starts in the background ignores SIGINT, and so do the
# processes that it starts. It gets SIGINT, too, when its lifeline ends, the pipe whose other end the command holds: in
# whatever way the command ended. What is still there after a while does not heed it.
HEEDING = """import os, signal, sys, threading, time
def follow(lifeline):
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep({patience})
    os._exit(130)
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Thread(target=follow, args=(int(sys.argv.pop(1)),), daemon=True).start()
from galley.site.live import main
main()"""
PATIENCE = 5.0  # seconds for MkDocs to end


@dataclass(frozen=True)
class Converted:
    """The page that a builder has Python-Markdown convert."""

    docs: str  # the builder's folder of pages
    source: str  # the page's path in it; a plug-in may have made the page, and then it has no file there
    url: str  # the address in the site, from the site's root
    folder: Path  # where the builder puts the site
    site: Site  # where readers find it
    extensions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # the Markdown extensions, with settings
    # The address of another page by its path in the docs folder; empty where this build has no such page.
    address_of: Callable[[str], str] = lambda path: ""
    settings: str | None = None  # the builder's settings file


class MkDocs:
    """MkDocs, which `galley serve` calls, and `galley build` unless the setting `builder` names another."""

    name = "MkDocs"
    package = "mkdocs"
    files: Sequence[str] = ("mkdocs.yml", "mkdocs.yaml")  # its settings, in the order in which it looks for them

    def converted(self, md: Markdown) -> Converted | None:
        """The page that a Markdown instance is about to convert; None where another builder made the instance."""
        processor = self._processor(md)
        if processor is None:
            return None
        config = processor.config
        file, folder = processor.file, Path(config["site_dir"])

        def address_of(page: str) -> str:
            found = processor.files.get_file_from_path(page)
            return str(found.url) if found else ""

        known = file.url, folder, _site(config), _extensions(config), address_of, config.config_file_path
        return Converted(config["docs_dir"], file.src_uri, *known)

    def failure(self) -> type[Exception] | None:
        """The exception that the builder prints without a traceback; None where another builder runs, or has none."""
        exceptions = sys.modules.get(f"{self.package}.exceptions")
        return getattr(exceptions, "BuildError", None)

    def with_style(self, md: Markdown, html: str, style: str) -> str:
        """A page's HTML with a `<style>` at its top, or unchanged where the style is put there later.

        MkDocs' search would index the text of a `<style>` as words of the page. So a plug-in, which runs after all
        others, adds the style once the search has read the page.
        """
        processor = self._processor(md)
        assert processor is not None
        plugins = processor.config.plugins
        if STYLES not in plugins:
            plugins[STYLES] = _styles(sys.modules[f"{self.package}.plugins"].BasePlugin)
        plugins[STYLES].of[processor.file.src_uri] = style
        return html

    def tell(self, md: Markdown, facts: Mapping[str, Any]) -> None:
        """Have the theme's templates find facts of the page under `page.meta.galley`."""
        processor = self._processor(md)
        assert processor is not None
        processor.file.page.meta[META] = dict(facts)

    def settings(self, file: Path) -> dict[str, Any]:
        """What a settings file says, without what plug-ins make of it; raises OSError or ValueError if unreadable."""
        from mkdocs.exceptions import ConfigurationError
        from mkdocs.utils.yaml import yaml_load

        try:
            with file.open("rb") as source:
                settings = yaml_load(source)
        except ConfigurationError as error:
            raise ValueError(str(error)) from error
        except RecursionError as error:
            raise ValueError("its INHERIT leads back to itself, or it is nested too deeply") from error
        except TypeError as error:
            raise ValueError(f"its INHERIT is not the name of a file: {error}") from error
        if not isinstance(settings, dict):
            raise ValueError("it holds no settings by name")
        return settings

    def build(self, root: Path, settings: Path, site: Path) -> int:
        """Build the site into a folder, in this very process; the answer is the builder's exit code."""
        command = import_module(f"{self.package}.__main__").cli
        try:
            with chdir(root):
                command(["build", "--strict", "--config-file", str(settings), "--site-dir", str(site)])
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    def serving(self, address: str, watched: Sequence[Path], lifeline: int) -> list[str]:
        """The command line of the builder's live server, which also watches other folders than the pages'.

        It ends when the pipe ends whose reading end it has as the descriptor `lifeline`.
        """
        folders = [option for path in watched for option in ("--watch", str(path))]
        program = HEEDING.format(patience=PATIENCE)
        return [sys.executable, "-c", program, str(lifeline), "serve", "--dev-addr", address, *folders]

    def _processor(self, md: Markdown) -> Any:
        """The processor with which MkDocs leaves the page and its own settings."""
        found = md.treeprocessors["relpath"] if "relpath" in md.treeprocessors else None  # noqa: SIM401 (has no get)
        return found if type(found).__module__.startswith(f"{self.package}.") else None


class ProperDocs(MkDocs):
    """ProperDocs, a continuation of MkDocs with the same inner parts."""

    name = "ProperDocs"
    package = "properdocs"
    files = ("properdocs.yml", "properdocs.yaml", *MkDocs.files)


class Zensical:
    """Zensical, which reads MkDocs' settings too."""

    name = "Zensical"
    package = "zensical"
    files: Sequence[str] = ("zensical.toml", *MkDocs.files)

    def converted(self, md: Markdown) -> Converted | None:
        """The page that a Markdown instance is about to convert; None where another builder made the instance."""
        processor: Any
        for processor in md.preprocessors:
            if type(processor).__module__.startswith(f"{self.package}.") and hasattr(processor, "page"):
                config = processor.config
                docs, folder = config.get(META) or (config.get("docs_dir", "docs"), config["site_dir"])
                docs, page = str(Path(docs).absolute()), processor.page
                return Converted(docs, page.path, page.url, Path(folder).resolve(), _site(config), _extensions(config))
        return None

    def build(self, root: Path, settings: Path, site: Path) -> int:
        """Build the site into a folder, in a process of its own; the answer is the builder's exit code."""
        command = [sys.executable, "-P", "-m", "galley.site.zensical", str(settings), str(site)]
        return subprocess.run(command, cwd=root, check=False).returncode

    def failure(self) -> type[Exception] | None:
        """None: Zensical prints every exception with its traceback."""
        return None

    def with_style(self, md: Markdown, html: str, style: str) -> str:
        """A page's HTML with a `<style>` at its top, which Zensical's search leaves out."""
        return style + html

    def tell(self, md: Markdown, facts: Mapping[str, Any]) -> None:
        """Have the theme's templates find facts of the page under `page.meta.galley`."""
        for processor in md.preprocessors:
            if type(processor).__module__.startswith(f"{self.package}.") and hasattr(processor, "page"):
                processor.page.meta[META] = dict(facts)


class NoBuilder:
    """Python-Markdown by itself, as a script or another tool calls it."""

    def converted(self, md: Markdown) -> Converted | None:
        """None: the text may come from anywhere."""
        return None

    def with_style(self, md: Markdown, html: str, style: str) -> str:
        """A page's HTML with a `<style>` at its top."""
        return style + html

    def tell(self, md: Markdown, facts: Mapping[str, Any]) -> None:
        """Nothing: there is no template."""


Builder = MkDocs | Zensical | NoBuilder
MKDOCS = MkDocs()  # `galley serve` calls this one
BUILDERS: Sequence[MkDocs | Zensical] = (MKDOCS, ProperDocs(), Zensical())


def builder_named(package: str) -> MkDocs | Zensical:
    """The builder of a package; raises RunnerError where that is not installed."""
    builder = next(each for each in BUILDERS if each.package == package)
    if find_spec(package) is None:
        what = f"the setting builder names {builder.name}, and {sys.prefix} does not have it"
        raise RunnerError(what, mend=f"install it: {sys.executable} -m pip install {package}")
    return builder


def converting(md: Markdown) -> tuple[Builder, Converted | None]:
    """The builder that made a Markdown instance, and the page that it is about to convert with it."""
    for builder in BUILDERS:
        if page := builder.converted(md):
            return builder, page
    return NoBuilder(), None


def failures() -> list[type[Exception]]:
    """What the builders of this process print without a traceback; two may share a class."""
    return list(dict.fromkeys(failure for builder in BUILDERS if (failure := builder.failure())))


def _site(config: Any) -> Site:
    """Where readers find the site and its sources, as a builder's settings say."""
    return Site.of(config.get("site_url"), config.get("repo_url"), config.get("remote_branch"))


def _extensions(config: Any) -> dict[str, Mapping[str, Any]]:
    """The extensions that a builder converts pages with, each with its settings, from the builder's own."""
    settings = config["mdx_configs"] or {}
    return {each: settings.get(each) or {} for each in config["markdown_extensions"] if isinstance(each, str)}


def _styles(plugin: Any) -> Any:
    """A plug-in that puts each page's style at the top of it, when all others are done with the page."""

    class Styles(plugin):  # type: ignore[misc]
        def __init__(self) -> None:
            self.of: dict[str, str] = {}  # by the page's path in the docs folder

        def on_page_context(self, context: Any, page: Any, **rest: Any) -> None:
            page.content = self.of.pop(page.file.src_uri, "") + page.content

        on_page_context.mkdocs_priority = -1000.0  # type: ignore[attr-defined]

    return Styles()
