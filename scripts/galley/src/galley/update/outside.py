"""What the code of other installed packages can ask a package's modules for.

In the command. A footprint has the names that all code of another package mentions, and not where. So the files of that
package are looked into, as far as the page imported them: those without the name of the package in question can get at
none of its modules. Where its files are not there to be read, the names alone count.
"""

from __future__ import annotations

from collections.abc import Collection, Set
from functools import lru_cache

from galley.update.changes import Changes
from galley.update.releases import installed
from galley.update.taint import Cause, module_of


def asked_by(package: str, version: str, files: Collection[str], names: Set[str], found: Changes) -> Cause | None:
    """The cause of the first tainted name that a package may ask a module for; `files` are those a page imported."""
    there = _installed(package, version)
    if there is None or not there.paths.issuperset(files):
        return found.defined(names) or next((cause for _, _, cause in found.passed_on(names)), None)
    texts = [text for path in files if (text := _naming(package, version, path, found.tops))]
    if cause := found.defined(names) if texts else None:
        return cause
    passed = found.passed_on(names)
    return next((cause for path, name, cause in passed if any(_means(text, path, name) for text in texts)), None)


_installed = lru_cache(1 << 10)(installed)


@lru_cache(1 << 16)
def _naming(package: str, version: str, path: str, tops: frozenset[str]) -> bytes:
    """The text of a file if one of these names is in it, else nothing."""
    there = _installed(package, version)
    text = there.read(path) if there else b""
    return text if any(each.encode() in text for each in tops) else b""


def _means(text: bytes, path: str, name: str) -> bool:
    """Whether a file's text has a name together with the module that imported it, in one of the ways to get at it."""
    parts = [part.encode() for part in module_of(path)]
    module, parent, last, top = b".".join(parts), b".".join(parts[:-1]), parts[-1], parts[0]
    froms, plain = b"from " + parent + b" import", b"import " + top
    means = module in text or (last in text and (froms in text or plain in text))
    return means and name.encode() in text
