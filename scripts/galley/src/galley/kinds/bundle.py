"""The representations that a value has by the display protocol of notebooks, which is a matter of method names.

In a page's child. A class follows the protocol by methods such as `_repr_html_`, or by `_repr_mimebundle_`, which
answers with several representations at once. galley calls them as IPython does and does not need IPython. They are
looked up on the class: an object that has every name has no representation. What they raise fails the page, as an error
of the value's `repr` does.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from galley.kinds.svg import JPEG_MIME, PNG_MIME, SVG_MIME

PLAIN, HTML, MARKDOWN, LATEX, JSON = "text/plain", "text/html", "text/markdown", "text/latex", "application/json"
BUNDLE = "_repr_mimebundle_"
PICTURES = {SVG_MIME: "_repr_svg_", PNG_MIME: "_repr_png_", JPEG_MIME: "_repr_jpeg_"}
TEXTS = {HTML: "_repr_html_", MARKDOWN: "_repr_markdown_", LATEX: "_repr_latex_", JSON: "_repr_json_"}


def follows(value: object) -> bool:
    """Whether the class of a value follows the protocol at all."""
    return any(_has(value, name) for name in (BUNDLE, *PICTURES.values(), *TEXTS.values()))


def picture_of(value: object) -> tuple[str, bytes] | None:
    """The first picture that a value draws of itself, with its MIME type; None where it draws none."""
    bundle = _bundle(value)
    for mime, method in PICTURES.items():
        found = bundle[mime] if mime in bundle else _answer(value, method)
        if found is not None:
            return mime, found.encode() if mime == SVG_MIME and isinstance(found, str) else _bytes(found, mime)
    return None


def texts_of(value: object) -> dict[str, str]:
    """The texts that a value has for itself, by MIME type; `text/plain` is among them where its bundle has one."""
    bundle = _bundle(value)
    found = {mime: bundle[mime] if mime in bundle else _answer(value, method) for mime, method in TEXTS.items()}
    if found[JSON] is not None:
        found[JSON] = json.dumps(found[JSON], indent=1, ensure_ascii=False) + "\n"
    texts = {PLAIN: bundle.get(PLAIN), **found}
    return {mime: text for mime, text in texts.items() if isinstance(text, str)}


def _has(value: object, method: str) -> bool:
    return getattr(type(value), method, None) is not None


def _bundle(value: object) -> dict[str, Any]:
    found = _answer(value, BUNDLE, include=None, exclude=None)
    return {mime: each for mime, each in found.items() if each is not None} if isinstance(found, dict) else {}


def _answer(value: object, method: str, **options: Any) -> Any:
    """What a method answers, without the metadata that may stand behind it; None where the class has no such method."""
    if not _has(value, method):
        return None
    try:
        found = getattr(value, method)(**options)
    except NotImplementedError:  # so the protocol says that there is no such representation
        return None
    return found[0] if isinstance(found, tuple) and len(found) == 2 else found


def _bytes(picture: Any, mime: str) -> bytes:
    """The bytes of a picture, for which the protocol also takes a text in base64. Raises TypeError, ValueError."""
    if isinstance(picture, str):
        return b64decode("".join(picture.split()), validate=True)
    if not isinstance(picture, bytes | bytearray | memoryview):  # of a number, `bytes` makes that many zeros
        raise TypeError(
            f"a picture ({mime}) is bytes, or a text in base64, and this is of type {type(picture).__name__}"
        )
    return bytes(picture)
