"""The frames of an animation on a page: the reader steps through them, and nothing moves by itself.

In the builder. The frames are the choices of a group of radio buttons, which every browser steps through with the arrow
keys. Which of them is seen is a matter of the style sheet, so there is no script. Anybody may have written the record:
each frame goes through `galley.kinds.svg` as any drawing does.
"""

from __future__ import annotations

from galley.kinds.markup import escape
from galley.kinds.svg import SVG, SVG_MIME, NotADrawingError, inline_svg, parsed
from galley.record.model import Form

COUNT = "data-frames"  # the attribute of the drawing with the number of all frames
MOST = 200
LEGEND = "Frames of an animation, to step through"


def frames_html(form: Form, label: str, group: str) -> str:
    """The frames to choose from; empty for an image that has none, or in which something may not stand in a page."""
    try:
        found = [
            (name, inline_svg(frame, f"{group}-{number}", f"{label}: {name}" if label else name))
            for number, (name, frame) in enumerate(_frames(form), start=1)
        ]
    except (NotADrawingError, RecursionError):
        return ""
    if not found:
        return ""
    shown = "".join(_choice(number, name, drawing, f"{group}-frame") for number, (name, drawing) in enumerate(found, 1))
    return f'<fieldset class="galley-frames"><legend>{LEGEND}</legend>{shown}</fieldset>'


def first_frame(form: Form) -> Form:
    """The first frame of an animation; an image that has no frames is its own."""
    try:
        return next((Form(SVG_MIME, "svg", frame) for _, frame in _frames(form)), form)
    except NotADrawingError:
        return form


def _frames(form: Form) -> list[tuple[str, bytes]]:
    """The name of each frame and its drawing; raises NotADrawingError."""
    if form.mime != SVG_MIME or COUNT.encode() not in form.data:
        return []
    from xml.etree import ElementTree  # which takes time, and only an animation needs

    root = parsed(form.data)
    frames = [each for each in root if each.tag == f"{{{SVG}}}svg"]
    if not root.get(COUNT, "").isdecimal() or not 0 < len(frames) <= MOST:
        return []
    made = []
    for number, frame in enumerate(frames, start=1):
        name = " ".join((frame.findtext(f"{{{SVG}}}title") or f"Frame {number}").split())[:40]
        for side in ("width", "height"):  # of its own figure, in which matplotlib counts points
            frame.set(side, f"{frame.get(side, '')}pt")
        frame.attrib.pop("y", None)
        made.append((name, ElementTree.tostring(frame)))
    return made


def _choice(number: int, name: str, drawing: str, group: str) -> str:
    ids, checked = f"{group}-{number}", " checked" if number == 1 else ""
    button = f'<input type="radio" name="{group}" id="{ids}" aria-label="{escape(name)}"{checked}>'
    said = escape(name.removeprefix("Frame ").partition(" ")[0])
    return f'{button}<label for="{ids}" aria-hidden="true">{said}</label><div class="galley-frame">{drawing}</div>'
