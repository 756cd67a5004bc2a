"""How two images differ: two drawings by their words and their numbers, two pictures by their pixels.

In the command. Pixels are compared where Pillow is installed (`pip install "galley-docs[images]"`).
"""

from __future__ import annotations

import io
import re

from galley.kinds.svg import JPEG_MIME, PNG_MIME, SVG_MIME
from galley.record.difference import ROWS, Change, Difference, of_text
from galley.record.model import Form

WORDS = re.compile(r"<(?:text|tspan|title|desc)\b[^<>]*+>([^<]*+)<")
LARGEST = 40_000_000  # pixels of a picture that is compared pixel by pixel
WITHOUT = 'has other bytes; to compare pixels: pip install "galley-docs[images]"'


def of_images(was: Form, now: Form, tolerance: float) -> Difference:
    """The difference of two images: of words and numbers, of pixels, or of mere bytes."""
    if was.mime == now.mime == SVG_MIME:
        return _of_drawings(was.text, now.text, tolerance)
    if was.mime == now.mime and now.mime in (PNG_MIME, JPEG_MIME):
        return _of_pixels(was.data, now.data)
    return Difference(Change.BYTES, f"has other bytes ({now.mime})")


def _of_drawings(was: str, now: str, tolerance: float) -> Difference:
    found = of_text(was, now, tolerance)
    if found.change in (Change.WITHIN, Change.WHITESPACE, Change.SAME):
        return found
    before, after = WORDS.findall(was), WORDS.findall(now)
    if before != after and len(before) == len(after):
        words = [(a.strip(), b.strip()) for a, b in zip(before, after, strict=True) if a != b]
        what = f"says {words[0][1][:60]!r}, said {words[0][0][:60]!r}, and {len(words) - 1} other words differ"
        return Difference(
            Change.IMAGE, what.removesuffix(", and 0 other words differ"), ("was", "now"), tuple(words[:ROWS])
        )
    if found.change is Change.NUMBERS:
        return Difference(Change.IMAGE, "says the same and is drawn at other places", found.head, found.rows)
    return Difference(Change.IMAGE, "is another drawing" + (" with the same words" if before == after else ""))


def _of_pixels(was: bytes, now: bytes) -> Difference:
    try:
        from PIL import Image, ImageChops
    except ImportError:
        return Difference(Change.IMAGE, WITHOUT)
    try:
        pictures = [Image.open(io.BytesIO(each), formats=["PNG", "JPEG"]) for each in (was, now)]
        if any(each.width * each.height > LARGEST for each in pictures):
            return Difference(Change.IMAGE, "has other bytes, and too many pixels to compare them")
        before, after = (each.convert("RGBA") for each in pictures)
    except Exception as error:  # of a forged picture, which Pillow reads until something breaks
        return Difference(Change.IMAGE, f"has other bytes, and is no picture that can be read: {error}")
    sizes = [f"{each.width} × {each.height}" for each in (before, after)]
    if before.size != after.size:
        return Difference(Change.IMAGE, f"has {sizes[1]} pixels, had {sizes[0]}")
    bands = ImageChops.difference(before, after).split()
    most = bands[0]
    for band in bands[1:]:
        most = ImageChops.lighter(most, band)
    counts = most.histogram()
    other, all_of = sum(counts[1:]), before.width * before.height
    if not other:
        return Difference(Change.SAME, "has the same pixels")
    largest = max(value for value, count in enumerate(counts) if count)
    what = f"differs in {other:,} of {all_of:,} pixels ({other / all_of:.2g} of them), by at most {largest} of 255"
    return Difference(Change.IMAGE, what)
