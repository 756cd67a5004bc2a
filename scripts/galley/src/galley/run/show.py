"""What a cell leaves to show: the text or the image of a value."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

IMAGES = (("_repr_svg_", "svg"), ("_repr_png_", "png"))  # the display protocol that notebooks use


@dataclass(frozen=True)
class Shown:
    """One thing to show: `kind` as in a record, `suffix` that of its file."""

    kind: str
    suffix: str
    data: bytes
    cut: int = 0


def text(kind: str, content: str, limit: int) -> Shown:
    """A text of at most `limit` bytes."""
    data = content.encode("utf-8", "backslashreplace")
    kept = data[:limit].decode("utf-8", "ignore").encode() if len(data) > limit else data
    return Shown(kind, "txt", kept, len(data) - len(kept))


def fitting(sizes: Sequence[int], room: int) -> int:
    """How many pieces of these sizes fit into `room` bytes, from the first on."""
    return bisect_right(list(accumulate(sizes)), room)


def value(found: object, summarise: Callable[[object], str | None], limit: int) -> Shown | None:
    """A last expression's value as an image where it has one, else as text; None shows nothing."""
    if found is None:
        return None
    for method, suffix in IMAGES:
        draw = getattr(type(found), method, None)
        if draw is not None and (image := draw(found)) is not None:
            return Shown("image", suffix, image.encode() if isinstance(image, str) else bytes(image))
    summary = summarise(found)
    return text("value", repr(found) if summary is None else summary, limit)
