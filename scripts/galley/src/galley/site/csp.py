"""In the command: gives a built site a Content-Security-Policy, to which a reader's browser holds each page.

The policy names the scripts that stand in a page by their digests. What a record shows must not get in among them, even
if somebody finds a hole in its escaping. So the builder's extension puts BEGIN and END around the content of each page
that shows records, and from the first BEGIN to the last END no script is trusted: what a record shows stands between
the true ones, whatever tags, comments and further marks it brings.
"""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from galley.config import Project
from galley.errors import GalleyError, NotBuiltError, Place
from galley.site.loads import BuiltPage, Found, Handler, Load, Script
from galley.words import counted

BEGIN, END = "<!--galley-content-->", "<!--/galley-content-->"
SELF, NONE = "'self'", "'none'"
DEFAULT = "default-src"
POLICY: Mapping[str, Sequence[str]] = {
    DEFAULT: (SELF,),
    "script-src": (SELF,),
    "style-src": (SELF, "'unsafe-inline'"),  # what galley shows has styles of its own, and so do most themes
    "img-src": (SELF, "data:"),
    "font-src": (SELF, "data:"),
    "object-src": (NONE,),
    "base-uri": (NONE,),
    "form-action": (SELF,),
    "frame-ancestors": (SELF,),
}
IN_NO_PAGE = ("frame-ancestors",)  # browsers heed it in a header alone
HEADERS = "_headers"
BY = "# Written by galley, for hosts that read this file, such as Netlify and Cloudflare Pages.\n"
ELEMENT = '<meta data-galley http-equiv="Content-Security-Policy" content="'
IN_A_FILE = "move it into a file that extra_javascript names"
LEAVE = "or leave the policy out: csp = false"
ALLOW = "under [tool.galley.csp_sources]:"


@dataclass(frozen=True)
class Policy:
    """What pages may load, by directive."""

    sources: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, project: Project) -> Policy:
        """The policy of a guide: what every site has, and what the settings add."""
        found = dict(POLICY)
        for directive, added in project.csp_sources.items():
            former = found.get(directive, found[DEFAULT])
            found[directive] = [*(each for each in former if each != NONE), *added]
        return cls(found)

    def allows(self, load: Load) -> bool:
        """Whether a page may load this; a source of the settings is an origin, a scheme or a pattern of origins."""
        sources, (scheme, host) = self.sources.get(load.directive, self.sources[DEFAULT]), _origin(load.url)
        if scheme in ("about", "javascript") or not load.url:  # nothing is loaded, or a handler tells it
            return True
        if not scheme and not host:
            return SELF in sources
        return f"{scheme}:" in sources or any(fnmatchcase(f"{scheme or 'https'}://{host}", each) for each in sources)

    def text(self, scripts: Iterable[str], *, header: bool = False) -> str:
        """The policy with these scripts, as a header says it or a page."""
        parts = {name: of for name, of in self.sources.items() if header or name not in IN_NO_PAGE}
        parts["script-src"] = [*parts["script-src"], *scripts]
        return "; ".join(f"{name} {' '.join(of)}" for name, of in parts.items())


@dataclass(frozen=True)
class Stopped:
    """What a policy would stop, in which file of the site, and what to do."""

    file: Path
    line: int
    what: str
    mend: str


def protect(project: Project, site: Path) -> None:
    """Give each page of a site the policy, and the site a file with it for hosts that send it as a header.

    Raises NotBuiltError, and changes nothing, where the policy would stop what a page has. A file of that name that the
    guide brings stays as it is.
    """
    policy, pages, scripts, stopped = Policy.of(project), {}, dict[str, None](), list[Stopped]()
    for file in sorted(each for each in site.rglob("*.html") if each.is_file() and not each.is_symlink()):
        name = file.relative_to(site)
        try:
            text = _bare(file.read_bytes().decode("utf-8-sig"))
            page = BuiltPage(text)
        except (GalleyError, UnicodeDecodeError) as error:
            stopped.append(Stopped(name, 0, str(error), f"mend the page, {LEAVE}"))
            continue
        stopped += [Stopped(name, *each) for each in _stopped(policy, text, page)]
        own = dict.fromkeys(digest(each.text) for each in page.found if isinstance(each, Script))
        pages[file] = f'{text[: page.top]}{ELEMENT}{policy.text(own)}">{text[page.top :]}'
        scripts |= own
    if stopped:
        raise NotBuiltError("\n".join(_told(stopped)))
    for file, text in pages.items():
        file.write_text(text, encoding="utf-8", newline="")
    headers = site / HEADERS
    if not os.path.lexists(headers) or (not headers.is_symlink() and headers.read_bytes().startswith(BY.encode())):
        said = f"{BY}/*\n  Content-Security-Policy: {policy.text(scripts, header=True)}\n"
        headers.write_text(said, encoding="utf-8", newline="")


def digest(text: str) -> str:
    """A script as a source of a policy. Browsers make its ends of lines alike before they compute it."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _bare(text: str) -> str:
    """A page without the policy that galley gave it before."""
    before, element, after = text.partition(ELEMENT)
    return before + after.partition(">")[2] if element else text


def _stopped(policy: Policy, text: str, page: BuiltPage) -> Iterator[tuple[int, str, str]]:
    """The line of each element that the policy would stop, what it is, and what to do."""
    begin, end = text.find(BEGIN), text.rfind(END)  # without an end, nothing is between

    def in_content(found: Found) -> bool:
        return begin < found.at < end

    for found in page.found:
        if isinstance(found, Load) and not policy.allows(found):
            source = json.dumps([_source(found.url)])
            yield found.line, f"the policy stops {_short(found.tag)}", f"{ALLOW} {found.directive} = {source}; {LEAVE}"
        elif isinstance(found, Handler):
            what = f"the policy stops the script in {found.attribute} of {_short(found.tag)}"
            yield found.line, what, f"{IN_A_FILE}; {LEAVE}"
        elif isinstance(found, Script) and in_content(found) and digest(found.text) not in policy.sources["script-src"]:
            what = f"{_short(found.tag + found.text)} stands among what a page shows, where no script is trusted"
            mend = f'{IN_A_FILE}; or, if it is yours, {ALLOW} script-src = ["{digest(found.text)}"]; {LEAVE}'
            yield found.line, what, mend
    if lost := next((each for each in page.shown if not in_content(each)), None):
        what = f"{_short(lost.tag)} of galley's is not between {BEGIN} and {END}"
        yield lost.line, what, f"leave out the plug-in that moves it or takes the comments out; {LEAVE}"


def _told(stopped: Iterable[Stopped]) -> Iterator[str]:
    """What is stopped, once each: a theme has most of it on every page."""
    alike: dict[tuple[str, str], list[Stopped]] = {}
    for each in stopped:
        alike.setdefault((each.what, each.mend), []).append(each)
    for (what, mend), found in alike.items():
        others = len({each.file for each in found}) - 1
        more = f", and {counted(others, 'other page')}" if others else ""
        yield str(GalleyError(f"{what}{more}", Place(found[0].file, found[0].line), mend))


def _origin(url: str) -> tuple[str, str]:
    """The scheme and the host of an address, each empty where the address lacks it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "invalid", url
    return parts.scheme, parts.netloc


def _source(url: str) -> str:
    """The source that allows an address."""
    scheme, host = _origin(url)
    return f"{scheme or 'https'}://{host}" if host else f"{scheme}:" if scheme else SELF


def _short(text: str) -> str:
    return f"{text[:100]}…" if len(text) > 100 else text
