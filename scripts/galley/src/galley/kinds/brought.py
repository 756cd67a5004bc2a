"""A kind of output that a plug-in brings, asked with care: what it does wrong is one error, which names it.

In every process.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from galley.errors import GalleyError
from galley.hooks import at_fault
from galley.kinds.kind import Asked, At, Kind, Watcher
from galley.plugins import Plugin
from galley.record.compare import Compared
from galley.record.difference import Difference
from galley.record.model import KIND, Form, Shown

MEND = "mend the plug-in"
SUFFIX_AND_MIME = "a form's mime is as in text/plain, its suffix is letters and digits, its data are bytes"


class Brought(Kind):
    """A plug-in's kind. Raises GalleyError where that is no kind, and wherever its methods raise or answer wrongly."""

    def __init__(self, plugin: Plugin) -> None:
        kind = plugin.brought
        assert isinstance(kind, Kind)
        self.plugin, self._kind = plugin, kind
        name, tag, css, picture = (getattr(kind, each, None) for each in ("name", "tag", "css", "picture"))
        if not isinstance(name, str) or not KIND.fullmatch(name):
            raise self._no_kind(f"its name is {name!r:.80}, and must be small letters, digits and hyphens")
        if not isinstance(tag, str) or not isinstance(css, str):
            raise self._no_kind("its tag and its css must be texts")
        if "</" in css:
            raise self._no_kind("its css has </ in it, which would end the page's style")
        self.name, self.tag, self.css, self.picture = name, tag, css, bool(picture)

    def _no_kind(self, what: str) -> GalleyError:
        """The error for a plug-in that cannot be a kind of output."""
        said = f"{self.plugin.origin} has '{self.plugin.name}', which is no kind of output: {what}"
        return GalleyError(said, mend=f"{MEND}, or take its name away")

    def _asked(self, method: str, *arguments: Any, through: bool = False) -> Any:
        """What a method answers; what it raises goes `through` as it is, or becomes an error that names it."""
        function = getattr(self._kind, method)
        try:
            return function(*arguments)
        except (Exception, SystemExit) as error:
            if isinstance(error, GalleyError) or (through and not isinstance(error, SystemExit)):
                raise
            raise self.wrong(method, f"raised {type(error).__name__}: {error}", error, function) from error

    def wrong(self, method: str, what: str, error: BaseException | None = None, function: object = None) -> GalleyError:
        """The error for what a method raised or answered."""
        said = f"{method}() of the kind '{self.name}' ({self.plugin.name}) {what}"
        return GalleyError(said, at_fault(error, function or getattr(self._kind, method)), MEND)

    def _text(self, method: str, said: Any) -> str:
        if not isinstance(said, str):
            raise self.wrong(method, f"answered with a {type(said).__name__}, and must with a text")
        return said

    def checked(self, method: str, said: Any) -> tuple[Form, ...]:
        """The forms that a method answered with; raises GalleyError where they are none."""
        if not isinstance(said, tuple) or not all(isinstance(each, Form) for each in said):
            raise self.wrong(method, f"answered with {said!r:.80}, and must with a tuple of forms")
        try:
            msgspec.convert([_plain(form) for form in said], list[Form])
        except (msgspec.ValidationError, TypeError) as error:
            raise self.wrong(method, f"answered with a form that cannot be: {error}; {SUFFIX_AND_MIME}") from error
        if len({form.suffix for form in said}) < len(said):
            raise self.wrong(method, "answered with two forms of one suffix, which would be one file")
        return said

    def begin(self) -> None:
        """As the plug-in does."""
        self._asked("begin")

    def watcher(self, namespace: Mapping[str, Any], asked: Asked) -> Watcher | None:
        """The plug-in's watcher, asked with care."""
        found = self._asked("watcher", namespace, asked)
        return None if found is None else _Watcher(self, found)

    def of_value(self, value: object, asked: Asked) -> tuple[Form, ...] | None:
        """As the plug-in does, which may raise what fails the page."""
        found = self._asked("of_value", value, asked, through=True)
        return None if found is None else self.checked("of_value", found)

    def left_open(self, asked: Asked) -> Iterable[tuple[Form, ...]]:
        """As the plug-in does."""
        found = self._asked("left_open", asked)
        try:
            return [self.checked("left_open", each) for each in found]
        except GalleyError:
            raise
        except Exception as error:
            raise self.wrong("left_open", f"raised {type(error).__name__}: {error}", error) from error

    def html(self, shown: Shown, at: At) -> str:
        """As the plug-in does."""
        return self._text("html", self._asked("html", shown, at))

    def code_html(self, code: str, shown: Shown, at: At) -> str:
        """As the plug-in does."""
        return self._text("code_html", self._asked("code_html", code, shown, at))

    def alt(self, shown: Shown, at: At) -> str:
        """As the plug-in does."""
        return self._text("alt", self._asked("alt", shown, at))

    @property
    def marks_code(self) -> bool:
        """As the plug-in does."""
        return self._kind.marks_code

    def fault(self, shown: Shown, at: At) -> str:
        """As the plug-in does; a method that answers wrongly is the plug-in's own fault and no record's."""
        return self._text("fault", self._asked("fault", shown, at))

    def notebook(self, shown: Shown, number: int) -> dict[str, Any] | None:
        """As the plug-in does; what JSON cannot hold is wrong."""
        found = self._asked("notebook", shown, number)
        try:
            msgspec.json.encode(found)
        except UnicodeEncodeError:
            pass  # a lone half of a pair of surrogates, which JSON writes with a backslash
        except (TypeError, ValueError, RecursionError) as error:
            raise self.wrong("notebook", f"answered with what JSON cannot hold: {error}") from error
        if found is not None and not isinstance(found, dict):
            raise self.wrong("notebook", f"answered with {found!r:.80}, and must with a dict or None")
        return found

    def compared(self, form: Form) -> str:
        """As the plug-in does."""
        return self._text("compared", self._asked("compared", form))

    def difference(self, was: Compared, now: Compared, tolerance: float) -> Difference:
        """As the plug-in does."""
        found = self._asked("difference", was, now, tolerance)
        if not isinstance(found, Difference) or any(len(row) != len(found.head) for row in found.rows):
            raise self.wrong("difference", f"answered with {found!r:.80}, and must with a Difference and whole rows")
        return found


def _plain(form: Form) -> dict[str, Any]:
    return {"mime": form.mime, "suffix": form.suffix, "data": form.data, "cut": form.cut}


class _Watcher:
    """A plug-in's watcher. Raises GalleyError wherever its methods raise or answer wrongly."""

    def __init__(self, kind: Brought, watcher: Any) -> None:
        self._kind, self._watcher, self.seconds = kind, watcher, 0.0
        self._looked()

    def _looked(self) -> None:
        seconds = getattr(self._watcher, "seconds", None)
        if not isinstance(seconds, int | float):
            raise self._kind.wrong("watcher", "answered with something that does not say its seconds")
        self.seconds = float(seconds)

    def _asked(self, method: str, *arguments: Any) -> Any:
        function = getattr(self._watcher, method, None)
        try:
            return function(*arguments)  # type: ignore[misc]
        except (Exception, SystemExit) as error:
            what = f"answered with a watcher whose {method}() raised {type(error).__name__}: {error}"
            raise self._kind.wrong("watcher", what, error, function) from error

    def after(self, number: int, statement: ast.stmt) -> None:
        """As the plug-in does."""
        self._asked("after", number, statement)
        self._looked()

    def forms(self) -> tuple[Form, ...]:
        """As the plug-in does."""
        return self._kind.checked("watcher", self._asked("forms"))
